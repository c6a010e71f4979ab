/** The folder that a node keeps its state in: its own, closed to every other user of the machine. */
import { join } from "@std/path";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { lstatIfThere } from "../files/durable_file.ts";
import { isAnothers, othersMayChange, othersReach } from "../files/ownership.ts";

/** Where a node keeps its state. */
export interface Home {
  /** Absolute, without links. */
  readonly dir: string;
  /** The state folder itself, where that is not `dir`: earlier versions left state files there. */
  readonly shared: string | undefined;
  /** What is said of it, for the operator. */
  readonly news: readonly string[];
}

/**
 * The state folder itself where nobody else can enter it; else a folder in it that nobody else can. A registry that an
 * earlier version left beside it is taken in.
 * @throws ConfigError when what is there is in other hands
 */
export async function openHome(stateDir: string, node: string): Promise<Home> {
  try {
    await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
    const outer = await Deno.realPath(stateDir);
    const inner = join(outer, `agentflow_${node}.home`);
    // One that is there is used, even if the folder around it has been closed since.
    const isOwn = isClosed(await Deno.lstat(outer)) && await lstatIfThere(inner) === undefined;
    const dir = isOwn ? outer : inner;
    if (!isOwn) await makeClosed(dir);
    const reason = await othersReach(isOwn ? stateDir : dir);
    if (reason !== undefined) throw new ConfigError(refusal(dir, reason));
    if (isOwn) return { dir, shared: undefined, news: [] };
    return { dir, shared: outer, news: await adoptRegistry(outer, dir, node) };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // A disk that is read-only, or full: the registry says so, and agents run. Nothing else is believed instead.
    return { dir: join(stateDir, `agentflow_${node}.home`), shared: undefined, news: [] };
  }
}

function isClosed(info: Deno.FileInfo): boolean {
  return !isAnothers(info) && ((info.mode ?? 0) & 0o077) === 0;
}

async function makeClosed(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const info = await Deno.lstat(dir);
  if (!info.isDirectory) throw new ConfigError(refusal(dir, "it is no folder"));
  const reason = isAnothers(info) ? `belongs to user ${info.uid}` : othersMayChange(info);
  if (reason !== undefined) throw new ConfigError(refusal(dir, `it ${reason}`));
  if (!isClosed(info)) await Deno.chmod(dir, 0o700);
}

function refusal(dir: string, reason: string): string {
  return `The state of this node cannot be kept in ${dir}: ${reason}. Choose another folder with --state-dir, such as ` +
    "--state-dir ~/.local/state/agentflow";
}

/** Renamed as a whole: it is in one place at any moment, and so is the lock of a runner that still uses it. */
async function adoptRegistry(shared: string, dir: string, node: string): Promise<string[]> {
  const name = `agentflow_${node}.registry`;
  const [before, after] = [join(shared, name), join(dir, name)];
  if (await lstatIfThere(before) === undefined || await lstatIfThere(after) !== undefined) return [];
  const reason = await foreignIn(before);
  if (reason !== undefined) return [`What is in ${before} is not used: ${reason}`];
  await Deno.rename(before, after);
  return [`The registry of this node has been moved to ${after}, where no other user can reach it`];
}

/** Why something at or below `path` may be somebody else's; `undefined` when all of it is this user's alone. */
async function foreignIn(path: string): Promise<string | undefined> {
  const info = await Deno.lstat(path);
  if (isAnothers(info)) return `${path} belongs to user ${info.uid}`;
  const reason = othersMayChange(info);
  if (reason !== undefined) return `${path} ${reason}`;
  if (info.isFile) return (info.nlink ?? 1) > 1 ? `${path} has more than one name` : undefined;
  if (!info.isDirectory) return `${path} is no file`;
  for await (const { name } of Deno.readDir(path)) {
    const inside = await foreignIn(join(path, name));
    if (inside !== undefined) return inside;
  }
  return undefined;
}
