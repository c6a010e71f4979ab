/** Classifies the messages of an agent under development, for its author. Pure. */
import type { BusMessage } from "../../bus.ts";
import { fieldsOf, valueOf } from "../../json.ts";

export type DevEvent =
  | { readonly event: "log"; readonly level: string; readonly message: string }
  | { readonly event: "alert"; readonly severity: string; readonly message: string }
  | {
    readonly event: "error";
    readonly phase: string;
    readonly severity: string;
    readonly error: string;
    readonly traceback: string | undefined;
  }
  | { readonly event: "state"; readonly state: string }
  | { readonly event: "result" | "detection"; readonly value: unknown }
  | { readonly event: "reading"; readonly reading: string; readonly value: unknown; readonly unit: string }
  /** `value` is undefined for binary payloads. */
  | {
    readonly event: "publish";
    readonly topic: string;
    readonly value: unknown;
    readonly retained: boolean;
  };

/** @returns `undefined` for messages that are of no interest to the author */
export function devEvent({ topic, payload, retained }: BusMessage): DevEvent | undefined {
  if (topic.startsWith("nodes/") || topic.startsWith("main/reply/")) return undefined;
  if (!topic.startsWith("agents/")) return { event: "publish", topic, value: valueOf(payload), retained };
  const fields = fieldsOf(payload);
  switch (topic.split("/")[2]) {
    case "logs":
      // Skip alerts, which also arrive on their own topic, and the node's own log entries.
      return fields.type !== "log" || fields.level === undefined
        ? undefined
        : { event: "log", level: String(fields.level), message: String(fields.message) };
    case "alert":
      return { event: "alert", severity: String(fields.severity), message: String(fields.message) };
    case "errors":
      return {
        event: "error",
        phase: String(fields.phase),
        severity: String(fields.severity),
        error: String(fields.error),
        traceback: typeof fields.traceback === "string" ? fields.traceback : undefined,
      };
    case "status":
      return { event: "state", state: String(fields.state) };
    case "results":
      return { event: "result", value: fields.result };
    case "detections":
      return { event: "detection", value: fields.detections };
    case "readings":
      return {
        event: "reading",
        reading: String(fields.reading),
        value: fields.value,
        unit: String(fields.unit),
      };
    default:
      return undefined;
  }
}
