/** Makes ready what an agent in Python runs on: the interpreter and its packages. */
import type { PythonStart } from "../../../protocol/frames.ts";
import { readingOf } from "../../../protocol/language.ts";
import type { SpawnConfig } from "../../../protocol/spawn_config.ts";
import { type InterpreterOptions, InterpreterStore, type SnapshotMaker } from "./interpreter.ts";

/** What the process of an agent is told, and may read. */
export type Python = PythonStart;

export interface PythonInstallerOptions extends InterpreterOptions {
  /** `what` is about to be fetched for an agent, which takes a while. */
  readonly onFetch: (agent: string, what: string) => void;
}

export class PythonInstaller {
  readonly #interpreters: InterpreterStore;

  constructor(private readonly options: PythonInstallerOptions) {
    this.#interpreters = new InterpreterStore(options);
  }

  /** @throws InstallError with the reason; the reason of `signal` when that is aborted */
  async install(config: SpawnConfig, maker: SnapshotMaker, signal: AbortSignal): Promise<Python> {
    const onFetch = () => this.options.onFetch(config.name, "Python");
    const interpreter = await this.#interpreters.ready(maker, onFetch, signal);
    return { ...interpreter, wheels: [], undecided: readingOf(config) === "undecided" };
  }
}
