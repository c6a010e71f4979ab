/** A received spawn that hands an agent over: the parts that its old node must have signed. Pure. */
import { isName } from "../../protocol/names.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { digestOf, handOverText, type Move } from "../../protocol/signing/statements.ts";

export interface HandOver {
  readonly move: Move;
  readonly paused: boolean;
  /** The public key of the old node, as the message claims it: anybody may have written the message. */
  readonly key: string | undefined;
  /** The agent's persisted state, encrypted for this node. */
  readonly sealed: string | undefined;
  readonly spawnJws: string | undefined;
  readonly migrateJws: string | undefined;
  /** What must be signed. */
  readonly text: string;
  readonly seal: unknown;
}

/** @param to this node @returns `undefined`: it is an ordinary spawn */
export function handOverIn(json: unknown, to: string): HandOver | undefined {
  if (!isJsonObject(json) || !isJsonObject(json.migration)) return undefined;
  const { name: agent, migration, _jws, _migrate_jws } = json;
  const { id, from, key, hand_over: seal } = migration;
  if (!isName(agent) || typeof id !== "string" || !isName(from)) return undefined;
  const move = { id, agent, from, to };
  const paused = migration.paused === true;
  const [sealed, spawnJws, migrateJws] = [textIn(migration.sealed), textIn(_jws), textIn(_migrate_jws)];
  const cargo = {
    order: digestOf(migrateJws),
    config: digestOf(spawnJws),
    state: digestOf(sealed),
    paused,
  };
  const text = handOverText(move, cargo);
  return { move, paused, key: textIn(key), sealed, spawnJws, migrateJws, text, seal };
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
