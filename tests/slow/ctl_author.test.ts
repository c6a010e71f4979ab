/** `new`, `check` and `dev`: what authors of agents use. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { checkPython } from "../../operator/author/check_python.ts";
import { checkTypes } from "../../operator/author/check_types.ts";
import { InstallError } from "../../protocol/packages/install_error.ts";
import { ctl, ctlHome, CtlProcess } from "../support/ctl.ts";
import { FORMS, namesFound, PYTHON_FORMS } from "../support/function_forms.ts";

async function inFolder(play: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-author-" });
  try {
    await play(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Checks code, and returns what is wrong with it. */
// deno-lint-ignore no-explicit-any -- JSON of the program
async function check(folder: string, file: string, code: string): Promise<any> {
  await Deno.writeTextFile(join(folder, file), code);
  return (await ctl(["check", join(folder, file), "--json"])).json;
}

for (const [flags, file] of [[[], "hello.ts"], [["--js"], "hello.js"], [["--python"], "hello.py"]] as const) {
  Deno.test(`new writes ${file}, which check has nothing to say against`, () =>
    inFolder(async (folder) => {
      const made = await ctl(["new", "hello", "--dir", folder, ...flags, "--json"]);
      assertEquals([made.code, made.json.file], [0, join(folder, file)]);
      const { code, stdout } = await ctl(["check", join(folder, file)]);
      assertEquals(code, 0, stdout);
      assertMatch(stdout, /no errors; it has setup, process, handle_task/);
      // The types are the author's own, for the editor.
      const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(files, file.endsWith(".py") ? [file] : [file, "types.d.ts"]);
      if (made.json.types !== undefined) {
        const types = await Deno.readTextFile(made.json.types);
        assertEquals(types, await Deno.readTextFile(new URL("../../agents/types.d.ts", import.meta.url)));
      }
      const again = await ctl(["new", "hello", "--dir", folder, ...flags]);
      assertEquals(again.code, 1);
      assertStringIncludes(again.stderr, "it already exists");
    }));
}

Deno.test("check has nothing to say against the examples", async () => {
  const examples = new URL("../../agents/examples/", import.meta.url);
  for (const example of ["calculator.ts", "counter.ts", "temperature_sensor.ts", "threshold_alert.ts"]) {
    const { code, stdout } = await ctl(["check", new URL(example, examples).pathname]);
    assertEquals(code, 0, stdout);
  }
});

Deno.test("check finds what is wrong in functions without types, and none of it is about missing types", () =>
  inFolder(async (folder) => {
    const code = [
      "// a comment",
      "async function setup(agent) {",
      '  await agent.log("x"); await agent.pubish("a", 1);',
      "}",
      "async function process(agent) { agent.persist(1); }",
      "function handle_task(agent, payload) { return payload.anything; }",
    ].join("\n");
    const { ok, errors } = await check(folder, "agent.ts", code);
    assertEquals(ok, false);
    // deno-lint-ignore no-explicit-any -- JSON of the program
    assertEquals(errors.map(({ code, line, column }: any) => [code, line, column]), [
      ["TS2551", 3, 37],
      ["TS2554", 5, 39],
    ]);
    const { stdout } = await ctl(["check", join(folder, "agent.ts")]);
    assertMatch(stdout, /agent\.ts:3:37 {2}TS2551 {2}Property 'pubish' does not exist on type 'Agent'/);
    assertStringIncludes(stdout, '      await agent.log("x"); await agent.pubish("a", 1);');
  }));

Deno.test("check of JavaScript knows the agent too", () =>
  inFolder(async (folder) => {
    const { errors } = await check(
      folder,
      "agent.js",
      "export async function process(agent) {\n  agent.foo();\n}",
    );
    assertEquals([errors[0].code, errors[0].line, errors[0].column], ["TS2339", 2, 9]);
  }));

Deno.test("check says of a syntax error where it is, and of an import that a node gets one file", () =>
  inFolder(async (folder) => {
    const syntax = await check(folder, "syntax.ts", "function setup(agent) {\n  let x = ;\n}");
    assertEquals([syntax.errors[0].line, syntax.errors[0].code], [2, undefined]);
    await Deno.writeTextFile(join(folder, "other.ts"), "export default 1;");
    const { errors } = await check(
      folder,
      "import.ts",
      'import x from "./other.ts";\nfunction setup() { x; }',
    );
    assertMatch(errors[0].message, /Cannot import '\.\/other\.ts': a node gets this one file alone/);
    const nothing = await check(folder, "nothing.ts", "export const x = 1;");
    assertMatch(nothing.errors[0].message, /none of setup, process and handle_task/);
  }));

const PYTHON = `import numpy.linalg
from json import loadz
from pyodide.http import pyfetch

async def setup(agent):
    agent.log("è" + agent.name)
    await agent.pubish("a", 1)
    await agent.publish("a")
    agent.mine = undefned
    print(agent.mine, __name__, [each for each in agent.agents()])

async def process(agent, extra):
    await pyfetch("https://api.example.com/now")
`;

Deno.test("check of Python finds what its interpreter would: syntax, imports, names, and the agent's API", () =>
  inFolder(async (folder) => {
    // deno-lint-ignore no-explicit-any -- JSON of the program
    const places = ({ errors }: any) => errors.map(({ code, line, column }: any) => [code, line, column]);
    const report = await check(folder, "agent.py", PYTHON);
    assertEquals(places(report), [
      ["ModuleNotFoundError", 1, 1],
      ["ImportError", 2, 1],
      ["RuntimeWarning", 6, 5],
      ["AttributeError", 7, 11],
      ["TypeError", 8, 11],
      ["NameError", 9, 18],
      ["TypeError", 12, 1],
    ]);
    const { functions, install, permissions, not_checked } = report;
    assertEquals([functions, install], [["setup", "process"], ["pypi:numpy"]]);
    assertEquals([permissions[0].kind, permissions[0].entry, permissions[0].line], [
      "net",
      "api.example.com",
      13,
    ]);
    assertMatch(not_checked, /^types, values/);
    const syntax = join(folder, "syntax.py");
    await Deno.writeTextFile(syntax, "def setup(agent):\n    x = (1,\n");
    const { code, stdout } = await ctl(["check", syntax]);
    assertEquals(code, 1);
    assertStringIncludes(
      stdout,
      "syntax.py:2:9  SyntaxError  '(' was never closed\n        x = (1,\n            ^\n",
    );
  }));

/** What `check` finds in Python, with the interpreter that it has fetched. */
function lookAt(code: string): ReturnType<typeof checkPython> {
  const env = { ...Deno.env.toObject(), XDG_CACHE_HOME: join(ctlHome, ".cache") };
  const { signal } = new AbortController();
  return checkPython(code, [], { deno: Deno.execPath(), env, signal, onFetch: () => {} });
}

Deno.test("code in Python is looked at as a node would take it, and nothing of it is run", async () => {
  // A block that is indented as a whole is one to a node.
  const code = "    import os\n    os._exit(1)\n    def process(agent):\n        agent.nope()\n";
  const { diagnostics: [nope] } = await lookAt(code);
  assertEquals([nope?.code, nope?.line, nope?.column], ["AttributeError", 4, 9]);
});

Deno.test("what Python code may do without is told, and is no mistake", async () => {
  const code = "import sys\nif sys.platform == 'win32':\n    import winx\ntry:\n    import yaml\n" +
    "except ImportError:\n    yaml = None\ndef process(agent):\n    pass\n";
  const { diagnostics, notes } = await lookAt(code);
  assertEquals(diagnostics, []);
  assertEquals(notes, [
    "line 3: may import 'winx', which needs pypi:winx in install",
    "line 5: may import 'yaml', which needs pypi:pyyaml in install",
  ]);
});

Deno.test("code in Python that has nothing to run is a mistake", async () => {
  const { diagnostics: [nothing], notes } = await lookAt("def procces(agent):\n    pass\n");
  assertMatch(nothing?.message ?? "", /none of setup, process and handle_task/);
  assertEquals(notes, ["'procces' is not called: did you mean 'process'?"]);
});

/** Those that have once been told in one way by nodes, and in another here. */
const TELLING = /default|instance|static|import|one line|no functions/;

Deno.test("check finds the functions in Python that a node calls, and no others", async () => {
  for (const form of PYTHON_FORMS.filter(({ title }) => TELLING.test(title))) {
    assertEquals((await lookAt(form.code)).functions, namesFound(form), form.title);
  }
});

Deno.test("check finds the functions in TypeScript and JavaScript that a node calls, and no others", async () => {
  const { signal } = new AbortController();
  const options = { deno: Deno.execPath(), install: [], signal };
  for (const [index, form] of FORMS.filter(({ title }) => TELLING.test(title)).entries()) {
    const { functions } = await checkTypes(index % 2 === 0 ? "agent.ts" : "agent.js", form.code, options);
    assertEquals([...functions].sort(), namesFound(form).sort(), form.title);
  }
});

Deno.test("check says of code that is no module of an agent's what to write", () =>
  inFolder(async (folder) => {
    const cases: [file: string, code: string, message: RegExp][] = [
      [
        "cjs.js",
        `const x = require("x");\nmodule.exports = { process() {} };`,
        /CommonJS.*`export function process/,
      ],
      ["fence.ts", "```ts\nfunction process() {}\n```\n", /Markdown/],
      ["fence.py", "```python\ndef process(agent):\n    pass\n```\n", /Markdown/],
    ];
    for (const [file, code, message] of cases) {
      const { ok, errors } = await check(folder, file, code);
      assertEquals(ok, false, file);
      assert(
        errors.some((error: { message: string }) => message.test(error.message)),
        JSON.stringify(errors),
      );
    }
  }));

Deno.test("check has nothing to say against the examples in Python", async () => {
  for (const example of ["running_mean.py", "temperature_sensor.py"]) {
    const path = new URL(`../../agents/examples/${example}`, import.meta.url).pathname;
    const { code, stdout } = await ctl(["check", path]);
    assertEquals(code, 0, stdout);
  }
});

Deno.test("check of Python says so where the interpreter cannot be had", () =>
  inFolder(async (folder) => {
    const env = { XDG_CACHE_HOME: folder, NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/" };
    const { signal } = new AbortController();
    const checking = checkPython("x = 1\n", [], { deno: Deno.execPath(), env, signal, onFetch: () => {} });
    const { message } = await assertRejects(() => checking, InstallError);
    assertMatch(message, /^Python \(npm:pyodide@[^)]*\) cannot be installed: registry not reachable/);
  }));

Deno.test("check says which permissions an agent seems to need", () =>
  inFolder(async (folder) => {
    const code = `async function process(agent) {
  const weather = await fetch("https://api.example.com/now").then((answer) => answer.text());
  // Deno.readTextFile("/only/a/comment")
  await agent.publish("x", weather + await Deno.readTextFile("/sys/class/thermal/temp"));
}`;
    const { ok, permissions } = await check(folder, "agent.ts", code);
    assertEquals(ok, true);
    // deno-lint-ignore no-explicit-any -- JSON of the program
    assertEquals(permissions.map(({ kind, entry, line }: any) => [kind, entry, line]), [
      ["net", "api.example.com", 2],
      ["read", "/sys/class/thermal/temp", 4],
    ]);
  }));

Deno.test("dev runs an agent, calls it by lines of stdin, and starts it anew when it is saved", () =>
  inFolder(async (folder) => {
    const file = join(folder, "echo.ts");
    const agent = (word: string) => `
async function setup(agent) { await agent.log("${word} " + agent.recall("n", 0)); agent.persist("n", agent.recall("n", 0) + 1); }
async function process(agent) { await agent.publish("echo/" + "${word}", { one: 1 }); }
function handle_task(agent, payload) { return { got: payload }; }`;
    await Deno.writeTextFile(file, agent("first"));
    await using dev = CtlProcess.start(["dev", file, "--poll-interval", "0.2"]);
    await dev.printed(/log +first 0/);
    await dev.printed(/publish +echo\/first {2}\{"one":1\}/);
    await dev.write('{"a": 1}\nplain\n');
    await dev.printed(/reply +\{"got":\{"a":1\}\}/);
    await dev.printed(/reply +\{"got":"plain"\}/);
    // As on a node: what it has persisted outlives its code.
    await Deno.writeTextFile(file, agent("second"));
    await dev.printed(/log +second 1/);
    // As many editors save: a new file in the place of the old one.
    await Deno.writeTextFile(`${file}.tmp`, "function setup() {\n  throw new Error('broken');\n}");
    await Deno.rename(`${file}.tmp`, file);
    await dev.printed(/error +setup \(fatal\): broken\n[^]*echo\.ts:2:\d+/);
    await Deno.writeTextFile(file, agent("third"));
    await dev.printed(/log +third 2/);
    assertEquals(await dev.interrupt(), 0);
    assert(!dev.stderr.includes("rror"), dev.stderr);
  }));

Deno.test("dev tells an error once, and as what it is", () =>
  inFolder(async (folder) => {
    const file = join(folder, "crash.ts");
    await Deno.writeTextFile(
      file,
      `async function setup() { setTimeout(() => { throw new Error("boom"); }, 0); await new Promise(() => {}); }`,
    );
    await using dev = CtlProcess.start([
      "dev",
      file,
      "--json",
      "--max-restarts",
      "1",
      "--restart-delay",
      "0.1",
    ]);
    await dev.printed(/"severity":"fatal"/);
    assertEquals(await dev.interrupt(), 0);
    const events = dev.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(events.filter(({ event }) => event === "install"), []);
    assert(events.some(({ event, error }) => event === "error" && /boom/.test(error)), dev.stdout);
  }));

Deno.test("an agent that imports another file is told that it is one file, whichever way it imports", () =>
  inFolder(async (folder) => {
    const file = join(folder, "parts.ts");
    for (
      const code of [
        `import { x } from "./x.ts";\nfunction process() { x(); }`,
        `async function process() { await import("../x.ts"); }`,
      ]
    ) {
      await Deno.writeTextFile(file, code);
      await using dev = CtlProcess.start(["dev", file, "--json"]);
      const [error] = await dev.printed(/"event":"error".*/);
      assertMatch(error, /an agent is one file, and cannot import another by its path/);
      assert(!error.includes("cannot-be-a-base"), error);
      assertEquals(await dev.interrupt(), 0);
    }
  }));

Deno.test("dev gives an agent no more than a node would", () =>
  inFolder(async (folder) => {
    const file = join(folder, "nosy.ts");
    await Deno.writeTextFile(file, `async function setup() { await Deno.readTextFile("/etc/hostname"); }`);
    await using dev = CtlProcess.start(["dev", file, "--json"]);
    await dev.printed(
      /"event":"error","phase":"setup","severity":"fatal","error":"[^"]*Requires read access/,
    );
    assertEquals(await dev.interrupt(), 0);
  }));

Deno.test("dev of what cannot be spawned is a mistake, told at once", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await ctl(["dev", join(folder, "nowhere.ts")]);
    assertEquals(code, 2);
    assertMatch(stderr, /Cannot read .*nowhere\.ts: no such file/);
  }));
