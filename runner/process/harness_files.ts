/** Writes the harness, which the runner carries, out for the agents' processes. */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { HARNESS } from "./harness_source.ts";

/**
 * Writes the harness below `workDir`, in a folder named by its content: runners of several versions may share it.
 * What is there already counts only where it has that content, and where nobody else can change it.
 * @returns the path of its main module
 * @throws Deno's error when the folder cannot be written
 * @throws Error when it is in other hands
 */
export async function writeHarness(workDir: string): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(HARNESS.files)).digest("hex").slice(0, 16);
  const folder = join(workDir, `harness-${digest}`);
  const entry = join(folder, HARNESS.entry);
  await Deno.mkdir(folder, { recursive: true, mode: 0o755 });
  await refuseForeign(folder);
  for (const [path, source] of Object.entries(HARNESS.files)) {
    await writeIfDifferent(join(folder, path), source);
  }
  return entry;
}

/** Whoever can write here after this runner has looked decides what runs around every agent. */
async function refuseForeign(folder: string): Promise<void> {
  const { uid, mode, isDirectory } = await Deno.lstat(folder);
  const reason = !isDirectory
    ? "it is no folder"
    : uid !== Deno.uid()
    ? "it belongs to another user"
    : ((mode ?? 0) & 0o022) !== 0
    ? "others may write there"
    : undefined;
  if (reason !== undefined) {
    throw new Error(
      `Cannot keep the harness in '${folder}': ${reason}: remove it, or choose another folder with --work-dir`,
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
    // Not through a link: what it leads to is somebody else's to change.
    return (await Deno.lstat(path)).isFile ? await Deno.readTextFile(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
