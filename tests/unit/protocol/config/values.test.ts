import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { fromEnvironment } from "../../../../protocol/config/flag.ts";
import { explain, helpText } from "../../../../protocol/config/help.ts";
import { listOf, oneOf, positive, wholeNumber } from "../../../../protocol/config/values.ts";

Deno.test("a value that a flag cannot have is refused with the flag, what it takes and what it was given", () => {
  const refused: readonly (readonly [() => unknown, string])[] = [
    [
      () => wholeNumber("port", "1.5", 1, 9),
      "--port must be a whole number from 1 to 9: current value is '1.5'",
    ],
    [() => wholeNumber("port", "0", 1, 9), "--port must be a whole number from 1 to 9: current value is '0'"],
    [
      () => wholeNumber("port", "10", 1, 9),
      "--port must be a whole number from 1 to 9: current value is '10'",
    ],
    [() => positive("mb", "0", 5), "--mb must be a number above 0 and up to 5: current value is '0'"],
    [() => positive("mb", "1e1", 50), "--mb must be a number above 0 and up to 50: current value is '1e1'"],
    [
      () => positive("for", "9", 5, "seconds"),
      "--for must be a number of seconds above 0 and up to 5: current value is '9'",
    ],
    [() => oneOf("mode", ["a", "b"], "c"), "--mode must be one of a, b: current value is 'c'"],
  ];
  for (const [read, message] of refused) assertThrows(read, ConfigError, message);
  assertEquals([wholeNumber("n", "9", 1, 9), positive("n", "0.5", 5), oneOf("n", ["a"], "a")], [9, 0.5, "a"]);
});

Deno.test("a list leaves out spaces and empty items", () => {
  assertEquals([listOf(" a, ,b,"), listOf(""), listOf(undefined)], [["a", "b"], [], []]);
});

Deno.test("an empty variable does not count as the value of a flag", () => {
  const flag = { name: "x", env: ["FIRST", "SECOND"], help: "" };
  assertEquals(fromEnvironment(flag, { FIRST: "", SECOND: "2" }), "2");
  assertEquals(fromEnvironment(flag, { FIRST: "" }), undefined);
});

Deno.test("the help of a flag names its variables and its default", () => {
  assertEquals(explain({ name: "x", help: "is it" }), "is it");
  assertEquals(
    explain({ name: "x", env: ["A", "B"], fallback: "1", help: "is it" }),
    "is it (default: $A, else $B, else 1)",
  );
  const flags = [{ name: "x", help: "is it" }, { name: "long", value: "N", fallback: "2", help: "how long" }];
  assertEquals(
    helpText({ does: "Does it.", usage: "it [--x]", flags, exitCodes: "0." }),
    "Does it.\n\nUsage: it [--x]\n\n  --x       is it\n  --long N  how long (default: 2)\n\nExit code: 0.",
  );
});
