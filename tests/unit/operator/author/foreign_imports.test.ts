/** What no agent can import is found, however it is written. */
import { assertEquals } from "@std/assert";
import { foreignImports } from "../../../../operator/author/foreign_imports.ts";

const foreign = (code: string, install: string[] = []) => foreignImports(code, install);

Deno.test("every way to import a file or something elsewhere is found, also where a comment seems to hide it", () => {
  assertEquals(foreign(`import a from "a";\nexport * from 'b';\nimport "c";`), ["a", "b", "c"]);
  assertEquals(
    foreign(`await import("d"); await import(\`e\`); type T = import("f").T;`),
    ["f", "d", "e"].sort(),
  );
  assertEquals(foreign(`const trick = /[/*]/; import x from "/etc/passwd"; /* */`), ["/etc/passwd"]);
  assertEquals(foreign(`import x from /* there */ "/etc/passwd";`), ["/etc/passwd"]);
  assertEquals(foreign(`/// <reference types="/etc/x.d.ts" />\n// @ts-types="/etc/y.d.ts"`), [
    "/etc/x.d.ts",
    "/etc/y.d.ts",
  ]);
  assertEquals(foreign(`import x from "./types.d.ts/../../secret.ts";`), ["./types.d.ts/../../secret.ts"]);
});

Deno.test("packages of install, modules of node and the types for authors are no foreigners", () => {
  assertEquals(foreign(`import a from "ms"; import b from "@s/p/sub.js";`, ["npm:ms@2", "jsr:@s/p@^1"]), []);
  assertEquals(foreign(`import { cpus } from "node:os"; import type { Agent } from "../types.d.ts";`), []);
  assertEquals(foreign(`import a from "msx";`, ["ms"]), ["msx"]);
  assertEquals(foreign(`/** Deno keeps \`/sys\` from \`/proc\`. */`), []);
});
