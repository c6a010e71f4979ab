import { assertEquals } from "@std/assert";
import { blanked, textSpans } from "../../../protocol/source_text.ts";

const spans = (source: string) =>
  [...textSpans(source)].map(({ kind, start, end }) => `${kind} ${source.slice(start, end)}`);

Deno.test("comments, strings, templates and regular expressions are found, with what is in them", () => {
  const cases: [source: string, found: string[]][] = [
    ["a // b\nc", ["comment // b"]],
    ["a /* b\n// c */ d", ["comment /* b\n// c */"]],
    [`"a\\"b" + 'c"d'`, [`string "a\\"b"`, `string 'c"d'`]],
    ["`a ${b + `c ${{ d: 1 }} e`} f`", [
      "template `a ${",
      "template `c ${",
      "template } e`",
      "template } f`",
    ]],
    ["x = /[/\"]+'/g.test(y)", ["pattern /[/\"]+'/"]],
    ["a / b; c[0] / d; (e) / f; return /g/", ["pattern /g/"]],
    ["if (a) { b } // c", ["comment // c"]],
  ];
  for (const [source, found] of cases) assertEquals(spans(source), found, source);
});

Deno.test("what is not closed ends with its line, or with the source", () => {
  assertEquals(spans(`'a\nb`), ["string 'a"]);
  assertEquals(spans("= /a\nb"), ["pattern /a"]);
  assertEquals(spans("`a\nb"), ["template `a\nb"]);
  assertEquals(spans("/* a\nb"), ["comment /* a\nb"]);
});

Deno.test("what is blanked leaves lines and columns as they are", () => {
  assertEquals(blanked("a /* b\nc */ 'd' `e`", ["comment", "template"]), "a     \n     'd'    ");
});
