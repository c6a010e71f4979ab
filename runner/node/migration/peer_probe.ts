/** Finds out whether another node is online, and whether it accepts an agent. */
import { type Move, type Offer, OFFERS, offerText } from "../../../protocol/signing/statements.ts";
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { Peers } from "./peers.ts";
import type { Overheard, Wiretap } from "./wiretap.ts";

/** What was found. */
export type PeerState =
  | {
    readonly kind: "online";
    readonly offer: Offer;
    /** Whether it calls `process()` only after the old node has released the agent. */
    readonly cooperative: boolean;
    /** The key for which the agent's state is sealed; a node without one gets it unsealed. */
    readonly box?: string | undefined;
  }
  | { readonly kind: "offline" }
  /** It answers, but without the proof that is demanded. */
  | { readonly kind: "unproved" }
  | { readonly kind: "silent" };

/** An online node answers within milliseconds; this allows for a busy one. */
const PATIENCE_MS = 3000;

export interface ProbeParts {
  readonly link: Link;
  readonly wiretap: Wiretap;
  readonly clock: Clock;
  readonly peers: Peers;
}

/** What a node may add to its list of agents when it is asked about an agent that should move there. */
interface SignedOffer {
  readonly offer: Offer;
  readonly box: string;
  readonly seal: unknown;
}

/** Asks the target of a move. Where proof is demanded, only what the target signed for this very move counts. */
export async function probePeer(move: Move, { link, wiretap, clock, peers }: ProbeParts): Promise<PeerState> {
  const { id, agent, from, to } = move;
  const answered = new AbortController();
  let state: PeerState = { kind: "silent" };
  let hasStatus = false;
  const settle = (found: PeerState) => {
    if (answered.signal.aborted) return;
    state = found;
    answered.abort();
  };
  const onAgents = async (message: Overheard) => {
    const agents = fieldOf(message.json, "agents");
    if (!Array.isArray(agents)) return;
    const signed = offerIn(message.json, id);
    if (signed !== undefined) {
      const { offer, box, seal } = signed;
      if (await peers.believe(to, offerText(move, box, offer), seal)) {
        return settle({ kind: "online", offer, cooperative: true, box });
      }
    }
    // Anybody may have sent this: wait for an answer with proof.
    if (peers.demandsProof) state = { kind: "unproved" };
    else {
      const offer = agents.some((one) => fieldOf(one, "name") === agent) ? "taken" : "free";
      settle({ kind: "online", offer, cooperative: hasStatus });
    }
  };
  using _tap = await wiretap.listen([topics.nodeStatus(to), topics.nodeAgents(to)], (message) => {
    if (message.topic === topics.nodeAgents(to)) return void onAgents(message);
    const status = fieldOf(message.json, "status");
    hasStatus = status === "online";
    if (status === "offline" && !peers.demandsProof) settle({ kind: "offline" });
  });
  void link.publish({
    topic: topics.node(to, "list"),
    payload: JSON.stringify({ move: { id, agent, from } }),
    qos: 1,
    retain: false,
    class: "control",
  });
  await clock.sleep(PATIENCE_MS, answered.signal);
  return state;
}

function offerIn(json: unknown, id: string): SignedOffer | undefined {
  const signed = fieldOf(json, "offer");
  const [offer, box] = [OFFERS.find((known) => known === fieldOf(signed, "offer")), fieldOf(signed, "box")];
  if (fieldOf(signed, "id") !== id || offer === undefined || typeof box !== "string") return undefined;
  return { offer, box, seal: fieldOf(signed, "seal") };
}

function fieldOf(json: unknown, field: string): unknown {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>)[field] : undefined;
}
