/** What authors are told: types are put in where they are left out, and places are their own. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { declaredNames } from "../../../../agents/harness/names_in_code.ts";
import { annotate } from "../../../../operator/author/annotate.ts";
import { parseDiagnostics } from "../../../../operator/author/diagnostics.ts";
import { devEvent } from "../../../../operator/ctl/author/events.ts";
import { importedPackages, permissionHints } from "../../../../operator/author/permissions.ts";
import { starter } from "../../../../operator/ctl/author/starter.ts";

const TYPES = "file:///types.d.ts";
const firstLine = (source: string) => annotate(source, "typescript", TYPES).text.split("\n")[0];

Deno.test("a parameter without a type gets one; one that has a type keeps it", () => {
  const type = `: import("${TYPES}").Agent`;
  for (
    const before of ["async function setup(a", "export function process(a", "const handle_task = async (a"]
  ) {
    const rest = before.startsWith("const") ? ", b) => b;" : ") {}";
    assertEquals(firstLine(before + rest), before + type + rest);
  }
  for (
    const source of ["function setup(agent: Agent) {}", "function setup() {}", "function other(agent) {}"]
  ) {
    assertEquals(firstLine(source), source);
  }
});

Deno.test("a column of the copy is the author's again", () => {
  const source = "function setup(agent) { agent.foo(); }";
  const { text, columnOf } = annotate(source, "typescript", TYPES);
  const inCopy = (text.split("\n")[0] ?? "").indexOf("foo") + 1;
  assertEquals(columnOf(1, inCopy), source.indexOf("foo") + 1);
  assertEquals([columnOf(1, 10), columnOf(2, 99)], [10, 99]);
});

Deno.test("JavaScript is annotated in its own way", () => {
  const { text } = annotate("function setup(agent) {}", "javascript", TYPES);
  assertStringIncludes(text, `function setup(/** @type {import("${TYPES}").Agent} */ agent) {}`);
});

Deno.test("what deno check says is read, with places in the author's file alone", () => {
  const output = `TS2551 [ERROR]: Property 'x' does not exist.
  agent.x();
        ~
    at file:///tmp/agent.ts:3:9

TS2322 [ERROR]: Type 'A' is not assignable to type 'B'.
  Types of property 'y' are incompatible.
const a: B = b;
    at file:///elsewhere.ts:1:2

Found 2 errors.`;
  assertEquals(parseDiagnostics(output, "file:///tmp/agent.ts"), [
    { code: "TS2551", message: "Property 'x' does not exist.", line: 3, column: 9 },
    {
      code: "TS2322",
      message: "Type 'A' is not assignable to type 'B'. Types of property 'y' are incompatible.",
      line: undefined,
      column: undefined,
    },
  ]);
});

Deno.test("permissions are seen in calls and modules, not in comments; one of a kind once", () => {
  const source = `
import { hostname } from "node:os";
// fetch("https://in.a.comment")
const a = await fetch("https://a.example/x"), again = await fetch("https://a.example/y");
const b = await fetch(url);
Deno.env.get("HOME"); new Deno.Command("ls"); Deno.loadavg();
const text = "Deno.readTextFile is a name // in a text";
await agent.fetch("https://of.an.agent");`;
  assertEquals(permissionHints(source).map(({ kind, entry, line }) => [kind, entry, line]), [
    ["sys", undefined, 2],
    ["net", "a.example", 4],
    ["net", undefined, 5],
    ["env", "HOME", 6],
    ["run", "ls", 6],
    ["sys", "loadavg", 6],
    ["read", undefined, 7],
  ]);
});

Deno.test("packages are seen as they are written", () => {
  const source = `import type { Agent } from "./types.d.ts";
import ms from "ms"; import { x } from "npm:@a/b@1"; import y from "./other.ts"; import z from "node:fs";
export const setup = () => {}; async function process() {} export { handler as handle_task };`;
  assertEquals(importedPackages(source), ["ms", "npm:@a/b@1"]);
});

Deno.test("an author sees what the agent does, and not how the node speaks of it", () => {
  const event = (topic: string, value: unknown) =>
    devEvent({ topic, payload: new TextEncoder().encode(JSON.stringify(value)), retained: false });
  assertEquals(event("sensors/x", { v: 1 }), {
    event: "publish",
    topic: "sensors/x",
    value: { v: 1 },
    retained: false,
  });
  assertEquals(event("agents/id/logs", { type: "log", level: "info", message: "m" }), {
    event: "log",
    level: "info",
    message: "m",
  });
  const { reading, value, unit } = { reading: "attic", value: 21.4, unit: "°C" };
  assertEquals(event("agents/id/readings/attic", { reading, value, unit, kind: "temperature" }), {
    event: "reading",
    reading,
    value,
    unit,
  });
  assertEquals(event("agents/id/status", { state: "failed" }), { event: "state", state: "failed" });
  for (const topic of ["nodes/n/heartbeat", "agents/id/heartbeat", "main/reply/x", "agents/by-name/a/task"]) {
    assertEquals(event(topic, {}), undefined, topic);
  }
});

Deno.test("a starter has all functions, in either language", () => {
  for (const language of ["typescript", "javascript"] as const) {
    const source = starter({ name: "hello", language });
    assertEquals(declaredNames(source), ["setup", "process", "handle_task"]);
    assertEquals(source.includes(": Agent"), language === "typescript");
  }
});
