/** Archives of a release, and Deno's executables in them, which come from a registry and are checked. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { DenoBinaryError, fetchDeno } from "../../operator/release/deno_binary.ts";
import { sha256Of } from "../../protocol/hash.ts";
import { ARCHITECTURES, DENO_PACKAGES } from "../../operator/release/platforms.ts";
import { makeRelease } from "../../operator/release/release.ts";
import { serveNpm } from "../support/npm_registry.ts";
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

/** This machine, with npm configured for that registry alone. */
function machine(folder: string, registry: string): Record<string, string> {
  return { PATH: Deno.env.get("PATH") ?? "", HOME: folder, NPM_CONFIG_REGISTRY: registry };
}

Deno.test("an executable that is not the one it must be is never used", async () => {
  await withFolder(async (folder) => {
    const packages = ARCHITECTURES.map((each) => {
      const { name, version } = DENO_PACKAGES[each];
      return { name, version, files: { deno: "something else" } };
    });
    await using registry = serveNpm(packages);
    const cacheDir = join(folder, "cache");
    for (const architecture of ARCHITECTURES) {
      const fetching = fetchDeno(architecture, { cacheDir, env: machine(folder, registry.url) });
      await assertRejects(() => fetching, DenoBinaryError, "integrity mismatch: ");
    }
    assertEquals([...Deno.readDirSync(cacheDir)], [], "something was kept");
  });
});

Deno.test("a registry is found as npm finds it, and what can be done is said where it has no Deno", async () => {
  await withFolder(async (folder) => {
    await using registry = serveNpm([]);
    const { NPM_CONFIG_REGISTRY: _, ...env } = machine(folder, "");
    await Deno.writeTextFile(join(folder, ".npmrc"), `registry=${registry.url}\n`);
    const error = await assertRejects(
      () => fetchDeno("aarch64", { cacheDir: folder, env }),
      DenoBinaryError,
    );
    assertMatch(
      error.message,
      /^Cannot fetch Deno for aarch64 \(npm:@deno\/linux-arm64-glibc@[^:]*: .*\$NPM_CONFIG_REGISTRY.*--deno-file FILE/,
    );
    assert(
      registry.requests.some((path) => path.includes("@deno/linux-arm64-glibc")),
      `${registry.requests}`,
    );
  });
});

Deno.test("what is shipped is the Deno that the project is tested with", async () => {
  const ci = await Deno.readTextFile(new URL("../../.ci/run", import.meta.url));
  const tested = /^readonly DENO_VERSION=(.*)$/m.exec(ci)?.[1];
  for (const { version } of Object.values(DENO_PACKAGES)) assertEquals(version, tested);
});
