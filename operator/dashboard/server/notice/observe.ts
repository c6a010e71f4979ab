/** Finds out for which nodes, agents and readings a rule's condition holds. Pure. */
import { globMatches } from "../../../../protocol/patterns.ts";
import { type AgentDto, type AlertEntry, LEVELS, type NodeDto } from "../../wire.ts";
import type { RuleFields, Watch, WatchedState } from "../../notice_wire.ts";
import type { LatestReading } from "../model/readings.ts";
import type { NoticeEvent } from "./transition.ts";

/** What a rule is judged by. */
export interface View {
  readonly nodes: Iterable<NodeDto & { readonly isOn: boolean }>;
  readonly agents: Iterable<AgentDto>;
  /** The readings whose topics match the filter. */
  readonly readings: (filter: string, field: string) => readonly LatestReading[];
  /** Since when the broker is connected or away, epoch seconds. */
  readonly broker: { readonly connected: boolean; readonly since: number };
}

export interface Observation {
  /** Identifies the node, agent or reading within its rule. */
  readonly subject: string;
  readonly event: NoticeEvent;
}

const CALM: NoticeEvent = { kind: "calm" };

/**
 * What is unknown, for instance the state of an agent whose node is off, yields no observation: a notice does not end
 * because nobody can see any more. Without a broker, only the broker itself is judged.
 * @param now epoch seconds
 */
export function observe(
  { watch, hold_seconds }: Pick<RuleFields, "watch" | "hold_seconds">,
  view: View,
  now: number,
): Observation[] {
  const { connected, since } = view.broker;
  if (watch.kind === "broker_off") {
    const event: NoticeEvent = connected
      ? CALM
      : { kind: "holds", since, text: "The dashboard has no connection to the broker" };
    return [{ subject: "broker", event }];
  }
  if (!connected) return [];
  switch (watch.kind) {
    case "node_off":
      return [...view.nodes].filter(({ name }) => globMatches(watch.node, name)).map((node) => ({
        subject: node.name,
        event: node.isOn
          ? CALM
          : { kind: "holds", since: node.last_seen ?? now, text: `Node '${node.name}' is off` },
      }));
    case "agent_state":
      return [...view.agents].flatMap((agent): Observation[] => {
        if (!globMatches(watch.agent, agent.name) || agent.state === "unknown") return [];
        const holds = watch.states.includes(agent.state as WatchedState);
        return [{ subject: agent.name, event: holds ? agentHolds(agent, now) : CALM }];
      });
    case "reading":
      return watch.compare === "missing"
        ? missing(watch, hold_seconds, view, now)
        : view.readings(watch.topic, watch.field).map((reading) => ({
          subject: subjectOf(reading),
          event: isBeyond(reading.value, watch)
            ? { kind: "holds", since: reading.time, text: readingText(reading, watch) }
            : CALM,
        }));
    case "alert":
      // An alert has no duration: see `happening`.
      return [];
    default:
      return watch satisfies never;
  }
}

/** The observation that an alert is for a rule, if the rule watches for it. */
export function happening(watch: Watch, alert: AlertEntry): Observation | undefined {
  const source = alert.agent ?? alert.node ?? alert.actor_id;
  if (watch.kind !== "alert" || source === null || !globMatches(watch.agent, source)) return undefined;
  if (LEVELS.indexOf(alert.severity) < LEVELS.indexOf(watch.severity)) return undefined;
  return { subject: source, event: { kind: "happened", text: `'${source}' alerts: ${alert.message}` } };
}

function agentHolds({ name, state, node }: AgentDto, now: number): NoticeEvent {
  const words: Readonly<Record<WatchedState, string>> = {
    failed: "has failed",
    restarting: "is restarting after an error",
    unresponsive: "does not respond",
    stopped: "is stopped",
  };
  const where = node === null ? "" : ` on ${node}`;
  return { kind: "holds", since: now, text: `Agent '${name}'${where} ${words[state as WatchedState]}` };
}

type ReadingWatch = Extract<Watch, { readonly kind: "reading" }>;

function isBeyond(value: number, { compare, limit }: ReadingWatch): boolean {
  return compare === "above" ? value > limit : value < limit;
}

function readingText({ topic, field, value, unit }: LatestReading, { compare, limit }: ReadingWatch): string {
  return `${readingName(topic, field)} is ${value}${unit === null ? "" : ` ${unit}`}, ${compare} ${limit}`;
}

/**
 * The condition is a silence of the rule's own time: otherwise each value would end a notice, and the pause after it would
 * go on with it. Values that came while the broker was away could not be heard: silence counts from the connection on.
 */
function missing(
  { topic, field }: ReadingWatch,
  holdSeconds: number,
  view: View,
  now: number,
): Observation[] {
  const known = view.readings(topic, field);
  const silences = known.map((reading) => ({ subject: subjectOf(reading), last: reading.time }));
  const isOne = !/[+#]/.test(topic);
  // A topic on which nothing has come since this server started is missing, too, if the rule names it.
  if (known.length === 0 && isOne) silences.push({ subject: `${topic} ${field}`.trim(), last: -Infinity });
  return silences.map(({ subject, last }): Observation => {
    const since = Math.max(last, view.broker.since);
    return {
      subject,
      event: now - since < Math.max(holdSeconds, FRESH_SECONDS)
        ? CALM
        : { kind: "holds", since, text: `No value of ${subject} has arrived` },
    };
  });
}

/** A value that is younger than this is not missing, however short the rule's time is: readings are taken every 3 s. */
const FRESH_SECONDS = 5;

function subjectOf({ topic, field }: LatestReading): string {
  return `${topic} ${field}`.trim();
}

function readingName(topic: string, field: string): string {
  return field === "" ? topic : `${topic} (${field})`;
}
