/** From flags to a spawn config; and which failure has which exit code. */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { codesOf, wordsOf } from "../../../../protocol/expected_error.ts";
import { milliseconds, text } from "../../../../operator/ctl/options.ts";
import { buildConfig, fieldsOf, readSpawnFile } from "../../../../operator/ctl/spawn_file.ts";
import { BusError } from "../../../../operator/bus_error.ts";
import { NoAnswerError, RefusedError } from "../../../../operator/commander.ts";
import { OperationError } from "../../../../operator/operator.ts";

Deno.test("flags become fields, each of its own type", () => {
  assertEquals(
    fieldsOf({
      name: "x",
      pollInterval: "0.5",
      install: "npm:a, npm:b",
      permissions: '{"net":["x"]}',
      maxRestarts: "3",
      replace: true,
      rollback: false,
      secrets: "KEY",
    }),
    {
      name: "x",
      poll_interval: 0.5,
      install: ["npm:a", "npm:b"],
      permissions: { net: ["x"] },
      max_restarts: 3,
      replace: true,
      rollback: false,
      secrets: ["KEY"],
    },
  );
  // commander sets --no-rollback to true where it is not given.
  assertEquals(fieldsOf({ rollback: true }), {});
});

Deno.test("a flag that cannot be used is named", () => {
  assertThrows(
    () => fieldsOf({ pollInterval: "soon" }),
    ConfigError,
    "--poll-interval must be a number: current value is 'soon'",
  );
  assertThrows(() => fieldsOf({ permissions: "{" }), ConfigError, "--permissions must be JSON");
  assertThrows(() => fieldsOf({ name: "" }), ConfigError, "--name needs a value");
  assertThrows(() => text({ signKey: "" }, "signKey"), ConfigError, "--sign-key needs a value");
  assertThrows(
    () => milliseconds({ timeout: "0" }, "timeout"),
    ConfigError,
    "--timeout must be a number of seconds above 0",
  );
  assertEquals(milliseconds({ timeout: "1.5" }, "timeout"), 1500);
});

Deno.test("a config is checked as a node checks it, and names its file", () => {
  const good = { name: "x", code: "1", node: "hall", of_a_planner: 1 };
  assertEquals(buildConfig(good, "f"), good);
  assertThrows(() => buildConfig({ ...good, name: "-x" }, "f.ts"), ConfigError, "f.ts: name must be");
  assertThrows(
    () => buildConfig({ name: "x", code: "" }, "f.ts"),
    ConfigError,
    "f.ts: Cannot spawn 'x': code must not be empty",
  );
});

Deno.test("a file's name is the agent's, and tells of Python", async () => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-file-" });
  try {
    await Deno.writeTextFile(`${folder}/a.py`, "def setup(agent): pass");
    await Deno.writeTextFile(`${folder}/b.ts`, "function setup() {}");
    const [python, typescript] = [
      await readSpawnFile(`${folder}/a.py`, {}),
      await readSpawnFile(`${folder}/b.ts`, {}),
    ];
    assertEquals([python.name, python.language], ["a", "python"]);
    assertEquals(typescript, { name: "b", code: "function setup() {}" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("each failure has its exit code", () => {
  assertEquals(
    [
      new ConfigError(""),
      new BusError(""),
      new NoAnswerError(""),
      new RefusedError("", undefined),
      new OperationError(""),
      new Error(""),
    ].map((error) => codesOf(error).exit),
    [2, 3, 4, 1, 1, 1],
  );
  assertEquals(wordsOf(new RefusedError("Refused", "unsigned")), "Refused: sign it with --sign-key FILE");
  assertEquals(wordsOf(new RefusedError("Refused", "replayed")), "Refused");
});
