/** Remembers the names seen last, for completions: a shell must not wait for a broker. */
import { dirname, join } from "@std/path";
import { isName } from "../../protocol/names.ts";
import type { Environment } from "../../protocol/config/flag.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { liveAgents } from "../operations/find.ts";

export interface Seen {
  readonly nodes: readonly string[];
  readonly agents: readonly string[];
}

const MAX_NAMES = 1000;

/** Stores the names of a fleet. Never fails: a command must not fail because of completions. */
export async function rememberFleet(fleet: Fleet, env: Environment): Promise<void> {
  const path = seenPath(env);
  if (path === undefined || fleet.nodes.length === 0) return;
  const seen: Seen = {
    nodes: fleet.nodes.map(({ name }) => name).slice(0, MAX_NAMES),
    agents: liveAgents(fleet).map(({ name }) => name).slice(0, MAX_NAMES),
  };
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    // Atomic: another command may be reading the file.
    const temporary = `${path}.${Deno.pid}`;
    await Deno.writeTextFile(temporary, JSON.stringify(seen), { mode: 0o600 });
    await Deno.rename(temporary, path);
  } catch {
    // Ignored: only completions suffer.
  }
}

/** Recalls the stored names; none if they cannot be read. */
export function recallFleet(env: Environment): Seen {
  try {
    const { nodes, agents } = JSON.parse(Deno.readTextFileSync(seenPath(env) ?? ""));
    return { nodes: names(nodes), agents: names(agents) };
  } catch {
    // No fleet has been seen yet.
    return { nodes: [], agents: [] };
  }
}

function seenPath({ XDG_CACHE_HOME, HOME }: Environment): string | undefined {
  const cache = XDG_CACHE_HOME || (HOME ? join(HOME, ".cache") : undefined);
  return cache === undefined ? undefined : join(cache, "agentflow", "seen.json");
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isName) : [];
}
