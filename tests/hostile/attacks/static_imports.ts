/** Imports in the agent's own source: they are resolved before any of its code runs. */
import type { Attack, HostileAgent } from "../attack.ts";

/** The line, and what the compile error says. */
const LINES: Readonly<Record<string, readonly [line: string, says: RegExp]>> = {
  text: [
    `import x from "/etc/passwd" with { type: "text" };`,
    /invalid URL|cannot import another by its path/,
  ],
  url: [`import x from "file:///etc/passwd" with { type: "text" };`, /[Rr]equires read access/],
  environ: [`import x from "file:///proc/self/environ" with { type: "text" };`, /[Rr]equires read access/],
  json: [`import x from "file://%state%/secret.json" with { type: "json" };`, /[Rr]equires read access/],
  script: [`import x from "file://%state%/secret.ts";`, /[Rr]equires read access/],
  reexport: [
    `export { default as x } from "file://%state%/secret.ts"; const x = 1;`,
    /[Rr]equires read access/,
  ],
  "wasm": [`import * as x from "file://%state%/secret.wasm";`, /[Rr]equires read access/],
  "deferred": [`import defer * as x from "file://%state%/secret.ts";`, /[Rr]equires read access/],
  "remote": [`import x from "https://deno.land/std/version.ts";`, /[Rr]equires import access/],
  "data": [
    `import x from "data:application/typescript,export%20%7B%20default%20%7D%20from%20%22file%3A%2F%2F%2Fetc%2Fx.ts%22";`,
    /[Rr]equires read access/,
  ],
  "npm": [`import x from "npm:ms@2";`, /npm specifiers were requested; but --no-npm is specified/],
  "jsr": [`import x from "jsr:@std/assert";`, /[Rr]equires import access|JSR package/],
  "harness": [`import x from "../agents/harness/main.ts";`, /invalid URL|cannot import another by its path/],
  "types": [
    `/// <reference types="file:///etc/passwd" />\nimport type { x } from "file:///etc/passwd"; import "file:///etc/passwd";`,
    /[Rr]equires read access/,
  ],
};

export const staticImports: readonly Attack[] = Object.entries(LINES).map(
  ([name, [line, says]]): HostileAgent => ({
    kind: "agent",
    id: `static-${name}`,
    category: "static",
    tries: line.split("\n").at(-1)?.slice(0, 90) ?? "",
    code: `${line}\nasync function setup(agent) { await agent.publish("stolen/static-${name}", String(x)); }`,
    expect: { on: "errors", says: new RegExp(`^compile: .*(${says.source})`, "s") },
  }),
);
