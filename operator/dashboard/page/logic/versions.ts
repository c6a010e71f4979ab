/** The versions of an agent's config, for display. Pure. */
import type { AgentVersion } from "../../wire.ts";

const SOURCES: Readonly<Record<AgentVersion["source"], string>> = {
  node: "reported by its node",
  spawn: "spawned",
  desired_state: "by a fleet file",
  dashboard: "by this dashboard",
};

/** Who and where from: `by this dashboard, for kitchen, signed as ops`. */
export function originWords({ source, node, signed_as }: AgentVersion): string {
  const parts = [
    SOURCES[source],
    ...(node === null ? [] : [`for ${node}`]),
    ...(signed_as === null ? [] : [`signed as ${signed_as}`]),
  ];
  return parts.join(", ");
}

/** Two versions that are compared. */
export interface Pair {
  readonly from: number;
  readonly to: number;
}

/** The pair named in the address, else the newest and the one before it. @param versions newest first */
export function pairIn(text: string, versions: readonly AgentVersion[]): Pair | null {
  const [from, to] = (/^(\d+)-(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  const isKept = (id: number | undefined) => versions.some((version) => version.id === id);
  if (from !== undefined && to !== undefined && isKept(from) && isKept(to)) return { from, to };
  const [newest, previous] = versions;
  return newest === undefined || previous === undefined ? null : { from: previous.id, to: newest.id };
}

/** What the address calls a pair. */
export function pairWords({ from, to }: Pair): string {
  return `${from}-${to}`;
}

/** The newest version that its node has run, as far as is known. @param versions newest first */
export function lastRun(versions: readonly AgentVersion[]): AgentVersion | undefined {
  return versions.find(({ ran }) => ran);
}
