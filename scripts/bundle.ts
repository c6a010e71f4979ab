/** `deno task bundle`: the runner as one file, dist/agentflow-node.js. */
import { fileURLToPath } from "node:url";
import { BundleError, bundleRunner } from "../operator/release/bundle.ts";

const OUTPUT = fileURLToPath(new URL("../dist/agentflow-node.js", import.meta.url));

async function main([output = OUTPUT]: readonly string[]): Promise<number> {
  try {
    await bundleRunner(output);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    write(Deno.stderr, error.message);
    return 1;
  }
  const { size } = await Deno.stat(output);
  write(Deno.stdout, `${output}: ${(size / 1024 / 1024).toFixed(2)} MiB`);
  return 0;
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
