/**
 * What proves that an agent may move here: its old node has signed exactly this hand-over (`migration.hand_over`), and a
 * key trusted here has signed the command to move it (`_migrate_jws`, addressed to the old node) and the command it was
 * started with (`_jws`). The old node alone vouches only for the persisted state.
 */
import { isJsonObject } from "../../protocol/json.ts";
import { epochAfterMove, epochIn } from "../../protocol/placement.ts";
import { topics } from "../../protocol/topics.ts";
import type { KeySet } from "../../protocol/signing/keys.ts";
import { keyObjection, type Objection, objectionTo } from "../../protocol/signing/decision.ts";
import { type Verified, verify } from "../../protocol/signing/jws.ts";
import { Refusal } from "../../protocol/signing/refusal.ts";
import { isSealedBy } from "../../protocol/signing/statements.ts";
import type { HandOver } from "./hand_over.ts";

/** Where and when it arrives. */
export interface Place {
  readonly node: string;
  readonly nowSeconds: number;
  readonly resetAt: number;
}

/**
 * @returns the signed config, with the fields that the move adds; and the order to move
 * @throws Refusal
 */
export async function provenArrival(
  arrival: HandOver,
  keys: KeySet,
  place: Place,
): Promise<{ readonly json: unknown; readonly order: Verified }> {
  const { move: { agent: name, id, from }, paused, sealed, spawnJws, migrateJws, text, seal } = arrival;
  const key = keys.nodes.get(from);
  if (key === undefined) {
    throw new Refusal(
      "unknown_node",
      `it moves '${name}' here from node '${from}', which is not enrolled here: agentflow key enrol ${from}`,
    );
  }
  if (!isSealedBy(key, text, seal)) {
    throw new Refusal("unproved_migration", `node '${from}' has not signed that it hands over '${name}' so`);
  }
  if (migrateJws === undefined) {
    throw new Refusal("unsigned", `it moves '${name}' here, and comes without the signed migrate`);
  }
  if (spawnJws === undefined) {
    throw new Refusal(
      "unsigned",
      `it moves '${name}' here, and the agent was not started by a signed command`,
    );
  }
  const order = await verify(migrateJws, keys);
  refuse(orderObjection(order, arrival, place), order);
  const origin = await verify(spawnJws, keys);
  const config = configIn(origin, name);
  const command = origin.claims.topic.endsWith("/spawn") ? "spawn" : "desired_state";
  // The start command has expired long ago: only the order to move is checked for its time.
  refuse(keyObjection(origin.key, command, place.node), origin);
  if (config === undefined) {
    throw new Refusal("unproved_migration", `what was signed does not start '${name}'`, origin.signer);
  }
  const json = {
    ...config,
    _jws: spawnJws,
    node: place.node,
    replace: false,
    epoch: epochAfterMove(epochIn(config.epoch), orderedEpoch(order), order.claims.iat),
    // Persisted state must be sealed.
    state: undefined,
    migration: { id, from, paused, key, hand_over: seal, ...(sealed === undefined ? {} : { sealed }) },
    _migrate_jws: migrateJws,
  };
  return { json, order };
}

/** The order was addressed to the old node; its key must be trusted here too. */
function orderObjection(
  order: Verified,
  { move: { agent: name, from } }: HandOver,
  place: Place,
): Objection | undefined {
  const { key, claims } = order;
  const occasion = { ...place, node: from, topic: topics.node(from, "migrate"), command: "migrate" as const };
  const objection = objectionTo(claims, key, occasion) ?? keyObjection(key, "migrate", place.node);
  if (objection !== undefined) return objection;
  const { command } = claims;
  if (isJsonObject(command) && command.name === name && command.target_node === place.node) return undefined;
  return {
    code: "unproved_migration",
    reason: `the signed migrate does not move '${name}' to '${place.node}'`,
  };
}

function orderedEpoch({ claims: { command } }: Verified): number {
  return isJsonObject(command) ? epochIn(command.epoch) : 0;
}

function configIn({ claims: { command, topic, node } }: Verified, name: string) {
  if (!isJsonObject(command)) return undefined;
  if (topic === topics.node(node, "spawn")) return command.name === name ? command : undefined;
  if (topic !== topics.node(node, "desired_state") || !Array.isArray(command.agents)) return undefined;
  return command.agents.filter(isJsonObject).find((agent) => agent.name === name);
}

function refuse(objection: Objection | undefined, { signer }: Verified): void {
  if (objection !== undefined) throw new Refusal(objection.code, objection.reason, signer);
}
