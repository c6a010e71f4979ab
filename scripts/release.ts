/** `deno task release`: an archive for each architecture, and the runner alone, with checksums, in dist/. */
import { parseArgs } from "@std/cli/parse-args";
import { basename, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { BundleError, bundleRunner } from "../operator/release/bundle.ts";
import { DenoBinaryError, fetchDeno } from "../operator/release/deno_binary.ts";
import { type Architecture, ARCHITECTURES } from "../operator/release/platforms.ts";
import { sha256Of } from "../protocol/hash.ts";
import { makeRelease } from "../operator/release/release.ts";
import { VERSION } from "../protocol/version.ts";
import { writeLine } from "../protocol/write_line.ts";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
/** 2026-01-01: builds are reproducible; $SOURCE_DATE_EPOCH sets another time. */
const MTIME_SECONDS = 1_767_225_600;

const HELP = `Makes the archives of a release, and their checksums.

Usage: deno task release [--arch ${ARCHITECTURES.join("|")}] [--output DIR]

Each holds the runner, Deno for that architecture (from the npm registry, checked), a systemd unit, and how to install
them. The same sources give the same bytes. There is none for 32-bit ARM: Deno has no build for it.

Exit code: 0, 1 when something cannot be fetched or made, or 2 for a bad argument.`;

async function main(args: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const given = parseArgs(args, {
    string: ["arch", "output"],
    boolean: ["help"],
    unknown: (argument) => unknown.push(argument),
  });
  unknown.push(...given._.map(String));
  if (given.help) {
    writeLine(Deno.stdout, HELP);
    return 0;
  }
  const { arch, output } = given;
  const architectures = ARCHITECTURES.filter((known) => arch === undefined || arch === known);
  if (unknown.length > 0 || architectures.length === 0) {
    const isArm32 = /^(arm|armv[5-8].*|armhf)$/.test(String(arch));
    const problem = unknown.length > 0
      ? `unknown argument '${unknown[0]}'`
      : isArm32
      ? "Deno has no build for 32-bit ARM, so there is no release for it: install a 64-bit system"
      : `--arch must be one of ${ARCHITECTURES.join(", ")}: current value is '${arch}'`;
    writeLine(Deno.stderr, `release: ${problem}`);
    return 2;
  }
  try {
    await release(architectures, output ?? DIST);
    return 0;
  } catch (error) {
    if (!(error instanceof BundleError || error instanceof DenoBinaryError)) throw error;
    writeLine(Deno.stderr, `release: ${error.message}`);
    return 1;
  }
}

async function release(architectures: readonly Architecture[], outputDir: string): Promise<void> {
  const runner = join(outputDir, "agentflow-node.js");
  await bundleRunner(runner);
  const made = [runner];
  for (const architecture of architectures) {
    const deno = await fetchDeno(architecture, {
      cacheDir: join(outputDir, "cache"),
      env: Deno.env.toObject(),
      onProgress: (message) => writeLine(Deno.stdout, message),
    });
    const mtimeSeconds = Number(Deno.env.get("SOURCE_DATE_EPOCH") ?? MTIME_SECONDS);
    made.push(await makeRelease({ version: VERSION, architecture, runner, deno, outputDir, mtimeSeconds }));
  }
  const sums = await Promise.all(made.map(async (path) => `${await sha256Of(path)}  ${basename(path)}\n`));
  await Deno.writeTextFile(join(outputDir, "SHA256SUMS"), sums.join(""));
  for (const path of [...made, join(outputDir, "SHA256SUMS")]) {
    writeLine(Deno.stdout, `${path}: ${((await Deno.stat(path)).size / 1024 / 1024).toFixed(1)} MiB`);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
