/**
 * The runner as an executable, as far as a machine without Deno's base binary (denort) can tell: what is put into it is
 * looked at, with Deno itself as the base. That the result runs is tested only where $AGENTFLOW_TEST_DENORT names a
 * real one.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { CompileError, compileRunner } from "../../operator/release/compile.ts";
import type { Architecture } from "../../operator/release/platforms.ts";
import { type Need, needing } from "../support/programs.ts";

const DENORT = Deno.env.get("AGENTFLOW_TEST_DENORT");
const BASE: Need = {
  name: "denort",
  isThere: DENORT !== undefined,
  remedy: "AGENTFLOW_TEST_DENORT=/path/to/denort deno task test (Deno's releases have it, as denort-*.zip)",
};
const OWN: Architecture = Deno.build.arch;

async function withRunner(test: (runner: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-compile-test-" });
  try {
    const runner = join(folder, "agentflow-node.js");
    await bundleRunner(runner);
    await test(runner, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("executable has the runner in it, its permissions, and what keeps it small in memory", async () => {
  await withRunner(async (runner, folder) => {
    const output = join(folder, "agentflow-node");
    await compileRunner({ architecture: OWN, runner, output, denort: Deno.execPath() });
    // Deno's own metadata, and the modules, stand behind the base.
    const base = (await Deno.stat(Deno.execPath())).size;
    const payload = new TextDecoder().decode((await Deno.readFile(output)).subarray(base - 4096));
    const has = (pattern: RegExp) => assert(pattern.test(payload), `it does not hold ${pattern}`);
    has(/"v8_flags":\[[^\]]*"--max-semi-space-size=1"\]/);
    has(/"features":\["net"\]/);
    has(/"permissions":\{"allow_env":\[\],"deny_env":null,.*"allow_run":\[\],"deny_run":null/);
    // The harness goes along, as it does in the bundle.
    has(/"agents\/harness\/main\.js": '.*\\n\/\/ agents\/harness\/main\.ts\\n/);
    // So does the launcher that puts the kernel's walls around agents.
    has(/landlock_restrict_self/);
    assert(((await Deno.stat(output)).mode ?? 0) & 0o100);
  });
});

Deno.test("executable for ARM is made of the base that $DENORT_BIN names", async () => {
  await withRunner(async (runner, folder) => {
    const output = join(folder, "agentflow-node");
    await compileRunner({ architecture: "aarch64", runner, output, denort: Deno.execPath() });
    assert((await Deno.stat(output)).size > (await Deno.stat(runner)).size);
  });
});

Deno.test("executable that cannot be made, because its base is not to be had, says what to do", async () => {
  await withRunner(async (runner, folder) => {
    const env = { HTTPS_PROXY: "http://127.0.0.1:1", HTTP_PROXY: "http://127.0.0.1:1", DENO_DIR: folder };
    const parts = { runner, output: join(folder, "agentflow-node"), denort: undefined, env };
    const failing = compileRunner({ ...parts, architecture: "aarch64" });
    const { message } = await assertRejects(() => failing, CompileError);
    assertMatch(
      message,
      /^Cannot compile the runner for aarch64: .*denort-aarch64-unknown-linux-gnu\.zip.*\$DENORT_BIN/,
    );
  });
});

Deno.test({
  ...needing(BASE, "executable passes the self-test with a deno beside it"),
  fn: async () => {
    await withRunner(async (runner, folder) => {
      const output = join(folder, "agentflow-node");
      await compileRunner({ architecture: OWN, runner, output, denort: DENORT });
      await Deno.symlink(Deno.execPath(), join(folder, "deno"));
      const args = ["--test", "--state-dir", join(folder, "state"), "--work-dir", join(folder, "work")];
      const { code, stdout } = await new Deno.Command(output, { args, env: { PATH: "/usr/bin:/bin" } })
        .output();
      assertEquals(code, 0, new TextDecoder().decode(stdout));
    });
  },
});
