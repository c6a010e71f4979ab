/** Imports of what was not declared, by every route a module can take. */
import type { Attack } from "../attack.ts";
import { DENIED, probes } from "../probes.ts";

const NO_BASE = /invalid URL: relative URL with a cannot-be-a-base base/;
const NO_NPM = /npm specifiers were requested; but --no-npm is specified/;
const UNDECLARED = /Import "\S+" not a dependency/;

/** A specifier, in which DIR and PORT are filled in; its import attribute; what the refusal says. */
const GOALS: readonly (readonly [specifier: string, type: string, expect: RegExp])[] = [
  ["/etc/passwd", "text", NO_BASE],
  ["file:///etc/passwd", "text", DENIED],
  ["file:///etc/passwd", "bytes", /"bytes" is (not a valid module type|unsupported)/],
  ["file:///proc/self/environ", "text", DENIED],
  ["file://DIR/secret.json", "json", DENIED],
  ["file://DIR/secret.ts", "", DENIED],
  ["file://DIR/secret.js", "", DENIED],
  ["DIR/secret.ts", "", NO_BASE],
  ["https://127.0.0.1:1/mod.ts", "", DENIED],
  ["http://127.0.0.1:PORT/mod.ts", "", DENIED],
  ["https://deno.land/std/version.ts", "", DENIED],
  ["npm:mqtt", "", NO_NPM],
  ["npm:ms@2", "", NO_NPM],
  ["mqtt", "", UNDECLARED],
  ["jsr:@std/assert", "", DENIED],
  ["@std/assert", "", UNDECLARED],
];

/** An expression for `text` with its placeholders filled in. */
const filled = (text: string) =>
  `${JSON.stringify(text)}.replaceAll("DIR", given.dir).replaceAll("PORT", given.port)`;

/** The ways to a module: each the body of an attempt. */
function routes(specifier: string, type: string): Readonly<Record<string, string>> {
  const attribute = type === "" ? "" : ` with { type: "${type}" }`;
  const option = type === "" ? "" : `, { with: { type: "${type}" } }`;
  const source = filled(`import x from "${specifier}"${attribute}; export default x;`);
  const posted = filled(`import x from "${specifier}"${attribute}; postMessage(x);`);
  return {
    "dynamically": `return (await import(${filled(specifier)}${option})).default;`,
    "from a blob": `return await fromModule(blobUrl(${source}));`,
    "from data": `return await fromModule(dataUrl(${source}));`,
    "from data in a blob": `return await fromModule(
      blobUrl("export { default } from " + JSON.stringify(dataUrl(${source}))));`,
    "from a blob's worker": `return await fromWorker(blobUrl(${posted}));`,
    "from a data worker": `return await fromWorker(dataUrl(${posted}));`,
  };
}

const ATTEMPTS = Object.fromEntries(
  GOALS.flatMap(([specifier, type, expect]) =>
    Object.entries(routes(specifier, type)).map(([route, body]) => {
      const what = type === "" ? specifier : `${specifier} as ${type}`;
      return [`${what} ${route}`, [body, expect] as const];
    })
  ),
);

/** The file is there, and the attempt is one that would read it. */
const CONTROLLED = Object.keys(ATTEMPTS).filter((title) => /^file:.* (dynamically|from a blob)$/.test(title))
  .filter((title) => !title.includes(" as bytes "));

export const imports: readonly Attack[] = probes("imports", ATTEMPTS, CONTROLLED);
