/** Archives of a release, and Deno's executables in them, which come from a registry and are checked. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { bundleRunner } from "../../artefact/bundle.ts";
import { DenoBinaryError, fetchDeno } from "../../artefact/deno_binary.ts";
import { sha256Of } from "../../artefact/hash.ts";
import { ARCHITECTURES, DENO_PACKAGES } from "../../artefact/platforms.ts";
import { makeRelease } from "../../artefact/release.ts";
import manifest from "../../deno.json" with { type: "json" };

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-release-test-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("archive has all that a device needs, and its checksums are right", async () => {
  await withFolder(async (folder) => {
    const [runner, deno] = [join(folder, "runner.js"), join(folder, "thin-deno")];
    await bundleRunner(runner);
    await Deno.writeTextFile(deno, `#!/bin/sh\nexec ${Deno.execPath()} "$@"\n`);
    const parts = { version: manifest.version, runner, deno, mtimeSeconds: 1_700_000_000 };
    const archive = await makeRelease({ ...parts, architecture: "aarch64", outputDir: join(folder, "one") });
    assertMatch(archive, new RegExp(`/agentflow-node-${manifest.version}-linux-aarch64\\.tar\\.gz$`));
    const again = await makeRelease({ ...parts, architecture: "aarch64", outputDir: join(folder, "two") });
    assertEquals(await sha256Of(archive), await sha256Of(again), "two archives of the same differ");
    await run(folder, "tar", "-xzf", archive);
    const unpacked = join(folder, `agentflow-node-${manifest.version}-linux-aarch64`);
    assertEquals(
      [...Deno.readDirSync(unpacked)].map(({ name }) => name).sort(),
      [
        "LICENSE",
        "LICENSE.deno",
        "README.md",
        "SHA256SUMS",
        "agentflow-node.js",
        "agentflow-node.service",
        "deno",
      ],
    );
    await run(unpacked, "sha256sum", "--check", "--strict", "SHA256SUMS");
    assertMatch(
      await run(unpacked, "./deno", "run", "-A", "agentflow-node.js", "--version"),
      /^agentflow-node /,
    );
  });
});

Deno.test("release says that there is none for 32-bit ARM", async () => {
  const args = ["run", "-A", "scripts/release.ts", "--arch", "armv7l"];
  const cwd = new URL("../../", import.meta.url);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd, env: { NO_COLOR: "1" } })
    .output();
  assertEquals(code, 2);
  assertMatch(new TextDecoder().decode(stderr), /^release: Deno has no build for 32-bit ARM/);
});

/** A registry that answers with what the test gives it. */
function serve(answer: (path: string) => Response): { url: string } & AsyncDisposable {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(new URL(request.url).pathname),
  );
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("an executable that is not the one it must be is never used", async () => {
  await withFolder(async (folder) => {
    const asked: string[] = [];
    await using registry = serve((path) => {
      asked.push(path);
      return new Response("something else");
    });
    for (const architecture of ARCHITECTURES) {
      const fetching = fetchDeno(architecture, {
        cacheDir: join(folder, "cache"),
        registry: `${registry.url}/`,
      });
      await assertRejects(
        () => fetching,
        DenoBinaryError,
        "is not what it must be: its integrity is sha512-",
      );
    }
    const { version } = DENO_PACKAGES.aarch64;
    assertEquals(asked[1], `/@deno/linux-arm64-glibc/-/linux-arm64-glibc-${version}.tgz`);
    assert(!await Deno.stat(join(folder, "cache")).then(() => true, () => false), "something was kept");
  });
});

Deno.test("a registry that does not have it is named, with what else can be done", async () => {
  await withFolder(async (folder) => {
    await using registry = serve(() => new Response("no", { status: 404 }));
    const options = { cacheDir: folder, registry: registry.url };
    const error = await assertRejects(() => fetchDeno("aarch64", options), DenoBinaryError);
    assertMatch(error.message, /^Cannot fetch http:.*the registry answers 404: .*--deno-file FILE/);
  });
});

Deno.test("what is shipped is the Deno that the project is tested with", async () => {
  const ci = await Deno.readTextFile(new URL("../../.ci/run", import.meta.url));
  const tested = /^readonly DENO_VERSION=(.*)$/m.exec(ci)?.[1];
  for (const { version } of Object.values(DENO_PACKAGES)) assertEquals(version, tested);
});
