/** Finds out whether another node is there, and what runs on it. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { Overheard, Wiretap } from "./wiretap.ts";

/** What was found. */
export type PeerState =
  /** `cooperative`: it waits with `process()` until the old node has let go of the agent. */
  | { readonly kind: "online"; readonly agents: readonly string[]; readonly cooperative: boolean }
  | { readonly kind: "offline" }
  | { readonly kind: "silent" };

/** A node that is there answers within milliseconds; this allows for a busy one. */
const PATIENCE_MS = 3000;

export interface ProbeParts {
  readonly link: Link;
  readonly wiretap: Wiretap;
  readonly clock: Clock;
}

/** Asks `node` for its agents. */
export async function probePeer(node: string, { link, wiretap, clock }: ProbeParts): Promise<PeerState> {
  const answered = new AbortController();
  let state: PeerState = { kind: "silent" };
  let cooperative = false;
  using _tap = await wiretap.listen([topics.nodeStatus(node), topics.nodeAgents(node)], (message) => {
    if (message.topic === topics.nodeStatus(node)) {
      const status = fieldOf(message, "status");
      cooperative = status === "online";
      if (status !== "offline") return;
      state = { kind: "offline" };
    } else if (!message.retained) {
      const agents = fieldOf(message, "agents");
      if (!Array.isArray(agents)) return;
      state = { kind: "online", agents: agents.map((agent) => String(agent?.name)), cooperative };
    }
    answered.abort();
  });
  void link.publish({
    topic: topics.node(node, "list"),
    payload: "{}",
    qos: 1,
    retain: false,
    class: "control",
  });
  await clock.sleep(PATIENCE_MS, answered.signal);
  return state;
}

function fieldOf({ json }: Overheard, field: string): unknown {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>)[field] : undefined;
}
