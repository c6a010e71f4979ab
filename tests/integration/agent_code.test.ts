/** The forms that an agent's code may have. */
import { assertEquals, assertMatch } from "@std/assert";
import { testOnStage } from "../support/stage.ts";

/** Each form says "set up", "processed", and answers a task with `{ answered: payload }`. */
const FORMS: Readonly<Record<string, string>> = {
  "plain functions": `
    async function setup(agent) { await agent.log("set up"); }
    async function process(agent) { await agent.log("processed"); }
    async function handle_task(agent, payload) { return { answered: payload }; }`,
  "exported functions": `
    export async function setup(agent) { await agent.log("set up"); }
    export async function process(agent) { await agent.log("processed"); }
    export async function handle_task(agent, payload) { return { answered: payload }; }`,
  "functions that are not async": `
    function setup(agent) { agent.log("set up"); }
    function process(agent) { agent.log("processed"); }
    function handle_task(agent, payload) { return { answered: payload }; }`,
  "arrow functions": `
    const setup = (agent) => agent.log("set up");
    export const process = async (agent) => await agent.log("processed");
    let handle_task = (_agent, payload) => ({ answered: payload });`,
  "a default export of an object": `
    export default {
      setup(agent) { return agent.log("set up"); },
      process: (agent) => agent.log("processed"),
      async handle_task(agent, payload) { return { answered: payload }; },
    };`,
  "an instance of a class, with this": `
    class Words { #begin = "set up"; again = "processed"; begin() { return this.#begin; } }
    class Mine extends Words {
      setup(agent) { return agent.log(this.begin()); }
      process(agent) { return agent.log(this.again); }
      handle_task(_agent, payload) { return { answered: payload }; }
    }
    export default new Mine();`,
  "static methods, with this": `
    export default class {
      static words = ["set up", "processed"];
      static setup(agent) { return agent.log(this.words[0]); }
      static process(agent) { return agent.log(this.words[1]); }
      static handle_task(_agent, payload) { return { answered: payload }; }
    }`,
  "an import of the same name beside its own": `
    import { deprecate as setup } from "node:util";
    export default {
      setup: (agent) => agent.log("set up"),
      process: (agent) => agent.log("processed"),
      handle_task: (_agent, payload) => ({ answered: payload, setup: typeof setup }.answered && { answered: payload }),
    };`,
  "exports under other names": `
    const begin = (agent) => agent.log("set up");
    const again = (agent) => agent.log("processed");
    const answer = (_agent, payload) => ({ answered: payload });
    export { begin as setup, again as process, answer as handle_task };`,
  "the name handleTask": `
    function setup(agent) { return agent.log("set up"); }
    function process(agent) { return agent.log("processed"); }
    function handleTask(agent, payload) { return { answered: payload }; }`,
  "TypeScript": `
    interface Answer<T> { readonly answered: T }
    enum Word { SetUp = "set up", Processed = "processed" }
    type Agent = { log(message: string): Promise<void> };
    class Box<T> { constructor(private readonly value: T) {} get(): T { return this.value; } }
    async function setup(agent: Agent): Promise<void> { await agent.log(Word.SetUp); }
    async function process(agent: Agent) { await agent!.log(Word.Processed as string); }
    async function handle_task<T>(_agent: Agent, payload: T): Promise<Answer<T>> {
      return { answered: new Box(payload).get() } satisfies Answer<T>;
    }`,
  "type-only imports": `
    import type { Agent } from "./types.d.ts";
    import type { HandleTask } from "@agentflow/types";
    export async function setup(agent: Agent) { await agent.log("set up"); }
    export async function process(agent: Agent) { await agent.log("processed"); }
    export const handle_task: HandleTask = (_agent, payload) => ({ answered: payload });`,
  "top-level await": `
    const words = await Promise.resolve({ begin: "set up", again: "processed" });
    await new Promise((resolve) => setTimeout(resolve, 1));
    const setup = (agent) => agent.log(words.begin);
    const process = (agent) => agent.log(words.again);
    const handle_task = (_agent, payload) => ({ answered: payload });`,
  "a last line without its end, and a comment": `
    function setup(agent) { return agent.log("set up"); }
    function process(agent) { return agent.log("processed"); }
    function handle_task(agent, payload) { return { answered: payload }; } // the end`,
  "Windows line ends": [
    "async function setup(agent) { await agent.log('set up'); }",
    "async function process(agent) { await agent.log('processed'); }",
    "async function handle_task(agent, payload) { return { answered: payload }; }",
    "",
  ].join("\r\n"),
};

testOnStage("agent code", {}, {
  ...Object.fromEntries(
    Object.entries(FORMS).map(([form, code], index) => [
      `an agent may be written with ${form}`,
      async (stage) => {
        const agent = await stage.spawn({ name: `form-${index}`, code });
        await agent.logged("set up");
        await agent.logged("processed");
        assertEquals(await agent.task({ a: 1 }), { answered: { a: 1 } });
        assertEquals(agent.all("errors"), []);
      },
    ]),
  ),

  "setup runs once, before the first process()": async (stage) => {
    const code = `
      async function setup(agent) { await agent.log("begin"); await 0; await agent.log("end"); }
      let calls = 0;
      async function process(agent) { if (++calls <= 2) await agent.log("call " + calls); }`;
    const agent = await stage.spawn({ name: "order", code });
    await agent.logged("call 2");
    assertEquals(agent.all("logs").map((json) => json.message), ["begin", "end", "call 1", "call 2"]);
  },

  "process() is called again only after it has ended": async (stage) => {
    const code = `
      let inside = 0, most = 0, calls = 0;
      async function process() {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--; calls++;
      }
      async function handle_task() { while (calls < 5) await new Promise((resolve) => setTimeout(resolve, 1)); return { most }; }`;
    const agent = await stage.spawn({ name: "alone", code, poll_interval: 0.001 });
    assertEquals(await agent.task(null), { most: 1 });
  },

  "process() is called every 5 seconds, unless the config says otherwise": async (stage) => {
    const code = `
      const { setTimeout: wait } = globalThis;
      globalThis.setTimeout = (callback, ms) => (waits.push(ms), wait(callback, 1));
      const waits = [];
      async function process(agent) { await agent.publish("tests/poll/" + agent.name, waits); }`;
    for (const [poll_interval, ms] of [[undefined, 5000], [0.25, 250], [3600, 3_600_000]] as const) {
      const name = `poll-${ms}`;
      await stage.spawn({ name, code, poll_interval });
      const { json } = await stage.bus.on(`tests/poll/${name}`, ({ json }) => json.length === 2);
      assertEquals(json, [ms, ms]);
      await stage.command("stop", { name });
    }
  },

  "code without any of the three functions runs, and does nothing": async (stage) => {
    const agent = await stage.spawn({ name: "nothing", code: "export {};" });
    await agent.on("manifest");
    assertEquals(agent.all("errors"), []);
    assertEquals((await stage.list()).get("nothing").state, "running");
    const { json } = await agent.on("logs", ({ message }) => /^none of setup, process/.test(message));
    assertEquals(json.level, "warning");
  },

  "a name that is one letter away is a warning in the log": async (stage) => {
    const agent = await stage.spawn({ name: "misspelt", code: "function setup() {} function procces() {}" });
    const { json } = await agent.on("logs", ({ message }) => /did you mean 'process'/.test(message));
    assertEquals(json.level, "warning");
  },

  "JavaScript is not read as TypeScript, where the config says what it is": async (stage) => {
    const code = `const count = (...all) => all.length, [a, b, c] = [1, 2, 3];
      function handle_task() { return count(a < b, c > (3)); }`;
    const agent = await stage.spawn({ name: "javascript", code, language: "javascript" });
    assertEquals(await agent.task(null), { result: 2 });
  },

  "code that is no module is told what to write": async (stage) => {
    const cases: [name: string, code: string, hint: RegExp][] = [
      ["cjs", "module.exports = { process() {} };", /CommonJS.*`export function process/],
      [
        "cjs-require",
        `const fs = require("fs");\nexport function process() {}`,
        /CommonJS.*import name from/,
      ],
      ["fence", "```ts\nfunction process() {}\n```\n", /fence of its Markdown/],
      ["fence-later", "Here it is:\n\n```js\nfunction process() {}\n```\n", /fence of its Markdown/],
    ];
    for (const [name, code, hint] of cases) {
      const { json } = await (await stage.launch({ name, code })).on("errors");
      assertEquals([json.phase, json.severity], ["compile", "fatal"], name);
      assertMatch(json.error, hint);
    }
  },

  "Deno's own process object is not taken for the agent's function": async (stage) => {
    const code = "function setup(agent) { return agent.log(typeof globalThis.process); }";
    const agent = await stage.spawn({ name: "global", code });
    await agent.on("manifest");
    assertEquals((await stage.list()).get("global").restart_count, 0);
    assertEquals(agent.all("errors"), []);
  },
});
