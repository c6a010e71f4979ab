import { assert, assertEquals } from "@std/assert";
import { isName } from "../../../protocol/names.ts";

Deno.test("a name is 1 to 64 of A-Z a-z 0-9 . _ -, first a letter or digit", () => {
  for (const name of ["a", "Z", "0", "a.b_c-d", "a..b", "constructor", "x".repeat(64)]) {
    assert(isName(name), name);
  }
});

Deno.test("what could leave its topic, its folder or its command line is no name", () => {
  const bad = [
    "",
    "x".repeat(65),
    "x".repeat(10_000),
    ".",
    "..",
    "../x",
    "a/b",
    "+",
    "#",
    "a+",
    "a#",
    " a",
    "a b",
    "a\n",
    "a\0",
    "-rf",
    "_a",
    "__proto__",
    "é",
    "a,b",
    "a;b",
    "$SYS",
  ];
  for (const name of bad) assertEquals(isName(name), false, JSON.stringify(name));
});

Deno.test("what is not a string is no name", () => {
  for (const name of [undefined, null, 1, {}, ["a"], true]) assertEquals(isName(name), false);
});
