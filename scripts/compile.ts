/** `deno task compile` and `deno task compile:arm`: the runner as an executable, in dist/. */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { BundleError, bundleRunner } from "../operator/release/bundle.ts";
import { CompileError, compileRunner } from "../operator/release/compile.ts";
import { type Architecture, ARCHITECTURES } from "../operator/release/platforms.ts";
import { writeLine } from "../protocol/write_line.ts";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));

async function main([given = Deno.build.arch, output]: readonly string[]): Promise<number> {
  const architecture = ARCHITECTURES.find((known) => known === given);
  if (architecture === undefined) {
    writeLine(
      Deno.stderr,
      `compile: the architecture must be one of ${ARCHITECTURES.join(", ")}: current value is '${given}'`,
    );
    return 2;
  }
  try {
    await compile(architecture, output ?? join(DIST, `agentflow-node-${architecture}`));
    return 0;
  } catch (error) {
    if (!(error instanceof BundleError || error instanceof CompileError)) throw error;
    writeLine(Deno.stderr, `compile: ${error.message}`);
    return 1;
  }
}

async function compile(architecture: Architecture, output: string): Promise<void> {
  const runner = join(dirname(output), "agentflow-node.js");
  await bundleRunner(runner);
  await compileRunner({ architecture, runner, output, denort: Deno.env.get("DENORT_BIN") });
  const { size } = await Deno.stat(output);
  writeLine(Deno.stdout, `${output}: ${(size / 1024 / 1024).toFixed(1)} MiB`);
  writeLine(Deno.stdout, "It needs a deno for its agents: beside it, on PATH, or named with --deno");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
