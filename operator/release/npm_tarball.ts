/** Makes the npm package: bundles of the command line and the runner, run by the Deno that npm installs with them. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { bundleCommandLine, bundleRunner } from "./bundle.ts";
import { DENO_VERSION } from "./deno_version.ts";

const ROOT = new URL("../../", import.meta.url);
const PROGRAMS = ["agentflow", "agentflow-node"] as const;

/** The package cannot be packed; the message says why, and what to do. */
export class NpmError extends ExpectedError {
  override name = "NpmError";
}

/**
 * @param outputDir folder for the archive, and for the unpacked package in `npm/`
 * @returns path of the archive
 * @throws BundleError; NpmError
 */
export async function makeNpmTarball(version: string, outputDir: string): Promise<string> {
  const folder = join(outputDir, "npm");
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(join(folder, "bin"), { recursive: true });
  await bundleRunner(join(folder, "agentflow-node.js"));
  await bundleCommandLine(join(folder, "agentflow.js"));
  for (const name of ["start", ...PROGRAMS]) {
    const path = join(folder, "bin", `${name}.cjs`);
    await Deno.copyFile(project(`scripts/npm/bin/${name}.cjs`), path);
    await Deno.chmod(path, 0o755);
  }
  for (const name of ["LICENSE", "CHANGELOG.md"]) await Deno.copyFile(project(name), join(folder, name));
  await Deno.copyFile(project("scripts/npm/README.md"), join(folder, "README.md"));
  await Deno.writeTextFile(join(folder, "package.json"), `${JSON.stringify(manifest(version), null, 2)}\n`);
  return join(outputDir, await pack(folder, outputDir));
}

function manifest(version: string): unknown {
  return {
    name: "agentflow",
    version,
    description: "Runs small programs as sandboxed agents on edge devices, commanded over MQTT.",
    license: "MIT",
    bin: Object.fromEntries(PROGRAMS.map((name) => [name, `bin/${name}.cjs`])),
    engines: { node: ">=18" },
    dependencies: { deno: DENO_VERSION },
  };
}

/** @returns the archive's name */
async function pack(folder: string, outputDir: string): Promise<string> {
  const command = new Deno.Command("npm", {
    args: ["pack", "--json", "--pack-destination", outputDir],
    cwd: folder,
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output().catch((error) => {
    throw new NpmError(`Cannot run npm: ${(error as Error).message}: install Node.js, which has it`);
  });
  const text = new TextDecoder();
  if (!success) throw new NpmError(`npm pack has failed: ${text.decode(stderr).trim()}`);
  const [{ filename }] = JSON.parse(text.decode(stdout));
  return filename;
}

function project(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}
