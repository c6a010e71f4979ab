/** What should run on this node, stored on disk: one file per agent, so that damage to one file affects only that agent. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { join } from "@std/path";
import { isName } from "../../protocol/names.ts";
import { Turns } from "../turns.ts";
import { readIfThere, removeDurably, replaceDurably, setAside } from "../files/durable_file.ts";
import { type EndedRecord, parseEnded, parseEntry, type RegistryEntry } from "./registry_entry.ts";

/** A node with this name already uses this state folder. */
export class AlreadyRunningError extends ExpectedError {
  override name = "AlreadyRunningError";
  override readonly code = "conflict";
}

/** What was found at the start. */
export interface Loaded {
  readonly entries: ReadonlyMap<string, RegistryEntry>;
  /** One message for the operator for each file that was set aside. */
  readonly damages: readonly string[];
}

/** How many ended agents are remembered. */
export const MAX_ENDED = 1000;

/**
 * Layout: `agentflow_{node}.registry/{agents,ended}/{agent}.json`; `installation`, a random id of this folder; `outbox.db`;
 * `used_commands.jsonl`; `audit.jsonl`; `fleets/{fleet}.json`; `processes/{pid}`; `node_key`.
 *
 * Invariants: one runner at a time uses the folder; writes for one agent happen in the order requested; once a
 * promise resolves, the data is on disk.
 */
export class Registry implements AsyncDisposable {
  readonly #turns = new Turns();
  readonly #entries = new Map<string, RegistryEntry>();
  readonly #ended = new Map<string, EndedRecord>();

  private constructor(
    private readonly dir: string,
    /** The same for every process that uses this folder. */
    readonly installation: string,
    private readonly lock: Deno.FsFile | undefined,
    /** The secret from which this node's keys are derived: 32 bytes in hex, never disclosed. */
    readonly nodeSecret: string,
    /** Why nothing can be stored, for the operator; every write then fails. */
    readonly problem: string | undefined,
  ) {}

  /** @throws AlreadyRunningError when another runner holds the folder */
  static async open(stateDir: string, node: string): Promise<Registry> {
    const dir = join(stateDir, `agentflow_${node}.registry`);
    try {
      for (const folder of ["agents", "ended"]) {
        await Deno.mkdir(join(dir, folder), { recursive: true, mode: 0o700 });
      }
      const lock = await lockOf(dir);
      if (lock !== undefined) {
        const installation = await installationId(join(dir, "installation"));
        return new Registry(
          dir,
          installation,
          lock,
          await secretIn(join(dir, "node_key")),
          undefined,
        );
      }
    } catch (error) {
      const problem = `The state folder ${stateDir} cannot be written (${(error as Error).message}): ` +
        "agents run, but will not come back after a restart of this node";
      return new Registry(dir, crypto.randomUUID().slice(0, 8), undefined, randomSecret(), problem);
    }
    throw new AlreadyRunningError(
      `A node named '${node}' already runs with the state folder ${stateDir}: start this one with another --name`,
    );
  }

  /** The outbox file, if the outbox is stored on disk. */
  get outboxPath(): string {
    return join(this.dir, "outbox.db");
  }

  /** The record of used signed commands. */
  get usedTokensPath(): string {
    return join(this.dir, "used_commands.jsonl");
  }

  /** The record of processes that run for this node. */
  get processesPath(): string {
    return join(this.dir, "processes");
  }

  /** The generations of fleets; `undefined` when nothing can be stored. */
  get generationsPath(): string | undefined {
    return this.problem === undefined ? join(this.dir, "fleets") : undefined;
  }

  /** The audit log. */
  get auditPath(): string {
    return join(this.dir, "audit.jsonl");
  }

  /** Reads everything. A damaged file is set aside; the rest is used. */
  async load(): Promise<Loaded> {
    const damages: string[] = [];
    const onDamage = (message: string) => damages.push(message);
    await this.#loadAll("agents", parseEntry, this.#entries, onDamage);
    const ended = new Map<string, EndedRecord>();
    await this.#loadAll("ended", parseEnded, ended, onDamage);
    // In the order in which they ended: the first is forgotten first.
    for (const [agent, record] of [...ended].sort(([, one], [, other]) => one.at - other.at)) {
      this.#ended.set(agent, record);
    }
    for (const agent of this.#ended.keys()) this.#entries.delete(agent);
    return { entries: new Map(this.#entries), damages };
  }

  find(agent: string): RegistryEntry | undefined {
    return this.#entries.get(agent);
  }

  endedRecord(agent: string): EndedRecord | undefined {
    return this.#ended.get(agent);
  }

  /** Stores an agent. @throws Deno's error when it cannot be written; `find` then still returns the requested entry */
  async save(agent: string, entry: RegistryEntry): Promise<void> {
    this.#entries.set(agent, entry);
    this.#ended.delete(agent);
    await this.#turns.take(agent, async () => {
      // In this order, an end that is still recorded always wins: see `remove`.
      await removeDurably(this.#path("ended", agent));
      await replaceDurably(this.#path("agents", agent), JSON.stringify(entry));
    });
  }

  /** Changes the entry of an agent; does nothing if there is none. */
  async update(agent: string, change: (entry: RegistryEntry) => RegistryEntry): Promise<void> {
    const entry = this.#entries.get(agent);
    if (entry !== undefined) await this.save(agent, change(entry));
  }

  /**
   * Resolves when the agent cannot come back.
   * @param ended recorded if a late message must not bring the agent back
   */
  async remove(agent: string, ended?: EndedRecord): Promise<void> {
    this.#entries.delete(agent);
    if (ended === undefined) {
      return await this.#turns.take(agent, () => removeDurably(this.#path("agents", agent)));
    }
    this.#remember(agent, ended);
    const recorded = this.#turns.take(
      agent,
      () => replaceDurably(this.#path("ended", agent), JSON.stringify(ended)),
    );
    // Not awaited: a recorded end takes precedence over any leftovers. This removal comes before any later write.
    const tidied = this.#turns.take(agent, async () => {
      await recorded;
      await removeDurably(this.#path("agents", agent));
    });
    // Either the end could not be recorded, which is reported already, or the entry stays until the next `save`
    // replaces it.
    tidied.catch(() => {});
    await recorded;
  }

  /** Resolves when all pending writes for an agent have succeeded or failed. */
  async flush(agent: string): Promise<void> {
    await this.#turns.take(agent, () => Promise.resolve());
  }

  /** Waits for pending writes, so that a process that ends does not leave half of its decisions on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.settled();
    // Closing releases the lock.
    this.lock?.close();
  }

  #remember(agent: string, ended: EndedRecord): void {
    this.#ended.delete(agent);
    this.#ended.set(agent, ended);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size <= MAX_ENDED || oldest === undefined) return;
    this.#ended.delete(oldest);
    // A file that stays is read again at the next start, and is removed later.
    this.#turns.take(oldest, () => removeDurably(this.#path("ended", oldest))).catch(() => {});
  }

  async #loadAll<T>(
    folder: "agents" | "ended",
    parse: (text: string) => T,
    into: Map<string, T>,
    onDamage: (message: string) => void,
  ): Promise<void> {
    for (const { name: file, isFile } of await filesOf(join(this.dir, folder))) {
      const agent = file.endsWith(".json") ? file.slice(0, -".json".length) : undefined;
      if (!isFile || !isName(agent)) continue;
      const path = this.#path(folder, agent);
      try {
        into.set(agent, parse(await Deno.readTextFile(path)));
      } catch (error) {
        const aside = await setAside(path);
        onDamage(
          `The registry entry of agent '${agent}' is damaged (${
            (error as Error).message
          }): it has been set aside as ${aside}`,
        );
      }
    }
  }

  #path(folder: "agents" | "ended", agent: string): string {
    return join(this.dir, folder, `${agent}.json`);
  }
}

async function installationId(path: string): Promise<string> {
  const kept = await readIfThere(path);
  if (kept !== undefined && /^[0-9a-f]{8}$/.test(kept)) return kept;
  const fresh = crypto.randomUUID().slice(0, 8);
  await replaceDurably(path, fresh);
  return fresh;
}

async function secretIn(path: string): Promise<string> {
  const kept = await readIfThere(path);
  if (kept !== undefined && /^[0-9a-f]{64}$/.test(kept)) return kept;
  const fresh = randomSecret();
  await replaceDurably(path, fresh);
  return fresh;
}

function randomSecret(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** @returns `undefined` when another process holds it */
async function lockOf(dir: string): Promise<Deno.FsFile | undefined> {
  const lock = await Deno.open(join(dir, "lock"), { write: true, create: true, mode: 0o600 });
  if (await lock.tryLock(true)) return lock;
  lock.close();
  return undefined;
}

async function filesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
