/** Installs the runtime of Python agents: the interpreter and packages. */
import { join } from "@std/path";
import type { PythonStart } from "../../../protocol/frames.ts";
import type { SpawnConfig } from "../../../protocol/spawn_config.ts";
import { InstallError } from "../../../protocol/packages/install_error.ts";
import { type InterpreterOptions, InterpreterStore, type SnapshotMaker } from "./interpreter.ts";
import { PackageStore } from "./packages.ts";
import { parseEntry, type Requirement } from "../../../protocol/packages/python/requirement.ts";
import { builtForPyodide, simpleIndex, type Source, wheelFolder } from "./sources.ts";

/** What an agent's process gets, and may read. */
export type Python = PythonStart;

/** Sources of Python packages. */
export interface PythonSources {
  /** Absolute path of a folder with wheels; searched first. */
  readonly wheels: string | undefined;
  /** Base address of an index of the simple API. */
  readonly indexUrl: string;
}

export interface PythonInstallerOptions extends InterpreterOptions, PythonSources {
  /** Called before `what` is fetched for an agent, which takes a while. */
  readonly onFetch: (agent: string, what: string) => void;
}

export class PythonInstaller {
  readonly #interpreters: InterpreterStore;
  readonly #packages: PackageStore;

  constructor(private readonly options: PythonInstallerOptions) {
    this.#interpreters = new InterpreterStore(options);
    this.#packages = new PackageStore(join(options.dir, "packages"), options.guard);
  }

  /** @throws InstallError with the reason; the reason of `signal` when that is aborted */
  async install(config: SpawnConfig, maker: SnapshotMaker, signal: AbortSignal): Promise<Python> {
    const requirements = config.install.map(parseEntry);
    const onFetch = () => this.options.onFetch(config.name, "Python");
    const interpreter = await this.#interpreters.ready(maker, onFetch, signal);
    const wheels = requirements.length === 0
      ? []
      : await this.#packages.install(requirements, this.#sources(interpreter.dir), signal);
    return { ...interpreter, wheels, undecided: config.reading === "undecided" };
  }

  /** Fetches the interpreter ahead of time. @throws InstallError with the reason */
  async prefetch(maker: SnapshotMaker, signal: AbortSignal): Promise<void> {
    await this.#interpreters.ready(maker, () => {}, signal);
  }

  /**
   * Marks what agents here use as used now, and deletes what no node has used for a long time. Nodes may share the folder.
   * @param inUse the `install` of each agent in Python
   * @param now milliseconds since the epoch
   * @returns how many sets of packages were deleted
   * @throws Deno's error when the folder cannot be changed
   */
  async tidy(
    inUse: readonly (readonly string[])[],
    maker: () => Promise<SnapshotMaker>,
    now: number,
  ): Promise<number> {
    await this.#interpreters.tidy(inUse.length === 0 ? undefined : await maker(), now);
    return await this.#packages.tidy(inUse.flatMap(readable), now);
  }

  #sources(interpreterDir: string): Source[] {
    const { wheels, indexUrl } = this.options;
    return [
      ...(wheels === undefined ? [] : [wheelFolder(wheels)]),
      simpleIndex(indexUrl),
      builtForPyodide(interpreterDir),
    ];
  }
}

/** Skips invalid entries: they were never installed. */
function readable(set: readonly string[]): Requirement[][] {
  try {
    return set.length === 0 ? [] : [set.map(parseEntry)];
  } catch (error) {
    if (error instanceof InstallError) return [];
    throw error;
  }
}
