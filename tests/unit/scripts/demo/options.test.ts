import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { intro } from "../../../../scripts/demo/intro.ts";
import { HELP, parseDemoArgs } from "../../../../scripts/demo/options.ts";

Deno.test("demo runs until Ctrl-C on any free port when nothing is said", () => {
  assertEquals(parseDemoArgs([]), { kind: "run", seconds: undefined, port: undefined });
});

Deno.test("demo reads its flags", () => {
  assertEquals(parseDemoArgs(["--seconds", "2.5", "--port=1884"]), { kind: "run", seconds: 2.5, port: 1884 });
  assertEquals(parseDemoArgs(["--seconds", "x", "--help"]), { kind: "help" });
});

Deno.test("demo refuses flags and values that it cannot use", () => {
  for (
    const args of [["--second", "3"], ["ten"], ["--seconds"], ["--seconds", "0"], ["--seconds=-1"], [
      "--port",
      "x",
    ]]
  ) {
    assertThrows(() => parseDemoArgs(args), ConfigError);
  }
  assertThrows(
    () => parseDemoArgs(["--port", "70000"]),
    ConfigError,
    "--port must be a whole number from 1 to 65535: current value is '70000'",
  );
});

Deno.test("demo's help names every flag", () => {
  for (const flag of ["--seconds", "--port", "--help"]) assertStringIncludes(HELP, flag);
});

Deno.test("demo's first lines give commands with the port that is in use", () => {
  const scene = {
    node: "pi",
    sensor: "sensor",
    file: "sensor.ts",
    port: 4711,
    seconds: undefined,
    dashboard: "http://127.0.0.1:4712/",
  };
  const commands = intro(scene).split("\n").filter((line) => line.startsWith("  mosquitto_"));
  assertEquals(commands.length, 6);
  for (const command of commands) assertStringIncludes(command, "-h 127.0.0.1 -p 4711 -t ");
  assertStringIncludes(intro(scene), "Press Ctrl-C to end.");
  assertStringIncludes(intro(scene), "Dashboard, with control: http://127.0.0.1:4712/\n");
  assertStringIncludes(intro({ ...scene, seconds: 10 }), "The demo ends after 10 s");
});
