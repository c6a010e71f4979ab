/** Makes one file of JavaScript of the runner, with the harness inside, and one of the command line. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { basename, dirname, join } from "@std/path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ConfigError } from "../../protocol/config/config_error.ts";

const ROOT = new URL("../../", import.meta.url);
const HARNESS_ENTRY = "agents/harness/main.js";

/** A bundle cannot be made; the message says why. */
export class BundleError extends ExpectedError {
  override name = "BundleError";
}

/**
 * Bundles the runner. The harness goes in as a file of JavaScript of its own: an agent's process then has one module
 * to load instead of nineteen to translate, and holds about 0.4 MiB less.
 *
 * The same sources and the same Deno give the same bytes.
 * @param output path of the file; its folder is made
 * @throws BundleError
 */
export async function bundleRunner(output: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-bundle-" });
  try {
    const harness = join(folder, "harness.js");
    await bundle(["--platform=deno"], new URL("agents/harness/main.ts", ROOT), harness);
    const source = join(folder, "harness_source.js");
    await Deno.writeTextFile(source, harnessModule(await Deno.readTextFile(harness)));
    const map = join(folder, "import_map.json");
    await Deno.writeTextFile(map, JSON.stringify(await importMap(source)));
    const bundled = join(folder, "runner.js");
    await bundle(["--platform=deno", `--import-map=${map}`], new URL("runner/main.ts", ROOT), bundled);
    await Deno.mkdir(dirname(output), { recursive: true });
    const temporary = `${output}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(temporary, withoutOwnPaths(await Deno.readTextFile(bundled), folder));
    await Deno.rename(temporary, output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bundles `agentflow`. @throws BundleError */
export async function bundleCommandLine(output: string): Promise<void> {
  await bundle(["--minify"], new URL("operator/ctl/main.ts", ROOT), output);
}

/**
 * The runner as one file: the one beside this program where that is a bundle, else made from the sources.
 * @param path where one that is made goes
 * @returns where it is
 * @throws BundleError; ConfigError where there is neither
 */
export async function runnerFile(path: string, report: (message: string) => void): Promise<string> {
  const beside = fileURLToPath(new URL("agentflow-node.js", import.meta.url));
  if (await isFile(beside)) return beside;
  if (!await isFile(fileURLToPath(new URL("runner/main.ts", ROOT)))) {
    throw new ConfigError("there is no agentflow-node.js beside this program: name one with --runner FILE");
  }
  report("Bundling the runner");
  await bundleRunner(path);
  return path;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not there.
    return false;
  }
}

/** What stands in for `runner/process/harness_source.ts`. */
function harnessModule(harness: string): string {
  const tree = { entry: HARNESS_ENTRY, files: { [HARNESS_ENTRY]: harness } };
  return `export const HARNESS = ${JSON.stringify(tree)};\n`;
}

/** The project's own, with absolute addresses, and with the harness' source replaced. */
async function importMap(harnessSource: string): Promise<unknown> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const absolute = Object.entries(imports as Record<string, string>).map(([name, target]) =>
    [name, target.startsWith("./") ? new URL(target, ROOT).href : target] as const
  );
  const replaced = new URL("runner/process/harness_source.ts", ROOT).href;
  return {
    imports: { ...Object.fromEntries(absolute), [replaced]: pathToFileURL(harnessSource).href },
  };
}

/** The bundler names each module by its path on this machine: the packages' cache and the temporary folder go. */
function withoutOwnPaths(code: string, folder: string): string {
  const own = new RegExp(`[^"\\s]*(?:/npm/[^/"\\s]+|${basename(folder)})/`);
  return code.replace(/^(?:\/\/ | {2}")\S+(?:"\(.*)?$/gm, (line) => {
    const prefix = line.slice(0, 3);
    return prefix + line.slice(3).replace(own, "");
  });
}

async function bundle(flags: readonly string[], entry: URL, output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", ...flags, `--output=${output}`, fileURLToPath(entry)],
    cwd: fileURLToPath(ROOT),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim();
  throw new BundleError(
    `Cannot bundle ${fileURLToPath(entry)}: ${reason}\n` +
      "(deno bundle fetches esbuild from the npm registry when it runs for the first time)",
  );
}
