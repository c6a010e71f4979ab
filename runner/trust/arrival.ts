/**
 * What proves that an agent may move here: the signed command to move it (`_migrate_jws`, meant for the node it comes
 * from) and the signed command it was started with (`_jws`). This node verifies both by itself: the word of the node
 * it comes from counts only for what the agent has persisted.
 */
import { isJsonObject } from "../../protocol/json.ts";
import { isName } from "../../protocol/names.ts";
import { topics } from "../../protocol/topics.ts";
import { keyObjection, type Objection, objectionTo } from "../../protocol/signing/decision.ts";
import { type Verified, verify } from "../../protocol/signing/jws.ts";
import type { KeySet } from "../../protocol/signing/keys.ts";
import { Refusal } from "../../protocol/signing/refusal.ts";

/** An agent that another node hands over. */
export interface Arrival {
  readonly name: string;
  readonly id: string;
  readonly from: string;
  readonly paused: boolean;
  readonly key: string | undefined;
  readonly state: unknown;
  readonly spawnJws: string | undefined;
  readonly migrateJws: string | undefined;
}

/** `undefined`: it is an ordinary spawn. */
export function arrivalOf(json: unknown): Arrival | undefined {
  if (!isJsonObject(json) || !isJsonObject(json.migration)) return undefined;
  const { name, migration: { id, from, paused, key }, state, _jws, _migrate_jws } = json;
  if (!isName(name) || typeof id !== "string" || !isName(from)) return undefined;
  return {
    name,
    id,
    from,
    paused: paused === true,
    key: textIn(key),
    state,
    spawnJws: textIn(_jws),
    migrateJws: textIn(_migrate_jws),
  };
}

/** Where and when it arrives. */
export interface Place {
  readonly node: string;
  readonly nowSeconds: number;
  readonly resetAt: number;
}

/**
 * @returns the config as it was signed, with what the move adds; and the order to move
 * @throws Refusal
 */
export async function provenArrival(
  arrival: Arrival,
  keys: KeySet,
  place: Place,
): Promise<{ readonly json: unknown; readonly order: Verified }> {
  const { name, id, from, paused, key, state, spawnJws, migrateJws } = arrival;
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
  // Its time has long passed: it is the order to move that has one.
  refuse(keyObjection(origin.key, command, place.node), origin);
  if (config === undefined) {
    throw new Refusal("unproved_migration", `what was signed does not start '${name}'`, origin.signer);
  }
  const json = {
    ...config,
    _jws: spawnJws,
    node: place.node,
    replace: false,
    migration: { id, from, paused, ...(key === undefined ? {} : { key }) },
    ...(state === undefined ? {} : { state }),
  };
  return { json, order };
}

/** The order was given to the node it comes from; the key must have a say here too. */
function orderObjection(order: Verified, { name, from }: Arrival, place: Place): Objection | undefined {
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

function configIn({ claims: { command, topic, node } }: Verified, name: string) {
  if (!isJsonObject(command)) return undefined;
  if (topic === topics.node(node, "spawn")) return command.name === name ? command : undefined;
  if (topic !== topics.node(node, "desired_state") || !Array.isArray(command.agents)) return undefined;
  return command.agents.filter(isJsonObject).find((agent) => agent.name === name);
}

function refuse(objection: Objection | undefined, { signer }: Verified): void {
  if (objection !== undefined) throw new Refusal(objection.code, objection.reason, signer);
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
