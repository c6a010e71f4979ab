/** The state files of agents, as the runner looks after them; the agents themselves read and write them. */
import { isJsonObject, parseExactly } from "../../protocol/json.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";
import { join } from "@std/path";
import {
  lstatIfThere,
  moveDurably,
  readIfThere,
  removeDurably,
  replaceDurably,
} from "../files/durable_file.ts";
import { isAnothers, othersMayChange } from "../files/ownership.ts";

/** A state file that must not be used; the message is for the operator. */
export class StateFileError extends ExpectedError {
  override name = "StateFileError";
}

const PREFIX = "agentflow_";
const SUFFIX = "_state.json";
/** What SQLite writes beside a database: it asks no permission for these. */
const DATABASE_FILES = ["-journal", "-wal", "-shm"];
/** A state file's own name, that of its next version, and what SQLite writes beside either; each after the name. */
const NEXT = ".tmp";
const OWN_NAMES = ["", NEXT];
const LITTER_NAMES = OWN_NAMES.flatMap((own) => DATABASE_FILES.map((database) => own + database));

/** What could not be read, for the operator. */
const DAMAGED = ".damaged";
const MODE = 0o600;
/** In a file that is there because it has to be: an agent's own says it otherwise. */
const NOTHING_KEPT = "{ }";

export class StateFiles {
  /**
   * @param dir absolute; nobody else can enter it
   * @param maxBytes size limit of one; agent code can write its file itself, past the limit of `persist`
   * @param shared where earlier versions kept the files, beside those of others
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
   * Makes sure an agent can be given its state file: no link that aims elsewhere, nobody else's, and nothing beside it
   * that an earlier process has left. A damaged file is set aside.
   * @returns what was set aside or not used, and why, for the operator; `undefined` when all is well
   * @throws StateFileError for a link, one that is too large, or another owner's file
   */
  async prepare(agent: string, maxBytes = this.maxBytes): Promise<string | undefined> {
    const leftAlone = await this.#adopt(agent);
    await this.clear(agent);
    const path = this.pathOf(agent);
    for (const own of OWN_NAMES) {
      const found = await lstatIfThere(path + own);
      if (found !== undefined) refuseUnlessOwnFile(path + own, found);
    }
    await this.#finish(agent, maxBytes);
    const info = await lstatIfThere(path);
    if (info === undefined) return leftAlone;
    if (info.size > maxBytes) {
      throw new StateFileError(
        `State file ${path} has ${info.size} bytes, the limit is ${maxBytes}: remove it, or raise --state-mb`,
      );
    }
    if (((info.mode ?? MODE) & 0o7777) !== MODE) await Deno.chmod(path, MODE);
    const damage = damageOf(await Deno.readTextFile(path));
    if (damage === undefined) return undefined;
    // One at most: an agent may damage its file as often as it likes.
    const aside = path + DAMAGED;
    await Deno.rename(path, aside);
    return `The state file was damaged (${damage}) and has been set aside as ${aside}: the agent starts without it`;
  }

  /**
   * Makes the file and its next version, so that the agent can be given these two alone, and needs to make none. Only
   * before it starts.
   * @returns whether both are there
   */
  async fix(agent: string): Promise<boolean> {
    const contents = [[this.pathOf(agent), NOTHING_KEPT], [this.#nextOf(agent), ""]] as const;
    try {
      for (const [path, content] of contents) {
        if (await lstatIfThere(path) !== undefined) continue;
        await Deno.writeTextFile(path, content, { createNew: true, mode: MODE });
      }
      return true;
    } catch {
      // A disk that is full, or cannot be written: the agent runs, and hears of it when it persists.
      return false;
    }
  }

  /** A next version that is complete is what was kept last: the process has ended before it was in the file itself too. */
  async #finish(agent: string, maxBytes: number): Promise<void> {
    const next = this.#nextOf(agent);
    const info = await lstatIfThere(next);
    if (info === undefined || info.size === 0 || info.size > maxBytes) return;
    if (damageOf(await Deno.readTextFile(next)) === undefined) await moveDurably(next, this.pathOf(agent));
    else await Deno.remove(next);
  }

  #nextOf(agent: string): string {
    return this.pathOf(agent) + NEXT;
  }

  /**
   * Removes what a process has left where its state file belongs: the permission for a file is one for all below it, so
   * agent code can make a folder in its place. Not while the agent runs. What is a link or another user's stays.
   */
  async clear(agent: string): Promise<void> {
    const path = this.pathOf(agent);
    for (const own of OWN_NAMES) {
      const info = await lstatIfThere(path + own);
      if (info?.isDirectory && !isAnothers(info)) await Deno.remove(path + own, { recursive: true });
      if (info?.isFile && !isAnothers(info)) await removeIfNothing(path + own, info);
    }
    for (const litter of LITTER_NAMES) {
      const info = await lstatIfThere(path + litter);
      if (info !== undefined) await Deno.remove(path + litter, { recursive: true });
    }
  }

  /** The agents that have something else than files of their own where their state file belongs. */
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

  /** What an agent has kept; `undefined` when that is nothing. */
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

  /** Replaces what an agent has kept; `undefined` for nothing. Not while the agent runs. */
  async write(agent: string, state: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    if (state === undefined) return await this.remove(agent);
    await this.#adopt(agent);
    await this.clear(agent);
    await replaceDurably(this.pathOf(agent), JSON.stringify(state));
  }

  /** Forgets what an agent has kept. Not while it runs. */
  async remove(agent: string): Promise<void> {
    await this.#adopt(agent);
    await this.clear(agent);
    for (const own of [...OWN_NAMES, DAMAGED]) await removeDurably(this.pathOf(agent) + own);
  }

  /**
   * Takes over what an earlier version has kept in the shared folder, where nobody else can have put it there.
   * @returns why it stays where it is, for the operator
   */
  async #adopt(agent: string): Promise<string | undefined> {
    if (this.shared === undefined) return undefined;
    const before = join(this.shared, `${PREFIX}${agent}${SUFFIX}`);
    const info = await lstatIfThere(before);
    if (info === undefined || await lstatIfThere(this.pathOf(agent)) !== undefined) return undefined;
    const reason = isAnothers(info) ? `it belongs to user ${info.uid}` : unfit(info);
    if (reason === undefined) {
      await Deno.rename(before, this.pathOf(agent));
      return undefined;
    }
    return `The state in ${before} is not used, ${reason}: the agent starts without it. If it is the agent's own, ` +
      `stop the agent and move it: mv ${before} ${this.pathOf(agent)} && chown ${Deno.uid()} ${
        this.pathOf(agent)
      }`;
  }
}

function entriesOf(dir: string): Iterable<Deno.DirEntry> {
  try {
    return Deno.readDirSync(dir);
  } catch {
    // A disk that is gone: whoever writes there hears of it.
    return [];
  }
}

/** Removes a file that is as `fix` has made it. */
async function removeIfNothing(path: string, { size }: Deno.FileInfo): Promise<void> {
  const nothing = path.endsWith(NEXT) ? "" : NOTHING_KEPT;
  try {
    if (size === nothing.length && await Deno.readTextFile(path) === nothing) await Deno.remove(path);
  } catch {
    // Not ours to read, or to remove: it does no harm.
  }
}

/** Why others could have changed it. */
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
