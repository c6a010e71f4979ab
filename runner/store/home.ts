/** The folder where a node keeps its state: owned by this user and closed to every other user of the machine. */
import { join } from "@std/path";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { lstatIfThere } from "../files/durable_file.ts";
import { isAnothers, othersMayChange, othersReach } from "../files/ownership.ts";

/** Where a node keeps its state. */
export interface Home {
  /** Absolute, without links. */
  readonly dir: string;
  /** The state folder itself, if it is not `dir`: earlier versions left state files there. */
  readonly shared: string | undefined;
  /** Messages about it for the operator. */
  readonly news: readonly string[];
}

/**
 * Uses the state folder itself if nobody else can enter it; else a closed folder inside it. Moves in a registry that an
 * earlier version left beside it.
 * @throws ConfigError when the folder belongs to, or can be changed by, somebody else
 */
export async function openHome(stateDir: string, node: string): Promise<Home> {
  try {
    await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
    const outer = await Deno.realPath(stateDir);
    const inner = join(outer, `agentflow_${node}.home`);
    // Keep using an existing inner folder, even if the outer folder has been closed since.
    const isOwn = isClosed(await Deno.lstat(outer)) && await lstatIfThere(inner) === undefined;
    const dir = isOwn ? outer : inner;
    if (!isOwn) await makeClosed(dir);
    const reason = await othersReach(isOwn ? stateDir : dir);
    if (reason !== undefined) throw new ConfigError(refusal(dir, reason));
    if (isOwn) return { dir, shared: undefined, news: [] };
    return { dir, shared: outer, news: await adoptRegistry(outer, dir, node) };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // The disk is read-only or full: the registry reports it and agents run. No other folder is trusted instead.
    return { dir: join(stateDir, `agentflow_${node}.home`), shared: undefined, news: [] };
  }
}

function isClosed(info: Deno.FileInfo): boolean {
  return !isAnothers(info) && ((info.mode ?? 0) & 0o077) === 0;
}

async function makeClosed(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const info = await Deno.lstat(dir);
  if (!info.isDirectory) throw new ConfigError(refusal(dir, "it is not a folder"));
  const reason = isAnothers(info) ? `belongs to user ${info.uid}` : othersMayChange(info);
  if (reason !== undefined) throw new ConfigError(refusal(dir, `it ${reason}`));
  if (!isClosed(info)) await Deno.chmod(dir, 0o700);
}

function refusal(dir: string, reason: string): string {
  return `The state of this node cannot be kept in ${dir}: ${reason}. Choose another folder with --state-dir, such as ` +
    "--state-dir ~/.local/state/agentflow";
}

/** Moves the registry with one rename, so that it, and the lock of a runner still using it, is always in exactly one place. */
async function adoptRegistry(shared: string, dir: string, node: string): Promise<string[]> {
  const name = `agentflow_${node}.registry`;
  const [before, after] = [join(shared, name), join(dir, name)];
  if (await lstatIfThere(before) === undefined || await lstatIfThere(after) !== undefined) return [];
  const reason = await foreignIn(before);
  if (reason !== undefined) return [`The content of ${before} is not used: ${reason}`];
  await Deno.rename(before, after);
  return [`The registry of this node has been moved to ${after}, where no other user can reach it`];
}

/** Why something at or below `path` may be somebody else's; `undefined` when only this user owns and can change it. */
async function foreignIn(path: string): Promise<string | undefined> {
  const info = await Deno.lstat(path);
  if (isAnothers(info)) return `${path} belongs to user ${info.uid}`;
  const reason = othersMayChange(info);
  if (reason !== undefined) return `${path} ${reason}`;
  if (info.isFile) return (info.nlink ?? 1) > 1 ? `${path} has more than one name` : undefined;
  if (!info.isDirectory) return `${path} is not a file`;
  for await (const { name } of Deno.readDir(path)) {
    const inside = await foreignIn(join(path, name));
    if (inside !== undefined) return inside;
  }
  return undefined;
}
