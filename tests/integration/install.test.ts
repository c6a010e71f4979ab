/** Real `deno` processes that install from the npm registry and from registries on loopback, and that import offline. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readNpmrc } from "../../protocol/packages/npmrc.ts";
import { fetchEnv } from "../../protocol/packages/env.ts";
import type { Installed } from "../../runner/install/flags.ts";
import { InstallError } from "../../protocol/packages/install_error.ts";
import { Installer } from "../../runner/install/installer.ts";
import { parseSpecifiers } from "../../protocol/packages/specifiers.ts";
import { installGuard } from "../support/install_guard.ts";
import { runImporting, tryImports } from "../support/import_child.ts";
import { serveJsr } from "../support/jsr_registry.ts";
import { type NpmPackage, serveNpm } from "../support/npm_registry.ts";

/** Nothing listens there: what is asked of it fails at once. */
const DEAD = "http://127.0.0.1:9/";
const OFFLINE = { NPM_CONFIG_REGISTRY: DEAD, JSR_URL: DEAD };
const never = new AbortController().signal;

class Desk implements AsyncDisposable {
  readonly installs: string;
  private constructor(readonly dir: string) {
    this.installs = join(dir, "installs");
  }
  static async open(): Promise<Desk> {
    return new Desk(await Deno.makeTempDir());
  }
  /** An installer as it is after a start of the runner. */
  installer(env: Record<string, string>, deno = Deno.execPath()): Installer {
    return new Installer({ deno, dir: this.installs, env, guard: installGuard() });
  }
  install(env: Record<string, string>, ...specifiers: string[]): Promise<Installed> {
    return this.installer(env).install(parseSpecifiers(specifiers), never);
  }
  run(code: string, installed?: Installed) {
    return runImporting(this.dir, code, installed);
  }
  /** What lies in the folder of installs. */
  async left(): Promise<string[]> {
    return await Array.fromAsync(Deno.readDir(this.installs), (entry) => entry.name);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.dir, { recursive: true });
  }
}

const npm = (name: string, version: string, more: Partial<NpmPackage> = {}): NpmPackage => ({
  name,
  version,
  files: {
    "index.js": `module.exports = "${name} ${version}";`,
    "sub.js": `module.exports = "${name} sub";`,
  },
  ...more,
});

/** Where the file of an npm package lies that was fetched from the one registry of `installed`. */
async function fetched(installed: Installed, path: string): Promise<string> {
  const npmDir = join(installed.env.DENO_DIR, "npm");
  const [registry] = await Array.fromAsync(Deno.readDir(npmDir), (entry) => entry.name);
  assert(registry !== undefined);
  return await Deno.realPath(join(npmDir, registry, path));
}

Deno.test("install makes packages of the npm registry importable by bare name, offline", async () => {
  await using desk = await Desk.open();
  const installed = await desk.install(fetchEnv(Deno.env.toObject()), "ms@2", "npm:nanoid@^5");
  const { stdout, stderr } = await desk.run(
    `
      import ms from "ms";
      import { nanoid } from "nanoid";
      import { nanoid as insecure } from "nanoid/non-secure";
      const seconds: string = ms(1000);
      console.log(seconds, nanoid().length, insecure().length, (await import("npm:ms@2")).default("1s"));
    `,
    installed,
  );
  assertEquals([stdout, stderr], ["1s 21 21 1000\n", ""]);
  assertEquals(installed.jsrHost, undefined);
});

Deno.test("install makes all exports of a JSR package importable, with what they import, when the registry is gone", async () => {
  await using desk = await Desk.open();
  let installed: Installed;
  {
    await using npmRegistry = serveNpm([npm("inner", "1.0.0")]);
    await using registry = serveJsr({
      "@t/hello@1.0.0": {
        files: {
          "/mod.ts": 'export const hello = (name: string): string => "hello " + name;',
          "/sub.ts":
            'import inner from "npm:inner@1"; import { other } from "jsr:@t/other@1"; export const all = [inner, other];',
        },
        exports: { ".": "./mod.ts", "./sub": "./sub.ts" },
      },
      "@t/other@1.2.0": { files: { "/mod.ts": 'export const other = "other";' } },
    });
    const env = { JSR_URL: registry.url, NPM_CONFIG_REGISTRY: npmRegistry.url };
    installed = await desk.install(env, "jsr:@t/hello@1");
    assertEquals(installed.jsrHost, new URL(registry.url).host);
  }
  const code =
    'import { hello } from "@t/hello"; import { all } from "@t/hello/sub"; console.log(hello("you"), ...all);';
  const { stdout, stderr } = await desk.run(code, installed);
  assertEquals([stdout, stderr], ["hello you inner 1.0.0 other\n", ""]);
});

Deno.test("install of a set that is there needs no network and changes nothing", async () => {
  await using desk = await Desk.open();
  let first: Installed;
  {
    await using registry = serveNpm([npm("one", "1.0.0"), npm("two", "1.0.0")]);
    first = await desk.install({ NPM_CONFIG_REGISTRY: registry.url }, "one@1", "two");
  }
  const written = (await Deno.stat(first.lock)).mtime;
  const second = await desk.install(OFFLINE, "npm:two", "npm:one@1");
  assertEquals(second, first);
  assertEquals((await Deno.stat(second.lock)).mtime, written);
  assertEquals(
    (await desk.run('import one from "one/sub.js"; console.log(one)', second)).stdout,
    "one sub\n",
  );
});

Deno.test("install asked for twice at once fetches once", async () => {
  await using desk = await Desk.open();
  await using registry = serveNpm([npm("one", "1.0.0")]);
  const installer = desk.installer({ NPM_CONFIG_REGISTRY: registry.url });
  const both = await Promise.all([1, 2].map(() => installer.install(parseSpecifiers(["one"]), never)));
  assertEquals(both[0], both[1]);
  assertEquals(registry.requests, ["one", "one/-/one-1.0.0.tgz"]);
});

Deno.test("install reports a package or version that does not exist, and leaves nothing behind", async () => {
  await using desk = await Desk.open();
  await using registry = serveNpm([npm("one", "1.0.0")]);
  await using jsr = serveJsr({ "@t/one@1.0.0": { files: { "/mod.ts": "export {};" } } });
  const env = { NPM_CONFIG_REGISTRY: registry.url, JSR_URL: jsr.url };
  const cases = {
    "npm:nope": "package not found: npm package 'nope' does not exist.",
    "npm:one@7": "version not found: Could not find npm package 'one' matching '7'.",
    "npm:one@soon": "version not found: Could not find dist-tag 'soon' for npm package 'one'.",
    "jsr:@t/nope": "package not found: JSR package not found: @t/nope",
    "jsr:@t/one@7":
      "version not found: Could not find version of '@t/one' that matches specified version constraint '7'",
  };
  for (const [specifier, reason] of Object.entries(cases)) {
    const error = await assertRejects(() => desk.install(env, specifier), InstallError);
    assertEquals(error.message, reason);
  }
  assertEquals(await desk.left(), []);
});

Deno.test("install reports a registry that cannot be reached", async () => {
  await using desk = await Desk.open();
  for (const specifier of ["npm:one", "jsr:@t/one"]) {
    const error = await assertRejects(
      () => desk.install(OFFLINE, specifier),
      InstallError,
      "registry not reachable: ",
    );
    assertStringIncludes(error.message, DEAD);
  }
});

Deno.test("install reports content that is not what the registry promised", async () => {
  await using desk = await Desk.open();
  await using registry = serveNpm([npm("one", "1.0.0")], {
    integrity: `sha512-${btoa("x".repeat(64))}`,
  });
  await using jsr = serveJsr({ "@t/one@1.0.0": { files: { "/mod.ts": "export {};" } } }, {
    corrupt: "/@t/one/1.0.0/mod.ts",
  });
  const env = { NPM_CONFIG_REGISTRY: registry.url, JSR_URL: jsr.url };
  for (const specifier of ["npm:one", "jsr:@t/one"]) {
    await assertRejects(() => desk.install(env, specifier), InstallError, "integrity mismatch: ");
  }
  assertEquals(await desk.left(), []);
});

Deno.test("install reports an executable that cannot be started and a folder that cannot be written", async () => {
  await using desk = await Desk.open();
  const dependencies = parseSpecifiers(["one"]);
  const broken = desk.installer(OFFLINE, join(desk.dir, "no-deno"));
  await assertRejects(
    () => broken.install(dependencies, never),
    InstallError,
    `cannot start '${join(desk.dir, "no-deno")}'`,
  );
  await Deno.writeTextFile(join(desk.dir, "file"), "");
  const nowhere = new Installer({
    deno: Deno.execPath(),
    dir: join(desk.dir, "file", "installs"),
    env: OFFLINE,
    guard: installGuard(),
  });
  await assertRejects(() => nowhere.install(dependencies, never), InstallError, "cannot install below");
});

Deno.test("install aborted while it fetches ends its process and leaves nothing behind", async () => {
  await using desk = await Desk.open();
  const asked = Promise.withResolvers<void>();
  const over = Promise.withResolvers<Response>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    asked.resolve();
    return over.promise;
  });
  const abort = new AbortController();
  const installer = desk.installer({ NPM_CONFIG_REGISTRY: `http://127.0.0.1:${server.addr.port}/` });
  const installing = assertRejects(
    () => installer.install(parseSpecifiers(["one"]), abort.signal),
    Error,
    "agent stopped",
  );
  await asked.promise;
  abort.abort(new Error("agent stopped"));
  await installing;
  assertEquals(await desk.left(), []);
  over.resolve(new Response());
});

Deno.test("install aborted kills a process that ignores SIGTERM", async () => {
  await using desk = await Desk.open();
  const pid = Promise.withResolvers<number>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    pid.resolve(Number(await request.text()));
    return new Response();
  });
  const stubborn = join(desk.dir, "stubborn.ts");
  await Deno.writeTextFile(
    stubborn,
    `#!/usr/bin/env -S ${Deno.execPath()} run -A --no-lock --no-config
      Deno.addSignalListener("SIGTERM", () => {});
      await fetch("http://127.0.0.1:${server.addr.port}/", { method: "POST", body: String(Deno.pid) });
      setInterval(() => {}, 1e9);`,
    { mode: 0o700 },
  );
  const abort = new AbortController();
  const installing = assertRejects(
    () => desk.installer({}, stubborn).install(parseSpecifiers(["one"]), abort.signal),
    Error,
    "agent stopped",
  );
  const child = await pid.promise;
  abort.abort(new Error("agent stopped"));
  await installing;
  await assertRejects(() => Deno.stat(`/proc/${child}`), Deno.errors.NotFound);
});

Deno.test("agent can import nothing that it did not declare, though another agent's install fetched it", async () => {
  await using desk = await Desk.open();
  await using registry = serveNpm([npm("one", "1.0.0"), npm("one", "2.0.0"), npm("two", "1.0.0")]);
  await using jsr = serveJsr({ "@t/one@1.0.0": { files: { "/mod.ts": "export {};" } } });
  const env = { NPM_CONFIG_REGISTRY: registry.url, JSR_URL: jsr.url };
  const mine = await desk.install(env, "one@1");
  const others = await desk.install(env, "one@2", "two", "jsr:@t/one");
  const undeclared = [
    "npm:two",
    "npm:one@2",
    "npm:one",
    "two",
    "jsr:@t/one",
    `${jsr.url}@t/one/1.0.0/mod.ts`,
  ];
  const nested = ["two", "one@2"].map((name) => `data:text/javascript,import "npm:${name}"`);
  assertEquals((await desk.run(tryImports(["npm:one@1", "one"]), mine)).stdout, "got npm:one@1\ngot one\n");
  for (const agent of [mine, undefined]) {
    // One child each: after one refusal, Deno refuses the rest as well.
    for (const specifier of [...undeclared, ...nested, ...(agent ? [] : ["one", "npm:one@1"])]) {
      assertStringIncludes((await desk.run(tryImports([specifier]), agent)).stdout, `no ${specifier}: `);
    }
    const file = await fetched(others, "two/1.0.0/index.js");
    const path = JSON.stringify(file);
    const code = `import { createRequire } from "node:module"; createRequire(${path})(${path});`;
    const required = await desk.run(code, agent);
    assertMatch(required.stderr, /Requires read access to/);
  }
});

Deno.test("agent is not started on an install that was changed on the disk", async () => {
  const changes: ((installed: Installed, file: string) => Promise<void>)[] = [
    (_, file) => Deno.writeTextFile(file, 'module.exports = "evil";'),
    async (_, file) => Deno.writeTextFile(file, (await Deno.readTextFile(file)).replace("one", "0ne")),
    (_, file) => Deno.truncate(file, 0),
    (_, file) => Deno.remove(file),
    (_, file) => Deno.writeTextFile(`${file}.more.js`, ""),
    async ({ lock }) =>
      Deno.writeTextFile(lock, (await Deno.readTextFile(lock)).replace("sha512-", "sha512-A")),
    ({ importMap }) => Deno.writeTextFile(importMap, "{}"),
  ];
  await using desk = await Desk.open();
  await using registry = serveNpm([npm("one", "1.0.0")]);
  for (const change of changes) {
    const installed = await desk.install({ NPM_CONFIG_REGISTRY: registry.url }, "one");
    await change(installed, await fetched(installed, "one/1.0.0/index.js"));
    const error = await assertRejects(() => desk.install(OFFLINE, "one"), InstallError);
    assertMatch(
      error.message,
      /^installed files are damaged and cannot be fetched again: registry not reachable/,
    );
  }
  const repaired = await desk.install({ NPM_CONFIG_REGISTRY: registry.url }, "one");
  assertEquals((await desk.run('import one from "one"; console.log(one)', repaired)).stdout, "one 1.0.0\n");
});

Deno.test("install that was damaged comes back at the versions and with the content of its lock", async () => {
  await using desk = await Desk.open();
  const packages = [npm("one", "1.0.0")];
  await using registry = serveNpm(packages);
  const env = { NPM_CONFIG_REGISTRY: registry.url };
  await Deno.writeTextFile((await desk.install(env, "one")).importMap, "{}");

  packages.splice(0, 1, npm("one", "1.0.0", { files: { "index.js": 'module.exports = "evil";' } }));
  await assertRejects(() => desk.install(env, "one"), InstallError, "integrity mismatch");

  packages.splice(0, 1, npm("one", "1.0.0"), npm("one", "2.0.0"));
  const repaired = await desk.install(env, "one");
  assertEquals((await desk.run('import one from "one"; console.log(one)', repaired)).stdout, "one 1.0.0\n");
});

Deno.test("install runs no lifecycle script", async () => {
  await using desk = await Desk.open();
  const marker = join(desk.dir, "ran");
  const scripts = {
    preinstall: `touch ${marker}`,
    install: `touch ${marker}`,
    postinstall: `touch ${marker}`,
  };
  await using registry = serveNpm([
    npm("one", "1.0.0", { manifest: { scripts, hasInstallScript: true } }),
  ]);
  const installed = await desk.install({ NPM_CONFIG_REGISTRY: registry.url }, "one");
  assertEquals((await desk.run('import one from "one"; console.log(one)', installed)).stdout, "one 1.0.0\n");
  await assertRejects(() => Deno.stat(marker), Deno.errors.NotFound);
});

Deno.test("agent with dependencies cannot store anything in its cache folder", async () => {
  await using desk = await Desk.open();
  await using registry = serveNpm([npm("one", "1.0.0")]);
  const installed = await desk.install({ NPM_CONFIG_REGISTRY: registry.url }, "one");
  const stored = await desk.run(
    'await (await caches.open("x")).put("http://x/", new Response("x"));',
    installed,
  );
  assertEquals(stored.success, false);
  assertEquals((await Deno.lstat(join(installed.env.DENO_DIR, "location_data"))).size, 0);
});

Deno.test("sets that nobody has used for a month go, and what a crash left unfinished; what is used stays", async () => {
  await using desk = await Desk.open();
  await using registry = serveNpm(["old", "used", "fresh"].map((name) => npm(name, "1.0.0")));
  const env = { NPM_CONFIG_REGISTRY: registry.url };
  for (const name of ["old", "used", "fresh"]) await desk.install(env, name);
  await Deno.mkdir(join(desk.installs, ".unfinished-1234"));
  await Deno.mkdir(join(desk.installs, "not-ours"));
  const day = 24 * 3600 * 1000;
  const now = Date.now();
  const installer = desk.installer(env);
  assertEquals(await installer.tidy([], now), 0);
  assertEquals((await desk.left()).length, 5);
  // Another node of the same folder uses it, and says so from time to time.
  await desk.installer(env).tidy([parseSpecifiers(["used"])], now + 20 * day);
  assertEquals((await desk.left()).filter((name) => name.startsWith(".")), []);
  await desk.install(OFFLINE, "fresh");
  assertEquals(await installer.tidy([parseSpecifiers(["fresh"])], now + 31 * day), 1);
  assertEquals((await desk.left()).length, 3);
  await desk.install(OFFLINE, "used");
  await desk.install(OFFLINE, "fresh");
  await assertRejects(() => desk.install(OFFLINE, "old"), InstallError, "registry not reachable");
  assertEquals(await desk.installer({}).tidy([], now), 0);
});

Deno.test("where nothing was ever installed there is nothing to tidy", async () => {
  await using desk = await Desk.open();
  assertEquals(await desk.installer({}).tidy([], Date.now()), 0);
});

Deno.test("the variables in .npmrc are npm's, and what it says later changes nothing for a set that is there", async () => {
  await using desk = await Desk.open();
  const home = await Deno.makeTempDir({ prefix: "agentflow-home-" });
  const npmrc = join(home, ".npmrc");
  try {
    let installed: Installed;
    {
      await using registry = serveNpm([npm("ms", "2.0.0")]);
      const { host } = new URL(registry.url);
      await Deno.writeTextFile(
        npmrc,
        `registry=http://\${REGISTRY_HOST}/\n//${host}/:_authToken=\${NPM_TOKEN}\n`,
      );
      const env = {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: home,
        REGISTRY_HOST: host,
        NPM_TOKEN: "a-secret",
      };
      installed = await desk.install(fetchEnv(env, readNpmrc(env)), "npm:ms@2");
    }
    const seen = await Deno.readTextFile(join(installed.env.HOME ?? "", ".npmrc"));
    assertEquals([seen.includes("a-secret"), seen.includes("NPM_TOKEN")], [false, false]);
    await Deno.writeTextFile(npmrc, "registry=http://127.0.0.1:9/\n");
    const again = await desk.install(fetchEnv({ HOME: home }), "npm:ms@2");
    const { stdout, stderr } = await desk.run(`import ms from "ms"; console.log(ms);`, again);
    assertEquals([stdout, stderr], ["ms 2.0.0\n", ""]);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
