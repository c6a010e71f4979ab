import { assertEquals, assertMatch } from "@std/assert";
import { explainFailure } from "../../../../protocol/packages/install_error.ts";

const exited = { code: 1, signal: null };

Deno.test("install error begins with what it amounts to", () => {
  const cases = {
    "error: npm package 'nope' does not exist.": "package not found: npm package 'nope' does not exist.",
    "error: JSR package not found: @t/nope": "package not found: JSR package not found: @t/nope",
    "error: Could not find npm package 'ms' matching '99'.":
      "version not found: Could not find npm package 'ms' matching '99'.",
    "error: Could not find dist-tag 'x' for npm package 'ms'.":
      "version not found: Could not find dist-tag 'x' for npm package 'ms'.",
    "error: Something new": "Something new",
  };
  for (const [stderr, reason] of Object.entries(cases)) {
    assertEquals(explainFailure(`${stderr}\n`, exited), reason);
  }
});

Deno.test("install error holds the causes and no stack trace, progress or colours", () => {
  const stderr = [
    "Download http://127.0.0.1:9/ms",
    '\x1b[0m\x1b[1m\x1b[31merror\x1b[0m: Failed loading http://127.0.0.1:9/ms for package "ms"',
    "",
    "Caused by:",
    "    0: error sending request for url (http://127.0.0.1:9/ms): Connection refused (os error 111)",
    "    1: Connection refused (os error 111)",
    "",
    "Stack backtrace:",
    "   0: <unknown>",
  ].join("\n");
  assertEquals(
    explainFailure(stderr, exited),
    'registry not reachable: Failed loading http://127.0.0.1:9/ms for package "ms"; ' +
      "error sending request for url (http://127.0.0.1:9/ms): Connection refused (os error 111)",
  );
});

Deno.test("install error names a full disk before anything else", () => {
  const stderr =
    "error: Failed caching npm package 'a@1'\n    0: failed to write '/x': No space left on device (os error 28)";
  assertMatch(explainFailure(stderr, exited), /^no disk space: Failed caching/);
});

Deno.test("install error is bounded", () => {
  assertEquals(explainFailure(`error: ${"x".repeat(10_000)}`, exited).length, 800);
});

Deno.test("install error says how a silent process ended", () => {
  assertEquals(explainFailure("", exited), "deno exited with code 1");
  assertEquals(explainFailure("\n", { code: 137, signal: "SIGKILL" }), "deno was ended by SIGKILL");
});

Deno.test("a registry that answers with a refusal was reached", () => {
  const said = (status: number) =>
    explainFailure(
      `error: Failed loading https://npm.test/ms for package "ms"\n    0: Bad response: ${status}\n`,
      {
        code: 1,
        signal: null,
      },
    ).split(":")[0];
  assertEquals([401, 403, 500].map(said), [
    "refused by the registry",
    "refused by the registry",
    "error of the registry",
  ]);
});
