/** Determines how far a node has applied a generation of a fleet. Pure. */
import { type Generation, generationIn } from "../../protocol/generations.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { withoutVerifying } from "../../protocol/signing/envelope.ts";

/** The desired state of a node, whether or not it has been applied yet. */
export interface Desired {
  readonly generation: Generation;
  readonly agents: readonly JsonObject[];
  /** When each agent that has a window may be changed, by name. */
  readonly windows: ReadonlyMap<string, string>;
}

export interface AgentReport {
  readonly state: string;
  readonly error: string | undefined;
}

/** What the node itself reports. */
export interface NodeReport {
  readonly generation: Generation | undefined;
  readonly isDone: boolean;
  readonly agents: ReadonlyMap<string, AgentReport>;
  readonly refused: { readonly tag: string; readonly reason: string } | undefined;
  /** A generation that waits for its window. */
  readonly waiting: { readonly tag: string; readonly untilMs: number } | undefined;
}

export type NodeStatus =
  | { readonly kind: "done" }
  /** @param why such as `its node is off` @param untilMs when its window opens, if it waits for that */
  | { readonly kind: "pending"; readonly why: string; readonly untilMs?: number }
  | { readonly kind: "failed"; readonly errors: readonly (readonly [agent: string, error: string])[] }
  | { readonly kind: "refused"; readonly reason: string };

/** @returns `undefined` if the message belongs to no generation of that fleet */
export function desiredIn(message: JsonObject, fleet: string): Desired | undefined {
  const fields = withoutVerifying(message);
  if (!isJsonObject(fields)) return undefined;
  const generation = read(fields, fleet);
  if (generation === undefined || !Array.isArray(fields.agents)) return undefined;
  const windows = isJsonObject(fields.entry_windows) ? Object.entries(fields.entry_windows) : [];
  return {
    generation,
    agents: fields.agents.filter(isJsonObject),
    windows: new Map(
      windows.flatMap(([agent, window]) => typeof window === "string" ? [[agent, window]] : []),
    ),
  };
}

/** The generation of any fleet in a `desired_state`. */
export function generationOf(message: JsonObject): Generation | undefined {
  const fields = withoutVerifying(message);
  try {
    return isJsonObject(fields) ? generationIn(fields) : undefined;
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}

export function reportIn(fields: JsonObject, fleet: string): NodeReport {
  const agents = isJsonObject(fields.agents) ? Object.entries(fields.agents) : [];
  const refused = isJsonObject(fields.refused) ? fields.refused : undefined;
  const waiting = isJsonObject(fields.waiting) ? fields.waiting : undefined;
  return {
    // Reports contain no ancestors, and no generation is based on a report.
    generation: read({ based_on: [], ...fields }, fleet),
    isDone: fields.done === true,
    agents: new Map(agents.flatMap(([agent, outcome]) =>
      isJsonObject(outcome)
        ? [[agent, {
          state: String(outcome.state),
          error: typeof outcome.error === "string" ? outcome.error : undefined,
        }]]
        : []
    )),
    refused: refused === undefined ? undefined : { tag: String(refused.tag), reason: String(refused.reason) },
    waiting: typeof waiting?.until === "number"
      ? { tag: String(waiting.tag), untilMs: waiting.until * 1000 }
      : undefined,
  };
}

/** @param tag of the generation that the node should have */
export function nodeStatus(tag: string, report: NodeReport | undefined, isOnline: boolean): NodeStatus {
  if (report?.generation?.tag !== tag) {
    if (report?.refused?.tag === tag) return { kind: "refused", reason: report.refused.reason };
    if (report?.waiting?.tag === tag) {
      const { untilMs } = report.waiting;
      return { kind: "pending", why: outsideWindow(untilMs), untilMs };
    }
    return { kind: "pending", why: isOnline ? "its node has not taken it yet" : "its node is off" };
  }
  const outcomes = [...report.agents];
  const starting = outcomes.filter(([, { state }]) => state === "starting").map(([agent]) => agent);
  if (!report.isDone || starting.length > 0) {
    return {
      kind: "pending",
      why: isOnline ? `${starting.join(", ") || "its node"} has not finished` : "its node is off",
    };
  }
  const errors = outcomes.filter(([, { state }]) => state === "failed")
    .map(([agent, { error }]) => [agent, error ?? "failed"] as const);
  return errors.length === 0 ? { kind: "done" } : { kind: "failed", errors };
}

/** What waits, and until when. */
export function outsideWindow(untilMs: number): string {
  const isTime = Number.isFinite(untilMs) && Math.abs(untilMs) < 8e15;
  const when = isTime ? `${new Date(untilMs).toISOString().slice(0, 16).replace("T", " ")} UTC` : "some day";
  return `it is outside its window, which opens at ${when}`;
}

function read(fields: JsonObject, fleet: string): Generation | undefined {
  try {
    const generation = generationIn(fields);
    return generation?.fleet === fleet ? generation : undefined;
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}
