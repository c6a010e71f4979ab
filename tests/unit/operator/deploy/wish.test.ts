import { assertEquals, assertThrows } from "@std/assert";
import { readRunnerFlags } from "../../../../operator/deploy/wish.ts";

Deno.test("flags of the runner go to the device as they are, switches without a value", () => {
  const { args, files, config } = readRunnerFlags([
    "--with-python",
    "--broker",
    "broker.lan",
    "--wheels=/srv/wheels",
  ]);
  assertEquals(args.map((arg) => "text" in arg ? arg.text : arg.file), [
    "--with-python",
    "--broker",
    "broker.lan",
    "--wheels",
    "/srv/wheels",
  ]);
  assertEquals(files, []);
  assertEquals(config.python.prefetch, true);
});

Deno.test("what deploy decides itself is refused", () => {
  assertThrows(
    () => readRunnerFlags(["--name", "n"]),
    Error,
    "--name cannot be set for a deployed node",
  );
  assertThrows(() => readRunnerFlags(["--test"]), Error, "--test cannot be set for a deployed node");
});
