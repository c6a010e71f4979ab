/** What an agent's page shows beside reports: its code, config and state file, asked of its node. */
import type { Commander } from "../../../commander.ts";
import type { Inspection } from "../../wire.ts";
import { isFields } from "../model/fields.ts";
import type { Model } from "../model/model.ts";

const PATIENCE_MS = 3000;

/** @param showCode whether code and config may be shown */
export async function inspect(
  actorId: string,
  model: Model,
  commander: () => Commander,
  showCode: boolean,
): Promise<Inspection | undefined> {
  const agent = model.agent(actorId);
  if (agent === undefined) return undefined;
  const isThere = agent.node !== null && model.node(agent.node)?.online === true;
  let note = isThere ? null : "Its node is not online: what is shown was seen on the bus.";
  if (agent.node !== null && isThere) {
    try {
      const payload = { name: agent.name };
      const answer = await commander().command(agent.node, "inspect", payload, { timeoutMs: PATIENCE_MS });
      return inspection(
        isFields(answer.config) ? answer.config : undefined,
        "node",
        showCode,
        isFields(answer.persisted) ? answer.persisted : null,
        typeof answer.persisted_bytes === "number" ? answer.persisted_bytes : null,
        null,
      );
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
