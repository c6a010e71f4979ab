/** Translates reports into events for the timeline. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import type { AgentView, NodeView } from "../../../fleet/views.ts";
import { nameIn } from "../../../../protocol/names.ts";
import type { EventKind } from "../../wire.ts";
import { type Fields, textOf } from "./fields.ts";

/** The fields of an event that are derived from the report. */
export interface Happening {
  readonly kind: EventKind;
  readonly message: string;
}

/** Agent states that the timeline announces itself, because no other report does. */
const TOLD_BY_STATE: Readonly<Record<string, (name: string) => string>> = {
  running: (name) => `${name} runs`,
  stopped: (name) => `${name} has stopped`,
  paused: (name) => `${name} is paused`,
  unresponsive: (name) => `${name} does not respond`,
};

/** No event if the agent's state was unknown before: the agent is new to this server, but not newly started. */
export function agentHappening(before: AgentView | undefined, after: AgentView): Happening | undefined {
  if (before === undefined || before.state === "unknown" || before.state === after.state) return undefined;
  const tell = TOLD_BY_STATE[after.state];
  return tell === undefined ? undefined : { kind: after.state as EventKind, message: tell(after.name) };
}

export function nodeHappening(before: NodeView | undefined, after: NodeView): Happening | undefined {
  if (before === undefined) return undefined;
  if (before.isOnline !== after.isOnline) {
    return after.isOnline
      ? { kind: "online", message: `Node ${after.name} is online` }
      : { kind: "offline", message: `Node ${after.name} is offline` };
  }
  const isAnother = before.instance !== undefined && after.instance !== undefined &&
    before.instance !== after.instance;
  return isAnother && after.isOnline
    ? { kind: "online", message: `Node ${after.name} has started again` }
    : undefined;
}

/** Errors that indicate a change; errors of single calls do not. */
export function errorHappening(fields: Fields): Happening | undefined {
  const message = textOf(fields.error, 500) ?? "";
  if (fields.rolled_back === true) return { kind: "rolled_back", message };
  if (fields.severity === "fatal") return { kind: "failed", message };
  if (fields.phase !== "supervisor") return undefined;
  return { kind: isJsonObject(fields.kill) ? "killed" : "restarting", message };
}

/** A line in a node's own log. */
export function nodeLogHappening(fields: Fields): Happening {
  const message = textOf(fields.message, 500) ?? "";
  switch (fields.type) {
    case "spawned":
    case "installing":
    case "stopped":
      return { kind: fields.type, message };
    case "error":
      return { kind: "refused", message };
    default:
      return { kind: "note", message };
  }
}

export function migrationHappening(fields: Fields): Happening {
  const agent = nameIn(fields.agent) ?? "an agent";
  return fields.success === true
    ? {
      kind: "migrated",
      message: `${agent} has moved from ${nameIn(fields.from_node) ?? "a node"} to ${
        nameIn(fields.to_node) ?? "another"
      }`,
    }
    : { kind: "migration_failed", message: textOf(fields.error, 500) ?? `${agent} could not be moved` };
}
