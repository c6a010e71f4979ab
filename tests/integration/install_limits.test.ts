/** Packages that take more than an install may, or bring what none should. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { InstallError } from "../../protocol/packages/install_error.ts";
import { parseRequirement } from "../../protocol/packages/python/requirement.ts";
import { parseSpecifiers } from "../../protocol/packages/specifiers.ts";
import { INSTALL_LIMITS, type InstallLimits } from "../../runner/install/install_guard.ts";
import { Installer } from "../../runner/install/installer.ts";
import { PackageStore } from "../../runner/install/python/packages.ts";
import { simpleIndex } from "../../runner/install/python/sources.ts";
import { installGuard } from "../support/install_guard.ts";
import { type NpmPackage, serveNpm } from "../support/npm_registry.ts";
import { withFolder } from "../support/temp_folder.ts";
import { buildWheel, PipIndex } from "../support/wheels.ts";

const MIB = 1024 * 1024;
const never = new AbortController().signal;
const small: InstallLimits = { ...INSTALL_LIMITS, diskMb: 16, files: 300 };

function npm(name: string, more: Partial<NpmPackage>): NpmPackage {
  return { name, version: "1.0.0", files: { "index.js": "" }, ...more };
}

/** Installs `name` from a registry with that package. */
async function install(dir: string, one: NpmPackage, limits: InstallLimits): Promise<void> {
  await using registry = serveNpm([one]);
  const env = { NPM_CONFIG_REGISTRY: registry.url };
  const guard = installGuard(limits, true);
  const installer = new Installer({ deno: Deno.execPath(), dir, env, guard });
  await installer.install(parseSpecifiers([`npm:${one.name}`]), never);
}

const TOO_MUCH: Readonly<Record<string, readonly [NpmPackage, InstallLimits, RegExp]>> = {
  "a small archive of one large file": [
    npm("bomb", { odd: [{ path: "zeros", zeros: 200 * MIB }] }),
    small,
    /limit|SIGXFSZ/,
  ],
  "an archive of many files, each of them small enough": [
    npm("sack", { odd: Array.from({ length: 40 }, (_, n) => ({ path: `part-${n}`, zeros: MIB })) }),
    small,
    /disk limit: \d+\.\d MB used, 16 MB allowed/,
  ],
  "an archive of very many empty files": [
    npm("dust", { odd: Array.from({ length: 500 }, (_, n) => ({ path: `part-${n}` })) }),
    small,
    /files limit: \d+ files, 300 allowed/,
  ],
  "an archive that inflates beyond the memory": [
    npm("balloon", { odd: [{ path: "zeros", zeros: 400 * MIB }] }),
    { ...INSTALL_LIMITS, memoryMb: 128 },
    /memory limit|disk limit|SIG/,
  ],
};

for (const [what, [one, limits, says]] of Object.entries(TOO_MUCH)) {
  Deno.test(`${what} is refused, and nothing of it is left`, async () => {
    await withFolder(async (dir) => {
      const error = await assertRejects(() => install(dir, one, limits), InstallError);
      assert(says.test(error.message), error.message);
      assertEquals([...Deno.readDirSync(dir)], []);
    });
  });
}

Deno.test("an install that does not end is ended", async () => {
  await withFolder(async (dir) => {
    const { promise: late, resolve: answer } = Promise.withResolvers<Response>();
    const hanging = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => late);
    const env = { NPM_CONFIG_REGISTRY: `http://127.0.0.1:${hanging.addr.port}/` };
    const guard = installGuard({ ...INSTALL_LIMITS, seconds: 1 });
    const installer = new Installer({ deno: Deno.execPath(), dir, env, guard });
    const error = await assertRejects(
      () => installer.install(parseSpecifiers(["npm:x"]), never),
      InstallError,
    );
    assertStringIncludes(error.message, "time limit: it was not finished after 1 s");
    assertEquals([...Deno.readDirSync(dir)], []);
    answer(new Response());
    await hanging.shutdown();
  });
});

Deno.test("what an archive says of rights is not believed: no set-uid bit, no file that others may change", async () => {
  await withFolder(async (dir) => {
    const odd = [
      { path: "setuid", mode: "6777" },
      { path: "folder", mode: "7777", type: "5" },
      { path: "folder/open", mode: "666" },
    ];
    await install(dir, npm("rights", { odd }), INSTALL_LIMITS);
    const seen = await walk(dir);
    assert(seen.some(({ path }) => path.endsWith("/setuid")));
    assertEquals(seen.filter(({ mode }) => (mode & 0o7022) !== 0), []);
  });
});

Deno.test("links, pipes and devices in an archive are not made", async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(join(dir, "installs"));
    await Deno.writeTextFile(join(dir, "secret"), "as it was");
    const odd = [
      { path: "symbolic", type: "2", link: join(dir, "secret") },
      { path: "symbolic", zeros: 512 },
      { path: "hard", type: "1", link: join(dir, "secret") },
      { path: "fifo", type: "6" },
      { path: "device", type: "3" },
      { path: "../../../../../../climbed", zeros: 512 },
    ];
    // Whether such a package is refused or what is odd is left out is Deno's to decide.
    await install(join(dir, "installs"), npm("odd", { odd }), INSTALL_LIMITS).catch((error) =>
      assert(error instanceof InstallError)
    );
    const kinds = (await walk(join(dir, "installs"))).filter(({ isPlain }) => !isPlain);
    assertEquals([kinds, await Deno.readTextFile(join(dir, "secret"))], [[], "as it was"]);
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), ["installs", "secret"]);
  });
});

interface Seen {
  readonly path: string;
  readonly mode: number;
  readonly isPlain: boolean;
}

async function walk(dir: string): Promise<Seen[]> {
  const found: Seen[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    const path = join(dir, name);
    const { mode, isFile, isDirectory, nlink } = await Deno.lstat(path);
    const isPlain = isDirectory || isFile && nlink === 1;
    found.push({ path, mode: mode ?? 0, isPlain }, ...isDirectory ? await walk(path) : []);
  }
  return found;
}

Deno.test("of many installs two go on at the same time", async () => {
  await withFolder(async (dir) => {
    const names = Array.from({ length: 6 }, (_, n) => `one-${n}`);
    await using registry = serveNpm(names.map((name) => npm(name, {})));
    let open = 0;
    let most = 0;
    const gate = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
      most = Math.max(most, ++open);
      const response = await fetch(new URL(new URL(url).pathname, registry.url));
      const body = await response.bytes();
      open -= 1;
      return new Response(body, { status: response.status });
    });
    const env = { NPM_CONFIG_REGISTRY: `http://127.0.0.1:${gate.addr.port}/` };
    const installer = new Installer({ deno: Deno.execPath(), dir, env, guard: installGuard() });
    await Promise.all(names.map((name) => installer.install(parseSpecifiers([`npm:${name}`]), never)));
    assert(most <= 2, `${most} at the same time`);
    await gate.shutdown();
  });
});

/** Installs the wheel `name` from an index. */
async function installWheel(dir: string, name: string, indexUrl: string, limits = INSTALL_LIMITS) {
  const requirement = parseRequirement(name);
  assert(requirement !== undefined);
  const store = new PackageStore(dir, installGuard(limits));
  return await store.install([requirement], [simpleIndex(indexUrl)], never);
}

async function refusedWheel(dir: string, name: string, indexUrl: string, limits = INSTALL_LIMITS) {
  const error = await assertRejects(() => installWheel(dir, name, indexUrl, limits), InstallError);
  assertEquals([...Deno.readDirSync(dir)], []);
  return error.message;
}

Deno.test("a wheel whose metadata is larger than it says is refused", async () => {
  await withFolder(async (dir) => {
    const wheel = await buildWheel({
      name: "liar",
      version: "1.0",
      files: {},
      inflatedMetadataBytes: 64 * MIB,
    });
    assert(wheel.bytes.length < MIB);
    await using index = new PipIndex([wheel], {}, "json");
    assertStringIncludes(await refusedWheel(dir, "liar", index.url), "METADATA is larger than");
  });
});

Deno.test("wheels that are too large together are refused, and nothing of them is left", async () => {
  await withFolder(async (dir) => {
    const files = { "data.py": "#".repeat(10 * MIB) };
    const wheels = [
      await buildWheel({ name: "first", version: "1.0", files, requires: ["second"] }),
      await buildWheel({ name: "second", version: "1.0", files }),
    ];
    await using index = new PipIndex(wheels, {}, "json");
    assertStringIncludes(await refusedWheel(dir, "first", index.url, small), "disk limit: ");
  });
});

Deno.test("a page of an index that does not end is refused", async () => {
  await withFolder(async (dir) => {
    const page = () =>
      ReadableStream.from((function* () {
        for (;;) yield new Uint8Array(MIB).fill(32);
      })());
    const endless = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError: () => new Response() },
      () => new Response(page(), { headers: { "content-type": "text/html" } }),
    );
    const said = await refusedWheel(dir, "x", `http://127.0.0.1:${endless.addr.port}/`);
    assertStringIncludes(said, "is larger than the");
    await endless.shutdown();
  });
});
