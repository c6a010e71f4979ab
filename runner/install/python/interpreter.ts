/** Fetches the interpreter of Python agents once, and makes the snapshot that they start from. */
import { join } from "@std/path";
import { Turns } from "../../turns.ts";
import type { Downloader } from "../../../protocol/packages/download.ts";
import { runFetch } from "../../../protocol/packages/fetcher.ts";
import { InstallError } from "../../../protocol/packages/install_error.ts";
import type { InstallGuard } from "../install_guard.ts";
import { helperFlags } from "../../process/helper_flags.ts";
import { fetchPackage } from "../../../protocol/packages/npm_package.ts";
import { digest } from "../seal.ts";
import {
  markUsed,
  MAX_UNFINISHED_MS,
  MAX_UNUSED_MS,
  namesIn,
  removeTree,
  timeOf,
  UNFINISHED,
} from "../sets.ts";
import { readNpmArchive } from "./npm_archive.ts";
import {
  PYODIDE_FILES,
  PYODIDE_PACKAGE,
  PYODIDE_VERSION,
} from "../../../protocol/packages/python/release.ts";

export interface InterpreterOptions extends Omit<Downloader, "guard"> {
  readonly guard: InstallGuard;
  /** Absolute path of the Python folder. Nodes of one user may share it. */
  readonly dir: string;
  /** Absolute path of Pyodide's npm archive, used instead of the registry. */
  readonly archive?: string | undefined;
}

/** Its location. Paths are absolute. */
export interface Interpreter {
  readonly dir: string;
  readonly snapshot: string;
}

/** The harness entry that makes a snapshot, and the harness version. */
export interface SnapshotMaker {
  readonly makeSnapshot: string;
  readonly digest: string;
}

/**
 * Invariants: the folder of a release is complete or absent; each runner checks its files against the release once; a
 * snapshot is made by the same harness that starts from it.
 */
export class InterpreterStore {
  readonly #turns = new Turns();
  #checked = false;

  constructor(private readonly options: InterpreterOptions) {}

  /**
   * @param onFetch called before anything is fetched or made
   * @throws InstallError with the reason; the reason of `signal` when that is aborted
   */
  ready(maker: SnapshotMaker, onFetch: () => void, signal: AbortSignal): Promise<Interpreter> {
    return this.#turns.take("python", () => this.#ready(maker, onFetch, signal), signal);
  }

  async #ready(maker: SnapshotMaker, onFetch: () => void, signal: AbortSignal): Promise<Interpreter> {
    const dir = join(this.options.dir, PYODIDE_VERSION);
    const snapshot = snapshotPath(dir, maker);
    const intact = this.#checked || await isIntact(dir);
    await markUsed(snapshot, Date.now());
    const made = intact && await exists(snapshot);
    if (!made) onFetch();
    try {
      if (!intact) await this.options.guard.inTurn(() => this.#fetch(dir, signal), signal);
      this.#checked = true;
      if (!made) await this.#make(maker, dir, snapshot, signal);
      return { dir, snapshot };
    } catch (error) {
      signal.throwIfAborted();
      throw new InstallError(
        `Python (npm:pyodide@${PYODIDE_VERSION}) cannot be installed: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  /**
   * Deletes snapshots that no node has used for a long time, releases without snapshots, and unfinished leftovers.
   * @param inUse the harness whose agents run here, if any do
   * @param now milliseconds since the epoch
   * @throws Deno's error when the folder cannot be changed
   */
  async tidy(inUse: SnapshotMaker | undefined, now: number): Promise<void> {
    const { dir } = this.options;
    if (inUse !== undefined) await markUsed(snapshotPath(join(dir, PYODIDE_VERSION), inUse), now);
    for (const name of await namesIn(dir)) {
      const path = join(dir, name);
      if (name.startsWith(UNFINISHED)) {
        if (now - await timeOf(path, Infinity) > MAX_UNFINISHED_MS) await removeTree(path);
      } else if (/^\d+(\.\d+)+$/.test(name)) {
        const left = await tidySnapshots(path, now);
        if (left === 0 && name !== PYODIDE_VERSION && now - await timeOf(path, now) > MAX_UNUSED_MS) {
          await removeTree(path);
        }
      }
    }
  }

  async #fetch(dir: string, signal: AbortSignal): Promise<void> {
    await Deno.mkdir(this.options.dir, { recursive: true, mode: 0o700 });
    const draft = await Deno.makeTempDir({ dir: this.options.dir, prefix: UNFINISHED });
    try {
      const files = join(draft, "files");
      await Deno.mkdir(files);
      if (this.options.archive === undefined) await this.#download(draft, files, signal);
      else await unpack(this.options.archive, files);
      if (!await isIntact(files)) {
        throw new InstallError(
          "integrity mismatch: its files are not those of the release" +
            (this.options.archive === undefined ? "" : `: '${this.options.archive}' is from another`),
        );
      }
      // Another runner that shares the folder may have been faster.
      if (await isIntact(dir)) return;
      await removeTree(dir);
      await Deno.rename(files, dir);
    } finally {
      await removeTree(draft);
    }
  }

  async #download(draft: string, files: string, signal: AbortSignal): Promise<void> {
    const source = await fetchPackage(PYODIDE_PACKAGE, draft, this.options, signal);
    for (const name of Object.keys(PYODIDE_FILES)) {
      await Deno.copyFile(join(source, name), join(files, name));
    }
  }

  /** Makes the snapshot in a process with an agent's sandbox that may also write this one file. */
  async #make(
    maker: SnapshotMaker,
    dir: string,
    snapshot: string,
    signal: AbortSignal,
  ): Promise<void> {
    const draft = `${snapshot}${UNFINISHED}${crypto.randomUUID()}`;
    const flags = helperFlags({ read: [dir], write: [draft] });
    await this.#deno(
      this.options.dir,
      [...flags, maker.makeSnapshot, dir, draft],
      signal,
    );
    using file = await Deno.open(draft, { write: true });
    await file.sync();
    await Deno.rename(draft, snapshot);
  }

  async #deno(dir: string, args: readonly string[], signal: AbortSignal): Promise<void> {
    const { deno, env } = this.options;
    const own = {
      DENO_DIR: join(dir, "cache"),
      DENO_NO_PACKAGE_JSON: "1",
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
    };
    await runFetch({ deno, args, env: { ...env, ...own }, cwd: dir }, signal);
  }
}

/** The caller checks afterwards that they are the right ones. */
async function unpack(archive: string, files: string): Promise<void> {
  const found = await readNpmArchive(archive, Object.keys(PYODIDE_FILES));
  for (const [name, bytes] of found) await Deno.writeFile(join(files, name), bytes);
}

function snapshotPath(release: string, maker: SnapshotMaker): string {
  return join(release, `snapshot-${maker.digest}.bin`);
}

/** @returns how many finished snapshots are left */
async function tidySnapshots(release: string, now: number): Promise<number> {
  let left = 0;
  for (const name of await namesIn(release)) {
    if (!name.startsWith("snapshot-")) continue;
    const path = join(release, name);
    const isUnfinished = name.includes(UNFINISHED);
    const isOld = now - await timeOf(path, now) > (isUnfinished ? MAX_UNFINISHED_MS : MAX_UNUSED_MS);
    if (isOld) await removeTree(path);
    else if (!isUnfinished) left += 1;
  }
  return left;
}

async function isIntact(dir: string): Promise<boolean> {
  try {
    for (const [name, sha256] of Object.entries(PYODIDE_FILES)) {
      if (await digest(await Deno.readFile(join(dir, name))) !== sha256) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
