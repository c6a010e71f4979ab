/** The runner's management of agents' state files; the agents themselves read and write them. */
import { isJsonObject, parseExactly } from "../../protocol/json.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";
import { join } from "@std/path";
import {
  lstatIfThereSync,
  moveDurably,
  readIfThere,
  removeAllDurably,
  replaceDurably,
} from "../files/durable_file.ts";
import { isAnothers, othersMayChange } from "../files/ownership.ts";

/** A state file that must not be used; the message is for the operator. */
export class StateFileError extends ExpectedError {
  override name = "StateFileError";
}

const PREFIX = "agentflow_";
const SUFFIX = "_state.json";
/** Files that SQLite writes beside a database without asking for permission. */
const DATABASE_FILES = ["-journal", "-wal", "-shm"];
/** Suffixes of the state file, of its next version, and of SQLite's files beside either. */
const NEXT = ".tmp";
const OWN_NAMES = ["", NEXT];
const LITTER_NAMES = OWN_NAMES.flatMap((own) => DATABASE_FILES.map((database) => own + database));

/** Suffix of a file that could not be read, kept for the operator. */
const DAMAGED = ".damaged";
const MODE = 0o600;
/** The unit of `st_blocks`. */
const BLOCK_BYTES = 512;
const MIB = 1024 * 1024;
/** Content of a placeholder file. An agent never writes an empty object with this spacing. */
const NOTHING_KEPT = "{ }";

/** Files are examined synchronously: each start examines a dozen, and a trip to another thread would take longer. */
export class StateFiles {
  /**
   * @param dir absolute; nobody else can enter it
   * @param maxBytes size limit of one file; agent code can write its file directly and so bypass the limit of `persist`
   * @param shared the shared folder where earlier versions kept the files
   */
  constructor(
    private readonly dir: string,
    private readonly maxBytes = Infinity,
    private readonly shared?: string,
  ) {}

  /** Where the state of `agent` is kept. */
  pathOf(agent: string): string {
    return join(this.dir, `${PREFIX}${agent}${SUFFIX}`);
  }

  /**
   * Makes sure an agent can be given its state file: it is not a link, belongs to this user, and no leftovers of an
   * earlier process are beside it. A damaged file is set aside.
   * @returns a message for the operator: what was set aside or ignored, and why; `undefined` when all is well
   * @throws StateFileError for a link, a file that is too large, or another owner's file
   */
  async prepare(agent: string, maxBytes = this.maxBytes): Promise<string | undefined> {
    const leftAlone = await this.#adopt(agent);
    await this.clear(agent);
    const path = this.pathOf(agent);
    for (const own of OWN_NAMES) {
      const found = lstatIfThereSync(path + own);
      if (found !== undefined) refuseUnlessOwnFile(path + own, found);
    }
    await this.#finish(agent, maxBytes);
    const info = lstatIfThereSync(path);
    if (info === undefined) return leftAlone;
    if (info.size > maxBytes) {
      throw new StateFileError(
        `State file ${path} has ${info.size} bytes, the limit is ${maxBytes}: remove it, or raise --state-mb`,
      );
    }
    if (((info.mode ?? MODE) & 0o7777) !== MODE) await Deno.chmod(path, MODE);
    const damage = damageOf(await Deno.readTextFile(path));
    if (damage === undefined) return undefined;
    // Keep at most one: an agent may damage its file any number of times.
    const aside = path + DAMAGED;
    await Deno.rename(path, aside);
    return `The state file was damaged (${damage}) and has been set aside as ${aside}: the agent starts without it`;
  }

  /**
   * Creates the file and its next version, so that the agent needs access to these two only and never creates a file.
   * Call it only before the agent starts.
   * @returns whether both exist
   */
  fix(agent: string): boolean {
    const contents = [[this.pathOf(agent), NOTHING_KEPT], [this.#nextOf(agent), ""]] as const;
    try {
      for (const [path, content] of contents) {
        if (lstatIfThereSync(path) !== undefined) continue;
        Deno.writeTextFileSync(path, content, { createNew: true, mode: MODE });
      }
      return true;
    } catch {
      // The disk is full or not writable: the agent runs and gets the error when it persists.
      return false;
    }
  }

  /** A complete next version is the latest state: the process ended before it wrote the file itself. It replaces the file. */
  async #finish(agent: string, maxBytes: number): Promise<void> {
    const next = this.#nextOf(agent);
    const info = lstatIfThereSync(next);
    if (info === undefined || info.size === 0 || info.size > maxBytes) return;
    if (damageOf(await Deno.readTextFile(next)) === undefined) await moveDurably(next, this.pathOf(agent));
    else await Deno.remove(next);
  }

  #nextOf(agent: string): string {
    return this.pathOf(agent) + NEXT;
  }

  /**
   * Removes leftovers at the state file's path: permission for a path covers everything below it, so agent code can
   * create a folder there. Do not call it while the agent runs. Links and other users' files stay.
   */
  async clear(agent: string): Promise<void> {
    const path = this.pathOf(agent);
    for (const own of OWN_NAMES) {
      const info = lstatIfThereSync(path + own);
      if (info?.isDirectory && !isAnothers(info)) await Deno.remove(path + own, { recursive: true });
      if (info?.isFile && !isAnothers(info)) removeIfNothing(path + own, info);
    }
    for (const litter of LITTER_NAMES) {
      const info = lstatIfThereSync(path + litter);
      if (info !== undefined) await Deno.remove(path + litter, { recursive: true });
    }
  }

  /** The agents that left something other than their own files at their state file's path. */
  litterers(): Set<string> {
    const found = new Set<string>();
    for (const { name, isDirectory } of entriesOf(this.dir)) {
      const at = name.lastIndexOf(SUFFIX);
      if (at < 0 || !name.startsWith(PREFIX)) continue;
      const rest = name.slice(at + SUFFIX.length);
      const isLitter = LITTER_NAMES.includes(rest) || isDirectory && OWN_NAMES.includes(rest);
      if (isLitter) found.add(name.slice(PREFIX.length, at));
    }
    return found;
  }

  /** What the files of each agent take on the disk, in MiB: also those of agents that do not run. */
  sizesMb(): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const { name, isFile } of entriesOf(this.dir)) {
      const at = name.lastIndexOf(SUFFIX);
      if (!isFile || at < 0 || !name.startsWith(PREFIX)) continue;
      const agent = name.slice(PREFIX.length, at);
      sizes.set(agent, (sizes.get(agent) ?? 0) + sizeMb(join(this.dir, name)));
    }
    return sizes;
  }

  /** The persisted state of an agent; `undefined` when there is none. */
  async read(agent: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    await this.#adopt(agent);
    const next = await readIfThere(this.#nextOf(agent));
    if (next !== undefined && damageOf(next) === undefined) {
      return parseExactly(next) as Record<string, unknown>;
    }
    const text = await readIfThere(this.pathOf(agent));
    return text === undefined || text === NOTHING_KEPT
      ? undefined
      : parseExactly(text) as Record<string, unknown>;
  }

  /** Replaces an agent's state; `undefined` removes it. Do not call it while the agent runs. */
  async write(agent: string, state: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    if (state === undefined) return await this.remove(agent);
    await this.#adopt(agent);
    await this.clear(agent);
    await replaceDurably(this.pathOf(agent), JSON.stringify(state));
  }

  /**
   * Deletes an agent's state. Do not call it while the agent runs. The files are gone before anything else happens here;
   * resolves when they stay gone after a power cut.
   */
  async remove(agent: string): Promise<void> {
    await this.#adopt(agent);
    await this.clear(agent);
    await removeAllDurably([...OWN_NAMES, DAMAGED].map((own) => this.pathOf(agent) + own));
  }

  /**
   * Takes over a state file that an earlier version left in the shared folder, if nobody else can have put it there.
   * @returns why the file was left in place, for the operator
   */
  async #adopt(agent: string): Promise<string | undefined> {
    if (this.shared === undefined) return undefined;
    const before = join(this.shared, `${PREFIX}${agent}${SUFFIX}`);
    const info = lstatIfThereSync(before);
    if (info === undefined || lstatIfThereSync(this.pathOf(agent)) !== undefined) return undefined;
    const reason = isAnothers(info) ? `it belongs to user ${info.uid}` : unfit(info);
    if (reason === undefined) {
      await Deno.rename(before, this.pathOf(agent));
      return undefined;
    }
    return `The state in ${before} is not used, because ${reason}: the agent starts without it. If it is the agent's own, ` +
      `stop the agent and move it: mv ${before} ${this.pathOf(agent)} && chown ${Deno.uid()} ${
        this.pathOf(agent)
      }`;
  }
}

function entriesOf(dir: string): Iterable<Deno.DirEntry> {
  try {
    return Deno.readDirSync(dir);
  } catch {
    // The disk is gone: the next write reports it.
    return [];
  }
}

/** The room it takes: a sparse file takes less than its size. */
function sizeMb(path: string): number {
  try {
    const { blocks, size } = Deno.lstatSync(path);
    return (blocks === null ? size : blocks * BLOCK_BYTES) / MIB;
  } catch {
    // It has just been removed.
    return 0;
  }
}

/** Removes a file that still has the content `fix` gave it. */
function removeIfNothing(path: string, { size }: Deno.FileInfo): void {
  const nothing = path.endsWith(NEXT) ? "" : NOTHING_KEPT;
  try {
    if (size === nothing.length && Deno.readTextFileSync(path) === nothing) Deno.removeSync(path);
  } catch {
    // Unreadable or not removable; leaving it is harmless.
  }
}

/** Why others could have changed the file. */
function unfit(info: Deno.FileInfo): string | undefined {
  if (!info.isFile) return "it is not a file";
  if ((info.nlink ?? 1) > 1) return "it has more than one name (hard links)";
  const reason = othersMayChange(info);
  return reason === undefined ? undefined : `it ${reason}`;
}

function refuseUnlessOwnFile(path: string, info: Deno.FileInfo): void {
  const advice = "remove it, or use another --state-dir";
  if (info.isSymlink) throw new StateFileError(`State file ${path} is a symbolic link: ${advice}`);
  if (isAnothers(info)) throw new StateFileError(`State file ${path} belongs to user ${info.uid}: ${advice}`);
  if (!info.isFile) throw new StateFileError(`State file ${path} is not a file: ${advice}`);
  if (info.nlink !== null && info.nlink > 1) {
    throw new StateFileError(`State file ${path} has more than one name (hard links): ${advice}`);
  }
}

function damageOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? undefined : "it holds no JSON object";
  } catch (error) {
    return (error as Error).message;
  }
}
