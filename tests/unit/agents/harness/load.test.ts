import { assertEquals, assertRejects } from "@std/assert";
import { loadFunctions, moduleUrl } from "../../../../agents/harness/load.ts";
import type { Agent } from "../../../../agents/types.d.ts";
import { FORMS } from "../../../support/function_forms.ts";

/** What each function of the code returns; "-" where there is none. */
async function load(code: string): Promise<string> {
  const url = moduleUrl(code);
  try {
    const { setup, process, handleTask } = await loadFunctions(url, code);
    const agent = {} as Agent;
    const results = [setup?.(agent), process?.(agent), handleTask?.(agent, null)];
    return results.map((result) => String(result ?? "-")).join(" ");
  } finally {
    URL.revokeObjectURL(url);
  }
}

for (const { title, code, found } of FORMS) {
  Deno.test(`functions are found in ${title}`, async () => assertEquals(await load(code), found));
}

Deno.test("functions are found whatever their types, and whatever the last line is", async () => {
  const cases: [code: string, found: string][] = [
    [`function handleTask() { return "camel" } function handle_task() { return "snake" }`, "- - snake"],
    [`const setup: (agent: unknown) => string = () => "typed";`, "typed - -"],
    [`function process() { return "p" } // the last line has no end`, "- p -"],
  ];
  for (const [code, found] of cases) assertEquals(await load(code), found, code);
});

Deno.test("what is exported goes before the default export's, and that before what is only there", async () => {
  const [declared, exported] = [
    `const process = () => "declared";`,
    `const e = () => "exported"; export { e as process };`,
  ];
  const own = `export default { process: () => "default" };`;
  assertEquals(await load(declared + exported + own), "- exported -");
  assertEquals(await load(declared + own), "- default -");
});

async function remarksOn(code: string): Promise<readonly string[]> {
  const url = moduleUrl(code);
  try {
    return await (await loadFunctions(url, code)).remarks?.() ?? [];
  } finally {
    URL.revokeObjectURL(url);
  }
}

Deno.test("code in which nothing is found is said to be so, and a name that is one letter away is named", async () => {
  const none =
    "none of setup, process and handle_task is in the code: once it is loaded, nothing of it is called";
  const cases: [code: string, remarks: string[]][] = [
    [
      `function setup() {} const processes = []; function f() { function proces() {} } const progress = () => {};`,
      [],
    ],
    [`function procces() {}`, [none, "'procces' is not called: did you mean 'process'?"]],
    [`function setup() {} const handle_tsk = async () => {};`, [
      "'handle_tsk' is not called: did you mean 'handle_task'?",
    ]],
    [`export default { Setup() {} }`, [none, "'Setup' is not called: did you mean 'setup'?"]],
    [`export default new class { proces() {} }();`, [
      none,
      "'proces' is not called: did you mean 'process'?",
    ]],
    [`import { deprecate as setup } from "node:util"; setup; function process() {}`, [
      "'setup' is imported, and not called: export it, where it is the agent's own",
    ]],
    [`export default class { process() {} }`, [
      none,
      "process of the default export are methods of instances: export one, `export default new …()`",
    ]],
    [`const x = 1;`, [none]],
    [`function process() {}`, []],
  ];
  for (const [code, remarks] of cases) assertEquals(await remarksOn(code), remarks, code);
});

Deno.test("JavaScript is run as JavaScript, where the sender says that it is", async () => {
  // In TypeScript a call of `a` with types, and one argument for `f`.
  const code = `const f = (...all) => all.length; const [a, b, c] = [1, 2, 3];
    export const process = () => f(a < b, c > (3));`;
  const url = moduleUrl(code, "javascript");
  const { process } = await loadFunctions(url, code, "javascript");
  URL.revokeObjectURL(url);
  assertEquals(process?.({} as Agent), 2);
});

Deno.test("the platform's global process is no function of the agent, and is there for its code", async () => {
  assertEquals(await load(`function setup() { return typeof process }`), "object - -");
});

Deno.test("code that does not parse or throws at its top level is refused", async () => {
  await assertRejects(() => load("function ("), Error);
  await assertRejects(() => load(`throw new Error("top level");`), Error, "top level");
  await assertRejects(() => load(`import "no-such-bare-name";`), Error);
});

Deno.test("an error has the line of the code it was spawned with", async () => {
  const code = "\n\nfunction setup() {\n  throw new Error('boom');\n}";
  const url = moduleUrl(code);
  const { setup } = await loadFunctions(url, code);
  const error = await assertRejects(() => Promise.try(() => setup?.({} as Agent)), Error, "boom");
  assertEquals(error.stack?.includes(`${url}:4:`), true, error.stack ?? "");
  URL.revokeObjectURL(url);
});
