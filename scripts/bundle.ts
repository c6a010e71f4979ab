/** `deno task bundle`: the runner as one file, dist/agentflow-node.js. */
import { fileURLToPath } from "node:url";
import { BundleError, bundleRunner } from "../operator/release/bundle.ts";
import { writeLine } from "../protocol/write_line.ts";

const OUTPUT = fileURLToPath(new URL("../dist/agentflow-node.js", import.meta.url));

async function main([output = OUTPUT]: readonly string[]): Promise<number> {
  try {
    await bundleRunner(output);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    writeLine(Deno.stderr, error.message);
    return 1;
  }
  const { size } = await Deno.stat(output);
  writeLine(Deno.stdout, `${output}: ${(size / 1024 / 1024).toFixed(2)} MiB`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
