/** `deno task npm`: the command line and the runner as a package for npm, dist/agentflow-VERSION.tgz. */
import { fileURLToPath } from "node:url";
import { BundleError } from "../operator/release/bundle.ts";
import { makeNpmTarball, NpmError } from "../operator/release/npm_tarball.ts";
import { VERSION } from "../protocol/version.ts";
import { writeLine } from "../protocol/write_line.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

async function main([output = DIST]: readonly string[]): Promise<number> {
  try {
    const path = await makeNpmTarball(VERSION, output);
    const { size } = await Deno.stat(path);
    writeLine(Deno.stdout, `${path}: ${(size / 1024 / 1024).toFixed(1)} MiB`);
    writeLine(Deno.stdout, `Install it: npm install --global ${path}`);
    return 0;
  } catch (error) {
    if (!(error instanceof BundleError || error instanceof NpmError)) throw error;
    writeLine(Deno.stderr, `npm: ${error.message}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
