/** What an agent's text shows of its functions, imports and needs. */
import { assertEquals } from "@std/assert";
import { scanCode } from "../../../../operator/check/scan.ts";

Deno.test("functions are found however they are written", () => {
  const found = (code: string) => scanCode(code).functions;
  assertEquals(found("export async function setup(agent) {}\nfunction process(agent) {}"), [
    "setup",
    "process",
  ]);
  assertEquals(found("const handle_task = (agent, payload) => 1;"), ["handle_task"]);
  assertEquals(found("export default { async process(agent) {} }"), ["process"]);
  assertEquals(found("// function setup() {}\nconst a = 1;"), []);
});

Deno.test("every way to import is found, also where a comment seems to hide it", () => {
  const imports = (code: string) => scanCode(code).imports;
  assertEquals(imports(`import a from "a";\nexport * from 'b';\nimport "c";`), ["a", "b", "c"]);
  assertEquals(imports(`await import("d"); await import(\`e\`); type T = import("f").T;`), ["d", "e", "f"]);
  assertEquals(imports(`const trick = /[/*]/; import x from "/etc/passwd"; /* */`), ["/etc/passwd"]);
  assertEquals(imports(`import x from /* there */ "/etc/passwd";`), ["/etc/passwd"]);
  assertEquals(imports(`/// <reference types="/etc/x.d.ts" />\n// @ts-types="/etc/y.d.ts"`), [
    "/etc/x.d.ts",
    "/etc/y.d.ts",
  ]);
  assertEquals(imports(`/** Deno keeps \`/sys\` from \`/proc\`. */`), []);
});

Deno.test("needs show by the calls, hosts by the URLs", () => {
  const needs = (code: string) => scanCode(code).needs;
  assertEquals(needs(`await fetch("https://a.b/c"); await fetch(\`http://d:81/\${x}\`);`), {
    net: ["a.b:443", "d:81"],
  });
  assertEquals(needs(`import { readFile } from "node:fs/promises";`), { read: [] });
  assertEquals(
    needs(`new Deno.Command("/bin/true"); Deno.env.get("A"); Deno.loadavg(); Deno.dlopen("x", {});`),
    {
      env: [],
      sys: [],
      run: [],
      ffi: [],
    },
  );
  assertEquals(needs(`Deno.writeTextFileSync("/a", "");`), { write: [] });
  assertEquals(needs(`// fetch("https://a.b")`), {});
  assertEquals(needs(`await agent.publish("a", "see https://a.b/c");`), {});
});
