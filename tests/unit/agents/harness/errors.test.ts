import { assertEquals, assertStringIncludes } from "@std/assert";
import { ErrorDescriber } from "../../../../agents/harness/errors.ts";

const MODULE = "blob:null/1234";
const HARNESS = "file:///srv/harness/";
const describer = new ErrorDescriber(MODULE, "sensor.ts", HARNESS);

function failure(message: string, stack: string, cause?: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  error.stack = stack;
  return error;
}

Deno.test("a traceback has the agent's own file name and lines, and no frame of the harness or of Deno", () => {
  const stack = [
    "TypeError: boom",
    `    at helper (${MODULE}:3:9)`,
    `    at process (${MODULE}:7:3)`,
    `    at runLoop (${HARNESS}agents/harness/loop.ts:70:13)`,
    "    at async ext:core/01_core.js:10:1",
    "    at fetch (ext:deno_fetch/26_fetch.js:5:1)",
  ].join("\n");
  assertEquals(describer.describe(failure("boom", stack)), {
    error: "boom",
    traceback: "TypeError: boom\n    at helper (sensor.ts:3:9)\n    at process (sensor.ts:7:3)",
  });
});

Deno.test("the message stays, whatever it says", () => {
  for (const message of ["bad text: x", "ext: y", `see ${HARNESS}x`]) {
    const stack = `Error: ${message}\nsecond line of the text: z\n    at ${MODULE}:1:1`;
    assertEquals(
      describer.describe(failure(message, stack)).traceback,
      `Error: ${message}\nsecond line of the text: z\n    at sensor.ts:1:1`,
    );
  }
});

Deno.test("a cause is told with its own stack", () => {
  const cause = failure("inner", `Error: inner\n    at ${MODULE}:2:1`);
  const { traceback } = describer.describe(failure("outer", `Error: outer\n    at ${MODULE}:1:1`, cause));
  assertEquals(
    traceback,
    "Error: outer\n    at sensor.ts:1:1\nCaused by: Error: inner\n    at sensor.ts:2:1",
  );
});

Deno.test("an error without a message is told by its name", () => {
  assertEquals(describer.describe(new RangeError()).error, "RangeError");
});

Deno.test("what is thrown need not be an error", () => {
  assertEquals(describer.describe("just text").error, "just text");
  assertEquals(describer.describe({ code: 5 }).error, "{ code: 5 }");
  assertEquals(describer.describe(undefined).error, "undefined");
});

Deno.test("an error that names the module is told with the agent's file name", () => {
  const { error } = describer.describe(new SyntaxError(`Unexpected token at ${MODULE}:1:5`));
  assertEquals(error, "Unexpected token at sensor.ts:1:5");
});

Deno.test("a text is cut at 4000 characters", () => {
  const { error, traceback } = describer.describe(new Error("x".repeat(10_000)));
  assertEquals([error.length, traceback.length], [4000, 4000]);
});

Deno.test("an object that refuses to be read is told as thrown all the same", () => {
  class Nasty extends Error {
    override get message(): string {
      throw new Error("no");
    }
  }
  const unshown = {
    [Symbol.for("Deno.customInspect")]() {
      throw new Error("no");
    },
  };
  for (const thrown of [Object.create(Nasty.prototype), unshown]) {
    assertStringIncludes(describer.describe(thrown).error, "cannot be shown");
  }
});

Deno.test("an error with an odd stack is told", () => {
  assertEquals(describer.describe(failure("boom", 5 as unknown as string)).error, "boom");
});

Deno.test("a stack that agent code prints has its own file name and lines alone", () => {
  const printed = [
    "before Error: seen",
    `    at setup (${MODULE}:3:9)`,
    `    at async runLoop (${HARNESS}agents/harness/loop.ts:70:13)`,
    "and after",
  ].join("\n");
  assertEquals(describer.localise(printed), "before Error: seen\n    at setup (sensor.ts:3:9)\nand after");
});

Deno.test("what agent code prints without a stack of its own stays as it is", () => {
  const printed = "Elsewhere:\n    at home (ext:of/somebody.js)\n" + "x".repeat(10_000);
  assertEquals(describer.localise(printed), printed);
});

Deno.test("an error that stands for several shows each of them, and in one line what they say", () => {
  const first = failure("no route", `Error: no route\n    at ${MODULE}:4:1`);
  const error = new AggregateError([first, "just text"], "All promises were rejected");
  error.stack = `AggregateError: All promises were rejected\n    at ${MODULE}:1:1`;
  assertEquals(describer.describe(error), {
    error: "All promises were rejected: no route; just text",
    traceback: [
      "AggregateError: All promises were rejected",
      "    at sensor.ts:1:1",
      "Error 1 of 2: Error: no route",
      "    at sensor.ts:4:1",
      "Error 2 of 2: just text",
    ].join("\n"),
  });
  const many = new AggregateError(Array.from({ length: 9 }, (_, n) => new Error(`e${n}`)));
  assertStringIncludes(describer.describe(many).traceback, "… and 4 more");
  assertEquals(describer.describe(new AggregateError([])).error, "AggregateError");
});

Deno.test("causes that lead back to themselves are shown once", () => {
  const outer = failure("outer", `Error: outer\n    at ${MODULE}:1:1`);
  const inner = failure("inner", `Error: inner\n    at ${MODULE}:2:1`, outer);
  outer.cause = inner;
  assertEquals(describer.describe(outer), {
    error: "outer",
    traceback: [
      "Error: outer",
      "    at sensor.ts:1:1",
      "Caused by: Error: inner",
      "    at sensor.ts:2:1",
      "Caused by: outer (as above)",
    ].join("\n"),
  });
  const round = new AggregateError([outer], "round");
  outer.cause = round;
  assertStringIncludes(describer.describe(round).traceback, "(as above)");
});

Deno.test("a cause need not be an error", () => {
  const error = failure("outer", "Error: outer", "the disk is full");
  assertEquals(describer.describe(error).traceback, "Error: outer\nCaused by: the disk is full");
});

Deno.test("what Deno's words leave open is said: another form of module, machine code in a package", () => {
  const error = (message: string) => describer.describe(new Error(message)).error;
  for (const name of ["module", "exports", "require"]) {
    assertStringIncludes(error(`${name} is not defined`), "CommonJS");
  }
  const addon = `Requires ffi access to "/x/better_sqlite3.node", run again with the --allow-ffi flag`;
  for (const message of [addon, "No native build was found for platform=linux arch=x64"]) {
    assertStringIncludes(error(message), "native add-on");
  }
  assertEquals(error("modules is not defined"), "modules is not defined");
});
