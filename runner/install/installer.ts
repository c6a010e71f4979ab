/** Fetches the dependencies of agents, each set into its own folder, which is either complete or absent. */
import { join } from "@std/path";
import {
  CACHE,
  CONSTANT_FILES,
  download,
  type Downloader,
  HOME,
  IMPORT_MAP,
  LOCK,
} from "../../protocol/packages/download.ts";
import { readNpmrc, registriesOf } from "../../protocol/packages/npmrc.ts";
import { jsrHost, registryEnv } from "../../protocol/packages/env.ts";
import type { Installed } from "./flags.ts";
import type { InstallGuard } from "./install_guard.ts";
import { InstallError } from "../../protocol/packages/install_error.ts";
import { digest, digestInstall, readSeal, SEAL, type Seal, sealPath, writeSeal } from "./seal.ts";
import { markUsed, removeTree, sweepSets, UNFINISHED } from "./sets.ts";
import type { Dependency } from "../../protocol/packages/specifiers.ts";
import { Turns } from "../turns.ts";

/** Where and how to install. */
export interface InstallerOptions extends Omit<Downloader, "guard"> {
  readonly guard: InstallGuard;
  /** Absolute path of the folder of all installs. Nodes of one user may share it. */
  readonly dir: string;
}

/**
 * Installs sets of dependencies, one folder each: `DIR/HASH/{import_map.json,lock.json,cache/,seal.json}`. Agents that ask for
 * the same set share its folder.
 *
 * Invariants:
 * - a folder named by a hash is finished: it is built under another name, sealed, then renamed;
 * - an intact folder is never written to, and needs neither network nor a process to be used again;
 * - one install per set runs at a time; sets do not wait for each other;
 * - a damaged set is fetched again at the versions of its lock, unless the lock is damaged too, or the registries are not
 *   those it came from: a lock names their addresses.
 */
export class Installer {
  readonly #options: InstallerOptions;
  readonly #turns = new Turns();

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  /**
   * Makes `dependencies` ready to be imported offline.
   * @throws InstallError with the reason; the reason of `signal` when that is aborted, after which nothing is left of the attempt
   */
  async install(dependencies: readonly Dependency[], signal: AbortSignal): Promise<Installed> {
    signal.throwIfAborted();
    try {
      const dir = join(this.#options.dir, await hashOf(dependencies));
      return await this.#turns.take(dir, () => this.#installSet(dir, dependencies, signal), signal);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new InstallError(`cannot install below '${this.#options.dir}': ${error.message}`, {
        cause: error,
      });
    }
  }

  /**
   * Marks the sets `inUse` as used now, and deletes sets that no node has used for a long time and unfinished leftovers of
   * crashes. Several nodes may share the folder.
   * @param now milliseconds since the epoch
   * @returns how many sets were deleted
   * @throws Deno's error when the folder cannot be changed
   */
  async tidy(inUse: Iterable<readonly Dependency[]>, now: number): Promise<number> {
    const { dir } = this.#options;
    await Promise.all(
      [...inUse].map(async (set) => await markUsed(sealPath(join(dir, await hashOf(set))), now)),
    );
    return await sweepSets(dir, SEAL, now);
  }

  async #installSet(
    dir: string,
    dependencies: readonly Dependency[],
    signal: AbortSignal,
  ): Promise<Installed> {
    await markUsed(sealPath(dir), Date.now());
    const state = await inspect(dir);
    if (state.kind === "intact") return await describe(dir, state.seal);
    return await this.#options.guard.inTurn(() => this.#fetchSet(dir, dependencies, state, signal), signal);
  }

  async #fetchSet(
    dir: string,
    dependencies: readonly Dependency[],
    state: Exclude<State, { kind: "intact" }>,
    signal: AbortSignal,
  ): Promise<Installed> {
    await Deno.mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    const draft = await Deno.makeTempDir({ dir: this.#options.dir, prefix: UNFINISHED });
    try {
      const { env } = this.#options;
      const npmrc = registriesOf(readNpmrc(env), env);
      const registries = { ...registryEnv(env), [NPMRC]: npmrc };
      if (state.kind === "damaged" && state.lockIntact && sameRecord(state.seal.registries, registries)) {
        await Deno.copyFile(join(dir, LOCK), join(draft, LOCK));
      }
      await download(draft, dependencies, this.#options, signal);
      await Deno.mkdir(join(draft, HOME));
      await Deno.writeTextFile(join(draft, HOME, ".npmrc"), `${npmrc}\n`);
      await this.#options.guard.settle(draft);
      const seal = { ...await digestInstall(draft, LOCK, CONSTANT_FILES), registries };
      await writeSeal(draft, seal);
      signal.throwIfAborted();
      await removeTree(dir);
      await Deno.rename(draft, dir);
      return await describe(dir, seal);
    } catch (error) {
      if (state.kind !== "damaged" || !(error instanceof InstallError)) throw error;
      throw new InstallError(`installed files are damaged and cannot be fetched again: ${error.message}`, {
        cause: error,
      });
    } finally {
      await removeTree(draft);
    }
  }
}

/** In a seal, besides the variables: the lines of `.npmrc` that name registries. */
const NPMRC = ".npmrc";

type State =
  | { readonly kind: "missing" }
  | { readonly kind: "intact"; readonly seal: Seal }
  | { readonly kind: "damaged"; readonly seal: Seal; readonly lockIntact: boolean };

async function inspect(dir: string): Promise<State> {
  const seal = await readSeal(dir);
  if (seal === undefined) return { kind: "missing" };
  const now = await digestInstall(dir, LOCK, CONSTANT_FILES);
  const lockIntact = now.lock === seal.lock;
  return lockIntact && now.files === seal.files
    ? { kind: "intact", seal }
    : { kind: "damaged", seal, lockIntact };
}

async function describe(
  dir: string,
  { registries: { [NPMRC]: npmrc, ...registries } }: Seal,
): Promise<Installed> {
  const lock = join(dir, LOCK);
  const usesJsr = "jsr" in JSON.parse(await Deno.readTextFile(lock));
  return {
    importMap: join(dir, IMPORT_MAP),
    lock,
    // The user's `.npmrc` may have changed since, and agents must not see it.
    env: {
      ...registries,
      ...(npmrc === undefined ? {} : { HOME: join(dir, HOME) }),
      DENO_DIR: join(dir, CACHE),
    },
    jsrHost: usesJsr ? jsrHost(registries) : undefined,
  };
}

/** The name of a set, independent of the order of its parts. */
async function hashOf(dependencies: readonly Dependency[]): Promise<string> {
  const specifiers = dependencies.map(({ specifier }) => specifier).sort();
  return (await digest(new TextEncoder().encode(JSON.stringify(specifiers)))).slice(0, 32);
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Whether the operating system refused, as opposed to a bug of ours. */
function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && !(error instanceof InstallError) && "code" in error &&
    typeof error.code === "string";
}
