/** The state files of agents, as the runner looks after them; the agents themselves read and write them. */
import { join } from "@std/path";
import {
  readIfThere,
  removeDurably,
  removeIfThere,
  replaceDurably,
  setAside,
} from "../files/durable_file.ts";

/** A state file that must not be used; the message is for the operator. */
export class StateFileError extends Error {
  override name = "StateFileError";
}

export class StateFiles {
  /**
   * @param dir absolute
   * @param maxBytes size limit of one; agent code can write its file itself, past the limit of `persist`
   */
  constructor(private readonly dir: string, private readonly maxBytes = Infinity) {}

  /** Where the state of `agent` is kept. */
  pathOf(agent: string): string {
    return join(this.dir, `agentflow_${agent}_state.json`);
  }

  /**
   * Makes sure an agent can be given its state file: in a folder that others can write, somebody may have put a link
   * there that aims elsewhere. A damaged file is set aside.
   * @returns what was set aside and why, for the operator; `undefined` when all is well
   * @throws StateFileError for a link, one that is too large, another owner's file, or anything that is no file
   */
  async prepare(agent: string, maxBytes = this.maxBytes): Promise<string | undefined> {
    const path = this.pathOf(agent);
    const [info] = await Promise.all(
      [lstatIfThere(path), lstatIfThere(`${path}.tmp`)].map(async (pending, index) => {
        const found = await pending;
        if (found !== undefined) refuseUnlessOwnFile(index === 0 ? path : `${path}.tmp`, found);
        return found;
      }),
    );
    if (info === undefined) return undefined;
    if (info.size > maxBytes) {
      throw new StateFileError(
        `State file ${path} has ${info.size} bytes, the limit is ${maxBytes}: remove it, or raise --state-mb`,
      );
    }
    const damage = damageOf(await Deno.readTextFile(path));
    if (damage === undefined) return undefined;
    const aside = await setAside(path);
    return `The state file was damaged (${damage}) and has been set aside as ${aside}: the agent starts without it`;
  }

  /** What an agent has kept; `undefined` when that is nothing. */
  async read(agent: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const text = await readIfThere(this.pathOf(agent));
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Replaces what an agent has kept; `undefined` for nothing. Not while the agent runs. */
  async write(agent: string, state: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    if (state === undefined) await this.remove(agent);
    else await replaceDurably(this.pathOf(agent), JSON.stringify(state));
  }

  /** Forgets what an agent has kept. */
  async remove(agent: string): Promise<void> {
    await removeDurably(this.pathOf(agent));
    await removeIfThere(`${this.pathOf(agent)}.tmp`);
  }
}

async function lstatIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function refuseUnlessOwnFile(path: string, info: Deno.FileInfo): void {
  if (info.isSymlink) {
    throw new StateFileError(`State file ${path} is a symbolic link: remove it, or use another --state-dir`);
  }
  if (!info.isFile) {
    throw new StateFileError(`State file ${path} is not a file: remove it, or use another --state-dir`);
  }
  if (info.nlink !== null && info.nlink > 1) {
    throw new StateFileError(
      `State file ${path} has more than one name (hard links): remove it, or use another --state-dir`,
    );
  }
  if (info.uid !== null && info.uid !== Deno.uid()) {
    throw new StateFileError(
      `State file ${path} belongs to user ${info.uid}: remove it, or use another --state-dir`,
    );
  }
}

function damageOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? undefined
      : "it holds no JSON object";
  } catch (error) {
    return (error as Error).message;
  }
}
