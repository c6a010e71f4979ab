import { assertEquals, assertThrows } from "@std/assert";
import { readPackage, readUpgrade, releaseOf, UpgradeError } from "../../../protocol/upgrade_package.ts";
import { packaged } from "../../support/installed.ts";

const GOOD = packaged("console.log('a runner')");

Deno.test("a package holds the runner, its release and its time of trial", () => {
  const { source, release, version, trialSeconds } = readPackage({ ...GOOD, _reply_topic: "x" });
  assertEquals(new TextDecoder().decode(source), "console.log('a runner')");
  assertEquals([release, version, trialSeconds], [releaseOf(source), "9.9.9", 60]);
  assertEquals(release, String(GOOD.sha256).slice(0, 16));
});

Deno.test("a release that the node still has is named, and no path", () => {
  assertEquals(readUpgrade({ release: "20261127T140000", trial_seconds: 5 }), {
    release: "20261127T140000",
    trialSeconds: 5,
  });
  assertEquals("source" in readUpgrade(GOOD), true);
  for (const release of ["../x", "..", "", 7, "a/b", "x".repeat(65)]) {
    assertThrows(() => readUpgrade({ release }), UpgradeError, "release");
  }
});

Deno.test("a package that is not what it says is refused, with what is wrong", () => {
  const wrong: Readonly<Record<string, [unknown, RegExp]>> = {
    "no object": ["text", /payload/],
    "no hash": [{ ...GOOD, sha256: undefined }, /^sha256/],
    "another's hash": [{ ...GOOD, sha256: "0".repeat(64) }, /not the one that sha256 stands for/],
    "not packed": [{ ...GOOD, bundle: btoa("plain text") }, /cannot be unpacked/],
    "not base64": [{ ...GOOD, bundle: "!" }, /^bundle must be base64/],
    "no version": [{ ...GOOD, version: "../../etc" }, /^version/],
    "no time": [{ ...GOOD, trial_seconds: 0 }, /^trial_seconds/],
    "too large": [packaged("x".repeat(33 * 1024 * 1024)), /cannot be unpacked/],
  };
  for (const [what, [json, pattern]] of Object.entries(wrong)) {
    const { message } = assertThrows(() => readPackage(json), UpgradeError);
    assertEquals(pattern.test(message), true, `${what}: ${message}`);
  }
});
