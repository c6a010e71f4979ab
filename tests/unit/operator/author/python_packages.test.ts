/** Which packages bring the modules that Python code imports. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { judgeImports } from "../../../../operator/author/python/packages.ts";
import { InstallError } from "../../../../protocol/packages/install_error.ts";

const KNOWN = {
  packages: {
    pyyaml: { imports: ["yaml", "_yaml"], depends: [] },
    pandas: { imports: ["pandas"], depends: ["python-dateutil"] },
    "python-dateutil": { imports: ["dateutil"], depends: ["six"] },
    six: { imports: ["six"], depends: [] },
  },
};

function judge(paths: readonly string[], install: readonly string[], guarded = false) {
  const imports = paths.map((path, index) => ({
    module: path.split(".")[0] ?? "",
    path,
    guarded,
    line: index + 1,
    column: 1,
  }));
  return judgeImports(imports, install, KNOWN);
}

Deno.test("a module comes with the package that has it, whatever that is called, and with what needs it", () => {
  for (
    const [path, entry] of [
      ["yaml", "pypi:PyYAML>=6"],
      ["dateutil.parser", "python-dateutil"],
      ["six", "pandas"],
      ["my_thing", "pypi:my-thing"],
    ] as const
  ) {
    assertEquals(judge([path], [entry]), { problems: [], notes: [], missing: [] }, path);
  }
});

Deno.test("a module that nothing brings is a problem that names the package", () => {
  const { problems, missing } = judge(["yaml", "colours"], ["six"]);
  assertEquals(missing, ["pypi:pyyaml", "pypi:colours"]);
  assertEquals(problems.map(({ line }) => line), [1, 2]);
  assertStringIncludes(problems[0]?.message ?? "", "No module named 'yaml'");
});

Deno.test("what a package brings that nobody here knows is not guessed", () => {
  const { problems, notes } = judge(["cv2"], ["opencv-thing"]);
  assertEquals([problems.length, notes], [0, [
    "line 1: whether opencv-thing provides 'cv2' is not known",
  ]]);
});

Deno.test("an import that the code goes on without is a note", () => {
  const { problems, notes } = judge(["yaml"], [], true);
  assertEquals([problems.length, notes.length], [0, 1]);
});

Deno.test("a module for the device's hardware is refused by the reason, not offered for install", () => {
  for (const path of ["RPi.GPIO", "serial", "analogio", "smbus2"]) {
    const { problems, missing } = judge([path], []);
    assertStringIncludes(problems[0]?.message ?? "", "needs the device's own hardware", path);
    assertEquals(missing, []);
  }
});

Deno.test("the modules of CircuitPython are there, and its drivers are in packages", () => {
  assertEquals(judge(["board", "busio", "digitalio", "adafruit_dht"], []).problems, []);
  assertEquals(judge(["adafruit_bmp280"], []).missing, ["pypi:adafruit-circuitpython-bmp280"]);
  assertEquals(judge(["adafruit_bmp280"], ["adafruit-circuitpython-bmp280"]).problems, []);
});

Deno.test("an entry of install that is none is an error", () => {
  assertThrows(() => judge([], ["npm:ms"]), InstallError, "is for agents in TypeScript");
});
