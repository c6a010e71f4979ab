/** Writes the harness, which is part of the runner, to files for the agents' processes. */
import { dirname, join } from "@std/path";
import { isAnothers } from "../files/ownership.ts";
import { HARNESS, type SourceTree } from "./harness_source.ts";
import { sha256 } from "../../protocol/hash.ts";

/**
 * Writes the harness below `workDir`, in a folder named after its content, so that several versions can share `workDir`.
 * Existing files are used only if they have that content and nobody else can change them.
 * @returns the path of its main module
 * @throws Deno's error when the folder cannot be written
 * @throws Error when another user owns it or can write there
 */
export async function writeHarness(workDir: string, tree: SourceTree = HARNESS): Promise<string> {
  const folder = join(workDir, `harness-${digestOf(tree)}`);
  const entry = join(folder, tree.entry);
  await Deno.mkdir(folder, { recursive: true, mode: 0o755 });
  await refuseForeign(folder);
  for (const [path, source] of Object.entries(tree.files)) {
    await writeIfDifferent(join(folder, path), source);
  }
  return entry;
}

/** The harness of agents in Python, written out. Paths are absolute. */
export interface PythonHarness {
  /** Its main module. */
  readonly entry: string;
  /** Makes the snapshot that `entry` starts from. */
  readonly makeSnapshot: string;
  /** Names this version of it. */
  readonly digest: string;
}

/** As `writeHarness`, for agents in Python. Its source is loaded lazily. */
export async function writePythonHarness(workDir: string): Promise<PythonHarness> {
  const { PYTHON_HARNESS } = await import("./python_harness_source.ts");
  const entry = await writeHarness(workDir, PYTHON_HARNESS);
  return {
    entry,
    makeSnapshot: join(dirname(entry), "make_snapshot.ts"),
    digest: digestOf(PYTHON_HARNESS),
  };
}

function digestOf({ files }: SourceTree): string {
  return sha256(JSON.stringify(files)).slice(0, 16);
}

/** Anyone who can write here after this check decides what runs around every agent. */
async function refuseForeign(folder: string): Promise<void> {
  const info = await Deno.lstat(folder);
  const reason = !info.isDirectory
    ? "it is no folder"
    : isAnothers(info)
    ? "it belongs to another user"
    : ((info.mode ?? 0) & 0o022) !== 0
    ? "others may write there"
    : undefined;
  if (reason !== undefined) {
    throw new Error(
      `Cannot store the harness in '${folder}': ${reason}. Remove it, or choose another folder with --work-dir`,
    );
  }
}

async function writeIfDifferent(path: string, source: string): Promise<void> {
  if (await readIfThere(path) === source) return;
  await Deno.mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, source, { mode: 0o644 });
  await Deno.rename(temporary, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    // Not through a link: somebody else may control its target.
    return (await Deno.lstat(path)).isFile ? await Deno.readTextFile(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
