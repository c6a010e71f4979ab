/** Sets of Python packages, each in its own folder, which is either complete or absent. */
import { join } from "@std/path";
import { Turns } from "../../turns.ts";
import type { InstallGuard } from "../install_guard.ts";
import { InstallError } from "../../../protocol/packages/install_error.ts";
import { digest } from "../seal.ts";
import { markUsed, removeTree, sweepSets, UNFINISHED } from "../sets.ts";
import type { Requirement } from "../../../protocol/packages/python/requirement.ts";
import { resolvePackages } from "./resolve.ts";
import type { Source } from "./sources.ts";

const RECORD = "packages.json";

/** One line of the record. */
interface Recorded {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  /** In hex. */
  readonly sha256: string;
  readonly origin: string;
}

/**
 * `DIR/HASH/{packages.json,*.whl}`. Invariants: a folder named by a hash is finished; its content matches its record,
 * which is checked at every use; an existing set needs no network.
 */
export class PackageStore {
  readonly #turns = new Turns();

  /** @param dir absolute. Nodes of one user may share it */
  constructor(private readonly dir: string, private readonly guard: InstallGuard) {}

  /**
   * @returns the paths of the wheels
   * @throws InstallError with the reason; the reason of `signal` when that is aborted
   */
  async install(
    requirements: readonly Requirement[],
    sources: readonly Source[],
    signal: AbortSignal,
  ): Promise<string[]> {
    const dir = await this.#folderOf(requirements);
    await markUsed(join(dir, RECORD), Date.now());
    return await this.#turns.take(dir, async () => {
      const there = await intactWheels(dir);
      return there ??
        await this.guard.inTurn(() => this.#fetch(dir, requirements, sources, signal), signal);
    }, signal);
  }

  /** As `Installer.tidy`. */
  async tidy(inUse: readonly (readonly Requirement[])[], now: number): Promise<number> {
    for (const set of inUse) await markUsed(join(await this.#folderOf(set), RECORD), now);
    return await sweepSets(this.dir, RECORD, now);
  }

  async #folderOf(requirements: readonly Requirement[]): Promise<string> {
    const names = requirements.map(({ name, extras, range }) => `${name}[${extras}]${range}`).sort();
    const hash = await digest(new TextEncoder().encode(JSON.stringify(names)));
    return join(this.dir, hash.slice(0, 32));
  }

  async #fetch(
    dir: string,
    requirements: readonly Requirement[],
    sources: readonly Source[],
    signal: AbortSignal,
  ): Promise<string[]> {
    await Deno.mkdir(this.dir, { recursive: true, mode: 0o700 });
    const draft = await Deno.makeTempDir({ dir: this.dir, prefix: UNFINISHED });
    const { diskMb, seconds } = this.guard.limits;
    const inTime = AbortSignal.timeout(seconds * 1000);
    try {
      // Only one fetched wheel is in memory at a time.
      const keep = (file: string, bytes: Uint8Array) => Deno.writeFile(join(draft, file), bytes);
      const limits = { maxBytes: diskMb * 1024 * 1024, keep };
      const record: Recorded[] = await resolvePackages(
        requirements,
        sources,
        limits,
        AbortSignal.any([signal, inTime]),
      );
      signal.throwIfAborted();
      await Deno.writeTextFile(join(draft, RECORD), JSON.stringify(record, null, 2));
      // Another node that shares the folder may have been faster: keep its set, which its agents may be using.
      if (await intactWheels(dir) === undefined) {
        await removeTree(dir);
        await Deno.rename(draft, dir);
      }
      return record.map(({ file }) => join(dir, file));
    } catch (error) {
      if (error !== inTime.reason) throw error;
      throw new InstallError(`time limit: it was not finished after ${seconds} s`);
    } finally {
      await removeTree(draft);
    }
  }
}

/** @returns `undefined` when the set is missing or has changed */
async function intactWheels(dir: string): Promise<string[] | undefined> {
  try {
    const record = JSON.parse(await Deno.readTextFile(join(dir, RECORD))) as Recorded[];
    for (const { file, sha256 } of record) {
      if (await digest(await Deno.readFile(join(dir, file))) !== sha256) return undefined;
    }
    return record.map(({ file }) => join(dir, file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw new InstallError(`'${dir}' cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
