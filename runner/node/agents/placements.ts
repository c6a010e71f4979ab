/** Notices agents of this node that run on another node too: the one that was placed later stays. */
import { topics } from "../../../protocol/topics.ts";
import { isName } from "../../../protocol/names.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { epochIn, placementVerdict } from "../../../protocol/placement.ts";
import { placementText } from "../../../protocol/signing/statements.ts";
import type { Clock } from "../../clock.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { NodeKey } from "../../trust/node_key.ts";
import type { Turns } from "../../turns.ts";
import type { Peers } from "../migration/peers.ts";

export interface PlacementParts {
  readonly node: string;
  readonly clock: Clock;
  readonly key: NodeKey;
  readonly peers: Pick<Peers, "believe">;
  readonly find: (actorId: string) => SupervisedAgent | undefined;
  /** Sends a heartbeat of the agent now. */
  readonly beat: (agent: SupervisedAgent) => void;
  readonly turns: Pick<Turns, "take">;
  /** Records that the agent should not run here. */
  readonly forget: (agent: string, why: "yield") => Promise<void>;
  /** Tells the operator. */
  readonly say: (agent: SupervisedAgent, message: string) => void;
}

/** What an agent's heartbeat says of its placement. */
export interface PlacementReport {
  readonly epoch: number;
  /** A random id of this start of the agent. */
  readonly placement: string;
  /** For the other start that was heard last; cannot have been recorded before that start. */
  readonly presence?: { readonly to: string; readonly seal: string };
}

interface Own {
  readonly placement: string;
  /** The other start that was heard last. */
  other: string | undefined;
  lastBeatMs: number;
  /** When each other node was first heard with the same epoch. */
  readonly equals: Map<string, number>;
  readonly told: Set<string>;
  isYielding: boolean;
}

/** An agent's last heartbeat may arrive late: at equal epochs, only a heartbeat after this time counts. */
const LINGERS_MS = 5_000;
/** Minimum time between two heartbeats that answer another process. */
const BEAT_INTERVAL_MS = 1_000;
/** Anybody can invent nodes. */
const MAX_OTHERS = 16;

/**
 * Invariants: an agent that moves is ignored, and until its old node has released it, it reports epoch 0, because the
 * old node may keep it; with `--trust` only an enrolled node counts, and only for what it has signed for this very start
 * of the agent, so no recorded heartbeat ends an agent.
 */
export class Placements {
  readonly #own = new WeakMap<SupervisedAgent, Own>();

  constructor(private readonly parts: PlacementParts) {}

  /** For the agent's heartbeat. */
  report(agent: SupervisedAgent): PlacementReport {
    const { placement, other } = this.#of(agent);
    const epoch = agent.state.passage === "arriving" ? 0 : agent.config.epoch;
    if (other === undefined) return { epoch, placement };
    const { node, key } = this.parts;
    return {
      epoch,
      placement,
      presence: { to: other, seal: key.seal(placementText(agent.name, node, epoch, other)) },
    };
  }

  /** A heartbeat for an agent of this node, possibly from another node. */
  receive({ topic, payload, retained }: IncomingMessage): void {
    const [root, id = "", report, ...rest] = topic.split("/");
    if (root !== "agents" || report !== "heartbeat" || rest.length > 0 || retained) return;
    const agent = this.parts.find(id);
    if (agent === undefined || agent.isMoving) return;
    const said = parse(payload);
    if (!isName(said.node) || said.node === this.parts.node) return;
    void this.#judge(agent, said.node, said);
  }

  async #judge(agent: SupervisedAgent, node: string, said: Readonly<Record<string, unknown>>): Promise<void> {
    const own = this.#of(agent);
    const { epoch } = agent.config;
    const rival = { epoch: epochIn(said.epoch), state: String(said.state) };
    const verdict = placementVerdict(epoch, rival);
    if (verdict === "none") return;
    if (typeof said.placement === "string" && said.placement.length <= 64) {
      this.#heard(agent, own, said.placement);
    }
    const presence = isJsonObject(said.presence) ? said.presence : {};
    const text = placementText(agent.name, node, rival.epoch, own.placement);
    if (!await this.parts.peers.believe(node, text, presence.seal)) return;
    // It may have ended or begun to move in the meantime.
    if (own.isYielding || agent.isMoving || this.parts.find(agent.actorId) !== agent) return;
    switch (verdict) {
      case "yield":
        own.isYielding = true;
        return await this.#yield(
          agent,
          rival.epoch,
          `Agent '${agent.name}' has been placed on node '${node}' since (epoch ${rival.epoch}, here ${epoch}): ` +
            "it is stopped here",
        );
      case "conflict":
        if (!this.#lasts(own, node)) return;
        return this.#tell(
          agent,
          node,
          `Agent '${agent.name}' runs on node '${node}' too, and both were placed alike (epoch ${epoch}): ` +
            `stop one of them: agentflow stop ${agent.name} --node ${node}`,
        );
      case "stay":
        // The other one yields by itself, unless its node does not know epochs.
        if (said.epoch !== undefined || !this.#lasts(own, node)) return;
        return this.#tell(
          agent,
          node,
          `Agent '${agent.name}' runs on node '${node}' too, which knows no epochs and does not stop it by itself: ` +
            `agentflow stop ${agent.name} --node ${node}`,
        );
      default:
        return verdict satisfies never;
    }
  }

  async #yield(agent: SupervisedAgent, epoch: number, message: string): Promise<void> {
    const { turns, forget, say, find } = this.parts;
    await turns.take(agent.name, async () => {
      if (find(agent.actorId) !== agent || agent.config.epoch >= epoch) return;
      say(agent, message);
      // Recorded first: a power cut in between must not bring it back.
      await forget(agent.name, "yield");
      await agent.stop("yield");
    });
  }

  #tell(agent: SupervisedAgent, node: string, message: string): void {
    const { told } = this.#of(agent);
    if (told.has(node) || told.size >= MAX_OTHERS) return;
    told.add(node);
    this.parts.say(agent, message);
  }

  #lasts({ equals }: Own, node: string): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    const sinceMs = equals.get(node);
    if (sinceMs !== undefined) return nowMs - sinceMs >= LINGERS_MS;
    if (equals.size < MAX_OTHERS) equals.set(node, nowMs);
    return false;
  }

  /** Sends a heartbeat soon, with a statement for the other start. */
  #heard(agent: SupervisedAgent, own: Own, other: string): void {
    const nowMs = this.parts.clock.monotonicMs();
    if (own.other === other || nowMs - own.lastBeatMs < BEAT_INTERVAL_MS) return;
    own.other = other;
    own.lastBeatMs = nowMs;
    this.parts.beat(agent);
  }

  #of(agent: SupervisedAgent): Own {
    const known = this.#own.get(agent);
    if (known !== undefined) return known;
    const own: Own = {
      placement: crypto.randomUUID(),
      other: undefined,
      lastBeatMs: -Infinity,
      equals: new Map(),
      told: new Set(),
      isYielding: false,
    };
    this.#own.set(agent, own);
    return own;
  }
}

function parse(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isJsonObject(value) ? value : {};
  } catch {
    // Not a message of this software.
    return {};
  }
}

/** The topic of the heartbeats of all agents of this name. */
export function placementTopic(agent: SupervisedAgent): string {
  return topics.agent(agent.actorId, "heartbeat");
}
