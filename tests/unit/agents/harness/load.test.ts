import { assertEquals, assertRejects } from "@std/assert";
import { loadFunctions, moduleUrl } from "../../../../agents/harness/load.ts";
import type { Agent } from "../../../../agents/types.d.ts";

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

Deno.test("functions are found exported or not, declared or assigned", async () => {
  const cases: [code: string, found: string][] = [
    [
      `function setup() { return "s" } function process() { return "p" } function handle_task() { return "h" }`,
      "s p h",
    ],
    [`export function setup() { return "s" } export const process = () => "p";`, "s p -"],
    [`const process = () => "p"; let handle_task = () => "h";`, "- p h"],
    [`export default { process() { return "p" }, handle_task: () => "h" };`, "- p h"],
    [`const run = () => "p"; export { run as process };`, "- p -"],
    [`function handleTask() { return "h" }`, "- - h"],
    [`function handleTask() { return "camel" } function handle_task() { return "snake" }`, "- - snake"],
    [`const setup: (agent: unknown) => string = () => "typed";`, "typed - -"],
    [`const setup = 5; const process = { a: 1 };`, "- - -"],
    [`// only a comment`, "- - -"],
    [`function process() { return "p" } // the last line has no end`, "- p -"],
  ];
  for (const [code, found] of cases) assertEquals(await load(code), found, code);
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
