import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseSpecifiers, SpecifierError } from "../../../../protocol/packages/specifiers.ts";

const refuses = (text: string, why: string) =>
  assertThrows(() => parseSpecifiers([text]), SpecifierError, why);

Deno.test("install reads npm and jsr specifiers with and without a version", () => {
  assertEquals(parseSpecifiers(["npm:ms", "npm:@scope/name@^1.2", "jsr:@std/fs@1"]), [
    { specifier: "npm:ms", registry: "npm", name: "ms" },
    { specifier: "npm:@scope/name@^1.2", registry: "npm", name: "@scope/name", version: "^1.2" },
    { specifier: "jsr:@std/fs@1", registry: "jsr", name: "@std/fs", version: "1" },
  ]);
});

Deno.test("install takes a bare name for an npm package", () => {
  const specifiers = parseSpecifiers(["ms", "chalk@5", "@scope/pkg", "@other/pkg@~2.1.0-rc.1+b2"]).map((it) =>
    it.specifier
  );
  assertEquals(specifiers, ["npm:ms", "npm:chalk@5", "npm:@scope/pkg", "npm:@other/pkg@~2.1.0-rc.1+b2"]);
});

Deno.test("install takes tags, x-ranges and names with capitals, dots and digits", () => {
  const given = ["npm:a@latest", "npm:b@1.x", "npm:c@*", "npm:JSONStream@1", "npm:socket.io", "npm:7zip-min"];
  assertEquals(parseSpecifiers(given).map((it) => it.specifier), given);
});

Deno.test("install merges an entry that comes twice, however it is written", () => {
  assertEquals(parseSpecifiers(["ms@2", "npm:ms@2", "ms@2"]).length, 1);
});

Deno.test("install refuses two versions of one name, and one name from two registries", () => {
  assertThrows(
    () => parseSpecifiers(["ms@2", "npm:ms@1"]),
    SpecifierError,
    "'npm:ms@2' and 'npm:ms@1' have one name",
  );
  assertThrows(() => parseSpecifiers(["npm:@a/b", "jsr:@a/b"]), SpecifierError, "have one name");
});

Deno.test("install refuses a specifier with shell metacharacters", () => {
  const error = refuses("foo; rm -rf /", "'foo; rm -rf /' is not a package");
  assertEquals(
    error.message,
    "'foo; rm -rf /' is not a package: use npm:NAME[@VERSION] or jsr:@SCOPE/NAME[@VERSION]",
  );
  for (
    const text of [
      "a&b",
      "a|b",
      "$(id)",
      "`id`",
      "npm:a@1;b",
      "a'b",
      'a"b',
      "a\\b",
      "npm:a@1$x",
      "a!",
      "{a}",
    ]
  ) {
    refuses(text, "is not a package");
  }
});

Deno.test("install refuses schemes other than npm and jsr", () => {
  for (
    const text of [
      "http://x.test/a.ts",
      "https://x.test/a.ts",
      "file:///etc/passwd",
      "git+ssh://x/y",
      "node:fs",
      "data:text/javascript,1",
      "NPM:ms",
      "npm:npm:ms",
      "npm:https://x.test",
    ]
  ) refuses(text, "is not a package");
});

Deno.test("install refuses flags, paths, white space and control characters", () => {
  for (
    const text of [
      "-A",
      "--allow-all",
      "npm:-x",
      "npm:a@-1",
      "npm:@-a/b",
      "jsr:@-a/b",
      "/etc/passwd",
      "./a",
      "../a",
      "npm:../a",
      "npm:a/../b",
      "npm:a/..",
      "npm:@a/../b",
      "..",
      "",
      " ",
      "npm:",
      "jsr:",
      "npm:@",
      "npm:@scope",
      "npm:@scope/",
      "npm:a@",
      " ms",
      "ms\n",
      "m\ts",
      "ms\0",
      "ms@2\n",
      "jsr:name",
      "jsr:@A/b",
      "npm:a@1@2",
      "npm:__proto__",
      "npm:ünï",
    ]
  ) refuses(text, "is not a package");
});

Deno.test("install explains where a subpath belongs", () => {
  refuses("npm:lodash@4/map", "install 'npm:lodash@4' and import 'lodash/map' in code");
  refuses("@scope/pkg/a/b.js", "install 'npm:@scope/pkg' and import '@scope/pkg/a/b.js' in code");
  refuses("jsr:@std/fs@1/exists", "install 'jsr:@std/fs@1' and import '@std/fs/exists' in code");
});

Deno.test("install quotes what it refuses on one short line", () => {
  const { message } = refuses(`x\x1b[31m\r\n\u2028${"y".repeat(10_000)}`, "is not a package");
  assertEquals(/[\p{C}\p{Zl}]/u.test(message), false);
  assertEquals(message.length < 200, true);
});

Deno.test("install takes specifiers of up to 256 characters", () => {
  assertEquals(parseSpecifiers([`npm:${"a".repeat(252)}`]).length, 1);
  refuses(`npm:${"a".repeat(253)}`, "is not a package");
});

Deno.test("install takes up to 64 packages", () => {
  const names = Array.from({ length: 65 }, (_, index) => `p${index}`);
  assertEquals(parseSpecifiers(names.slice(1)).length, 64);
  const error = assertThrows(() => parseSpecifiers(names), SpecifierError);
  assertStringIncludes(error.message, "up to 64 packages: this one asks for 65");
});

Deno.test("ranges of a form that no node takes are said to be so", () => {
  for (const text of ["npm:ms@>=2", "ms@1 || 2", "npm:@s/p@<3", "jsr:@std/fs@>=1 <2"]) {
    assertThrows(
      () => parseSpecifiers([text]),
      SpecifierError,
      "of a form that is not supported: use one version",
    );
  }
});
