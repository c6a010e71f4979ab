/** Packages for agents in Python: from an index on loopback, from a folder, and the reasons why not. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { InterpreterStore } from "../../runner/install/python/interpreter.ts";
import { PackageStore } from "../../runner/install/python/packages.ts";
import { PYODIDE_VERSION } from "../../protocol/packages/python/release.ts";
import { parseEntry } from "../../protocol/packages/python/requirement.ts";
import { wheelFolder } from "../../runner/install/python/sources.ts";
import { installGuard } from "../support/install_guard.ts";
import { installPython } from "../support/python.ts";
import { Stage } from "../support/stage.ts";
import { buildWheel, PipIndex, type Wheel } from "../support/wheels.ts";

const wheels: Wheel[] = await Promise.all([
  { name: "greeter", version: "1.0.0", files: { "greeter.py": "def hi():\n    return 'old'\n" } },
  {
    name: "greeter",
    version: "1.10.0",
    files: { "greeter.py": "import helper_pkg\n\ndef hi():\n    return 'hi ' + helper_pkg.NAME\n" },
    requires: ["Helper_Pkg>=2,<3", "missing-one; python_version < '3.9'", "extra-one; extra == 'more'"],
    requiresPython: ">=3.9",
  },
  { name: "greeter", version: "2.0.0rc1", files: { "greeter.py": "" } },
  { name: "greeter", version: "3.0.0", files: { "greeter.py": "" }, requiresPython: "<3.9" },
  { name: "helper-pkg", version: "2.5", files: { "helper_pkg/__init__.py": "NAME = 'helper'\n" } },
  { name: "helper-pkg", version: "3.0", files: { "helper_pkg/__init__.py": "NAME = 'too new'\n" } },
].map(buildWheel));
const MISFITS = {
  "native-one": ["native_one-1.0-cp314-cp314-manylinux_2_28_x86_64.whl", "native_one-1.0.tar.gz"],
};
const HI = "import greeter\n\ndef handle_task(agent, payload):\n    return greeter.hi()\n";

async function failure(stage: Stage, name: string, install: readonly string[]): Promise<string> {
  const agent = await stage.launch({ name, install, language: "python", code: "x = 1" });
  const { json } = await agent.on("errors");
  assertEquals([json.phase, json.severity], ["install", "fatal"]);
  return json.error;
}

const ask = (stage: Stage, agent: string) =>
  stage.bus.ask(`agents/by-name/${agent}/task`, { payload: 1 }).then(({ json }) => json);

for (const format of ["json", "html"] as const) {
  Deno.test(`packages come from an index with all that they need, hashes recorded (${format})`, async () => {
    await using index = new PipIndex(wheels, MISFITS, format);
    await using stage = await Stage.set({ args: ["--pip-index-url", index.url] });
    await installPython(stage);
    const install = format === "json" ? ["pypi:greeter<2"] : "Greeter<2";
    await stage.spawn({ name: "greets", install, code: HI });
    assertEquals(await ask(stage, "greets"), { result: "hi helper" });
    assert(!index.asked.some((path) => path.includes("missing-one") || path.includes("extra-one")));

    // The same set again: from the disk.
    const asked = index.asked.length;
    await stage.spawn({ name: "again", install, code: HI });
    assertEquals(await ask(stage, "again"), { result: "hi helper" });
    assertEquals(index.asked.length, asked);

    const folder = join(stage.node.workDir, "python", "packages");
    for await (const { name } of Deno.readDir(folder)) {
      const record = JSON.parse(await Deno.readTextFile(join(folder, name, "packages.json")));
      for (const { file, sha256 } of record) {
        assertEquals(wheels.find((wheel) => wheel.file === file)?.sha256, sha256);
      }
    }
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("a folder of wheels comes first, and is enough without any index", async () => {
  const folder = await Deno.makeTempDir();
  for (const { file, bytes } of wheels) await Deno.writeFile(join(folder, file), bytes);
  const dead = ["--pip-index-url", "http://127.0.0.1:9/simple/"];
  await using stage = await Stage.set({ args: ["--wheels", folder, ...dead] });
  await installPython(stage);
  await stage.spawn({ name: "folder", install: ["greeter==1.10.0"], code: HI });
  assertEquals(await ask(stage, "folder"), { result: "hi helper" });
  await stage.spawn({ name: "pinned", install: ["greeter@1.0.0"], code: HI });
  assertEquals(await ask(stage, "pinned"), { result: "old" });
  assertMatch(
    await failure(stage, "nowhere", ["other"]),
    /http:\/\/127.0.0.1:9\/simple\/other\/ cannot be reached/,
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a package that cannot run here is refused, with the reason and what to do", async () => {
  const forged = {
    ...(wheels[0] as Wheel),
    name: "forged",
    file: "forged-1.0-py3-none-any.whl",
    sha256: "0".repeat(64),
  };
  await using index = new PipIndex([...wheels, forged], MISFITS, "json");
  await using stage = await Stage.set({ args: ["--pip-index-url", index.url] });
  await installPython(stage);
  const device = await failure(stage, "device", ["adafruit-dht"]);
  assertStringIncludes(device, "needs the device's own hardware");
  assertStringIncludes(device, 'write reading = await agent.sensor("temperature").read()');
  assertStringIncludes(
    await failure(stage, "gpio", ["pypi:RPi.GPIO"]),
    "'rpi-gpio' needs the device's own hardware",
  );
  const native = await failure(stage, "native", ["native-one"]);
  assertStringIncludes(native, "has no wheel that runs here");
  assertStringIncludes(native, "native_one-1.0.tar.gz");
  assertStringIncludes(await failure(stage, "unknown", ["no-such"]), "package not found: 'no-such'");
  assertStringIncludes(await failure(stage, "integrity", ["forged"]), "integrity mismatch");
  assertStringIncludes(await failure(stage, "mixed", ["npm:ms"]), "is for agents in TypeScript");
  assertStringIncludes(await failure(stage, "url", ["x @ https://evil.example/x.whl"]), "is not a package");
  assertStringIncludes(
    await failure(stage, "conflict", ["greeter==1.10.0", "helper-pkg==3.0"]),
    "greeter 1.10.0 needs 'helper-pkg",
  );
});

Deno.test("a node without agents in Python fetches nothing; without a registry, the first one says why it fails", async () => {
  const workDir = await Deno.makeTempDir();
  // The runner's own packages come from where they came from; what it starts finds nobody.
  const deno = join(workDir, "deno.sh");
  const script =
    `#!/bin/sh\nexport NPM_CONFIG_REGISTRY=http://127.0.0.1:9/\nexec '${Deno.execPath()}' "$@"\n`;
  await Deno.writeTextFile(deno, script, { mode: 0o755 });
  await using stage = await Stage.set({ args: ["--work-dir", workDir, "--deno", deno] });
  const folders = async () => await Array.fromAsync(Deno.readDir(workDir), ({ name }) => name);
  await stage.spawn({ name: "plain", code: "function handle_task() { return 'here'; }" });
  assertEquals((await folders()).includes("python"), false);
  const error = await failure(stage, "first", []);
  assertMatch(error, /^Python \(npm:pyodide@314\.0\.7\) cannot be installed: registry not reachable/);
  assertEquals(await ask(stage, "plain"), { result: "here" });
  await stage.node.end();
  await Deno.remove(workDir, { recursive: true });
});

Deno.test("an interpreter that is not what it was is fetched again, at the start where that is asked for", async () => {
  const workDir = await Deno.makeTempDir();
  const file = join(workDir, "python", "314.0.7", "pyodide.mjs");
  const ready = async () => {
    await using stage = await Stage.set({
      args: ["--work-dir", workDir, "--with-python", "--loglevel", "INFO"],
    });
    await stage.node.logged(/Python is ready/, 240_000);
    await stage.node.end();
  };
  await ready();
  const original = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, "throw new Error('not Python');");
  await ready();
  assertEquals(await Deno.readTextFile(file), original);
  await Deno.remove(workDir, { recursive: true });
});

const guard = installGuard();
const DAY_MS = 24 * 3600 * 1000;
const namesOf = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();

Deno.test("sets of Python packages that no node has used for a month go; what another node uses stays", async () => {
  const folder = await Deno.makeTempDir();
  const shared = join(folder, "packages");
  await Deno.mkdir(join(folder, "wheels"));
  for (const { file, bytes } of wheels) await Deno.writeFile(join(folder, "wheels", file), bytes);
  const sources = [wheelFolder(join(folder, "wheels"))];
  const sets = { old: [parseEntry("greeter==1.0.0")], used: [parseEntry("helper-pkg==2.5")] };
  const [here, there] = [new PackageStore(shared, guard), new PackageStore(shared, guard)];
  const { signal } = new AbortController();
  for (const set of Object.values(sets)) await here.install(set, sources, signal);
  await Deno.mkdir(join(shared, ".unfinished-1234"));
  await Deno.mkdir(join(shared, "not-ours"));
  const now = Date.now();
  assertEquals(await here.tidy([], now), 0);
  assertEquals((await namesOf(shared)).length, 4);
  assertEquals(await there.tidy([sets.used], now + 20 * DAY_MS), 0);
  assertEquals(await here.tidy([], now + 31 * DAY_MS), 1);
  assertEquals((await namesOf(shared)).length, 2, "the set in use, and what is not ours");
  // Without any source: from the disk.
  const [wheel = ""] = await here.install(sets.used, [], signal);
  assertMatch(wheel, /helper_pkg-2\.5-py3-none-any\.whl$/);
  assertEquals(await new PackageStore(join(folder, "nothing"), guard).tidy([], now), 0);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("snapshots of other versions of the runner go after a month, and releases without any", async () => {
  const dir = await Deno.makeTempDir();
  const now = Date.now();
  const file = async (path: string, ageDays: number) => {
    await Deno.mkdir(join(dir, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(dir, path), "");
    await Deno.utime(join(dir, path), new Date(now), new Date(now - ageDays * DAY_MS));
  };
  await file(`${PYODIDE_VERSION}/pyodide.mjs`, 90);
  await file(`${PYODIDE_VERSION}/snapshot-mine.bin`, 40);
  await file(`${PYODIDE_VERSION}/snapshot-old.bin`, 40);
  await file(`${PYODIDE_VERSION}/snapshot-other.bin`, 20);
  await file(`${PYODIDE_VERSION}/snapshot-x.bin.unfinished-1`, 2);
  await file("1.0.0/snapshot-a.bin", 40);
  await file("2.0.0/snapshot-a.bin", 20);
  for (const release of ["1.0.0", "2.0.0"]) {
    await Deno.utime(join(dir, release), new Date(now), new Date(now - 40 * DAY_MS));
  }
  const store = new InterpreterStore({ deno: Deno.execPath(), dir, env: {}, guard });
  const mine = { makeSnapshot: "", digest: "mine" };
  await store.tidy(mine, now);
  assertEquals(await namesOf(join(dir, PYODIDE_VERSION)), [
    "pyodide.mjs",
    "snapshot-mine.bin",
    "snapshot-other.bin",
  ]);
  // What it has just lost counts as a change: it goes with a later look.
  await store.tidy(mine, now + 31 * DAY_MS);
  assertEquals(await namesOf(dir), [PYODIDE_VERSION]);
  await store.tidy(undefined, now + 99 * DAY_MS);
  assertEquals(await namesOf(join(dir, PYODIDE_VERSION)), ["pyodide.mjs"], "the release in use stays");
  await Deno.remove(dir, { recursive: true });
});
