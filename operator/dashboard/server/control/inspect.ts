/** Asks an agent's node for the code, config and state file that the agent's page shows beside its reports. */
import { inspectOn } from "../../../operations/inspect.ts";
import type { Operator } from "../../../operator.ts";
import type { Inspection } from "../../wire.ts";
import type { Model } from "../model/model.ts";

const PATIENCE_MS = 3000;

/** @param showCode whether code and config may be shown */
export async function inspect(
  actorId: string,
  model: Model,
  operator: () => Operator,
  showCode: boolean,
): Promise<Inspection | undefined> {
  const agent = model.agent(actorId);
  if (agent === undefined) return undefined;
  const isThere = agent.node !== null && model.node(agent.node)?.online === true;
  let note = isThere ? null : "Its node is not online: this was seen on the bus.";
  if (agent.node !== null && isThere) {
    try {
      const found = await inspectOn(operator(), agent.node, agent.name, { timeoutMs: PATIENCE_MS });
      return inspection(found.config, "node", showCode, found.persisted, found.persistedBytes, null);
    } catch (error) {
      note = (error as Error).message;
    }
  }
  return inspection(model.spawns.of(agent.name), "spawn", showCode, null, null, note);
}

function inspection(
  config: Readonly<Record<string, unknown>> | undefined,
  source: "node" | "spawn",
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
