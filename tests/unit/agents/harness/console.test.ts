import { assertEquals } from "@std/assert";
import { redirectConsole } from "../../../../agents/harness/console.ts";

type Methods = Record<string, (...args: unknown[]) => void>;

/** What a console prints as, once it is redirected; the real one is back afterwards. */
function printed(use: (target: Methods) => void): string[] {
  const target = globalThis["console"] as unknown as Methods;
  const original = { ...target };
  const lines: string[] = [];
  try {
    redirectConsole((level, message) => lines.push(`${level} ${message}`));
    use(target);
  } finally {
    Object.assign(target, original);
  }
  return lines;
}

Deno.test("each method of console has its level", () => {
  const methods = ["debug", "log", "info", "dir", "warn", "error", "trace"];
  assertEquals(printed((target) => methods.forEach((method) => target[method]?.("m"))), [
    "debug m",
    "info m",
    "info m",
    "info m",
    "warning m",
    "error m",
    "debug Trace: m",
  ]);
});

Deno.test("an assertion speaks only when it does not hold", () => {
  const lines = printed((target) => {
    target.assert?.(true, "fine");
    target.assert?.(false, "not", 1);
  });
  assertEquals(lines, ["error Assertion failed: not 1"]);
});

Deno.test("values are shown as the console shows them", () => {
  const cases: [args: unknown[], message: string][] = [
    [[], ""],
    [["a", "b"], "a b"],
    [["a", 1, null, undefined, { x: [1] }], "a 1 null undefined { x: [ 1 ] }"],
    [[{ a: "s" }], '{ a: "s" }'],
    [["100%"], "100%"],
    [["%s is %d", "x", 5], "x is 5"],
    [["%i|%f", "3.9", "3.9"], "3|3.9"],
    [["%j", { a: 1 }], '{"a":1}'],
    [["%o", { a: 1 }], "{ a: 1 }"],
    [["%cred", "color: red"], "red"],
    [["%d%%", 50], "50%"],
    [["%s %s", "only one"], "only one %s"],
    [["%s", "a", "b", "c"], "a b c"],
    [["%x", 1], "%x 1"],
  ];
  assertEquals(
    printed((target) => cases.forEach(([args]) => target.log?.(...args))),
    cases.map(([, message]) => `info ${message}`),
  );
});
