/** Messages about agents that are ended or throttled. Pure. */
import { MAX_PARTS } from "../../protocol/json.ts";
import type { Kill } from "./state.ts";

export function limitExceeded({ limit, measured, allowed, unit }: Kill): string {
  return `${limit} limit: ${measured.toFixed(1)} ${unit} used, ${allowed} ${unit} allowed`;
}

/** @param seconds how long its event loop has not answered */
export function unresponsive(seconds: number): string {
  return `unresponsive: its event loop did not answer for ${seconds.toFixed(1)}s`;
}

/** @param start of the line that was dropped */
export function oversize(start: string, limit: "length" | "parts"): string {
  const problem = limit === "length"
    ? "was longer than the limit"
    : `held more than ${MAX_PARTS} objects, lists and texts`;
  return `A line of the agent's output ${problem} and has been dropped; it began with ${start.slice(0, 80)}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
