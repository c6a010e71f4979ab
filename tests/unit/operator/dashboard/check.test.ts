import { assertEquals, assertRejects } from "@std/assert";
import { CodeChecks, problemIn } from "../../../../operator/dashboard/server/control/check.ts";

const signal = new AbortController().signal;

Deno.test("a problem of a check has its line apart, where it has one", () => {
  assertEquals(problemIn("line 3:9: TS2304 Cannot find name 'x'."), {
    line: 3,
    message: "TS2304 Cannot find name 'x'.",
  });
  assertEquals(problemIn("it is line 3:9: x"), { line: null, message: "it is line 3:9: x" });
});

Deno.test("code is checked without running it, one after another, and not more than a few wait", async () => {
  const checks = new CodeChecks();
  await assertRejects(() => checks.check({}, signal), Error, "code must be a text");
  // Found by reading: no compiler is needed.
  const foreign = {
    code: 'import x from "npm:left-pad";\nexport function setup() {}',
    language: "typescript",
  };
  const found = await Promise.allSettled(Array.from({ length: 6 }, () => checks.check(foreign, signal)));
  assertEquals(found.filter(({ status }) => status === "fulfilled").length, 4);
  const [first] = found;
  assertEquals(first?.status === "fulfilled" && first.value.problems, [{
    line: null,
    message: "An agent cannot import 'npm:left-pad': only packages of install, and node:",
  }]);
  assertEquals((await checks.check(foreign, signal)).problems.length, 1, "there is room again");
});
