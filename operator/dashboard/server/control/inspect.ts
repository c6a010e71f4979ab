/** Asks an agent's node for the code, config and state file that the agent's page shows beside its reports. */
import { hasEnded } from "../../../fleet/views.ts";
import { inspectOn } from "../../../operations/inspect.ts";
import type { Operator } from "../../../operator.ts";
import type { AgentDto, Inspection } from "../../wire.ts";
import type { Memory } from "../memory/memory.ts";
import type { Model } from "../model/model.ts";

const PATIENCE_MS = 3000;

export interface InspectOptions {
  readonly model: Model;
  readonly memory: Memory;
  /** @throws Error while there is no connection to the broker */
  readonly operator: () => Operator;
  /** Whether code may be shown. */
  readonly showCode: boolean;
}

/** @returns `undefined` when there is no such agent */
export async function inspect(
  actorId: string,
  { model, memory, operator, showCode }: InspectOptions,
): Promise<Inspection | undefined> {
  const agent = model.agent(actorId);
  if (agent === undefined) return undefined;
  let note = whyNotAsked(agent, model);
  if (agent.node !== null && note === null) {
    try {
      const found = await inspectOn(operator(), agent.node, agent.name, { timeoutMs: PATIENCE_MS });
      model.spawns.learn(found.config);
      return inspection(found.config, "node", showCode, found.persisted, found.persistedBytes, null);
    } catch (error) {
      note = (error as Error).message;
    }
  }
  const known = model.spawns.of(agent.name);
  if (known !== undefined) return inspection(known.config, known.source, showCode, null, null, note);
  const kept = await memory.versions.newest(agent.name);
  const source = kept === undefined ? null : kept.ran ? "node" : "spawn";
  return inspection(kept?.config, source, showCode, null, null, note);
}

/** Avoids asking about agents that have ended: the node would publish the request as an error. */
function whyNotAsked({ node, state }: AgentDto, model: Model): string | null {
  if (hasEnded({ state })) return "It has ended: this is what was known of it before.";
  if (node === null || model.node(node)?.online !== true) {
    return "Its node is not online: this was seen before.";
  }
  return null;
}

function inspection(
  config: Readonly<Record<string, unknown>> | undefined,
  source: "node" | "spawn" | null,
  showCode: boolean,
  persisted: Readonly<Record<string, unknown>> | null,
  persisted_bytes: number | null,
  note: string | null,
): Inspection {
  if (config === undefined) {
    return { config: null, code: null, source: null, persisted, persisted_bytes, note };
  }
  const { code, ...rest } = config;
  return {
    config: rest,
    code: showCode && typeof code === "string" ? code : null,
    source,
    persisted,
    persisted_bytes,
    note,
  };
}
