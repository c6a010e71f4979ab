/** Says in plain words what a rule watches for, and how and where it tells. Pure. */
import type { RuleFields, Watch } from "../../notice_wire.ts";
import { duration } from "./format.ts";

/** `agents that fit hall-* are failed or restarting`. */
export function watchWords(watch: Watch): string {
  switch (watch.kind) {
    case "node_off":
      return `${whose("node", watch.node)} is off`;
    case "agent_state":
      return `${whose("agent", watch.agent)} is ${either(watch.states)}`;
    case "alert":
      return `${whose("agent", watch.agent)} publishes an alert of level ${watch.severity}${
        watch.severity === "error" ? "" : " or above"
      }`;
    case "reading": {
      const what = watch.field === "" ? watch.topic : `${watch.topic} · ${watch.field}`;
      return watch.compare === "missing"
        ? `${what} is missing`
        : `${what} is ${watch.compare} ${watch.limit}`;
    }
    case "broker_off":
      return "the dashboard has no broker";
    default:
      return watch satisfies never;
  }
}

/** `told at once to phone and mail, again every 1h`. */
export function tellingWords({ hold_seconds, repeat_seconds, channels }: RuleFields): string {
  const when = hold_seconds === 0 ? "at once" : `after ${duration(hold_seconds)}`;
  if (channels.length === 0) return `shown ${when}, only on this page`;
  const again = repeat_seconds === 0 ? "" : `, again every ${duration(repeat_seconds)}`;
  return `told ${when} to ${channels.join(" and ")}${again}`;
}

function whose(noun: string, pattern: string): string {
  if (pattern === "*") return `any ${noun}`;
  return pattern.includes("*") ? `any ${noun} called ${pattern}` : `${noun} ${pattern}`;
}

function either(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
