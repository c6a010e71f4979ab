/** The form for a rule. Pure. */
import { COMPARISONS, type RuleFields, type Watch, WATCHED_STATES } from "../../notice_wire.ts";
import { LEVELS } from "../../wire.ts";

export const WATCH_WORDS: Readonly<Record<Watch["kind"], string>> = {
  node_off: "A node is off",
  agent_state: "An agent is in trouble",
  alert: "An agent publishes an alert",
  reading: "A reading",
  broker_off: "The dashboard has no broker",
};
export const WATCH_KINDS = Object.keys(WATCH_WORDS) as readonly Watch["kind"][];

/** The contents of the fields, as text. */
export interface RuleForm {
  readonly name: string;
  readonly kind: Watch["kind"];
  readonly node: string;
  readonly agent: string;
  readonly states: readonly string[];
  readonly severity: string;
  readonly topic: string;
  readonly field: string;
  readonly compare: string;
  readonly limit: string;
  /** Minutes. */
  readonly hold: string;
  /** Minutes. */
  readonly calm: string;
  /** Minutes. */
  readonly repeat: string;
  readonly channels: readonly string[];
  readonly enabled: boolean;
}

export const EMPTY_RULE: RuleForm = {
  name: "",
  kind: "agent_state",
  node: "*",
  agent: "*",
  states: ["failed"],
  severity: "warning",
  topic: "",
  field: "",
  compare: "above",
  limit: "",
  hold: "0",
  calm: "1",
  repeat: "0",
  channels: [],
  enabled: true,
};

export function ruleFormOf({ name, watch, channels, enabled, ...times }: RuleFields): RuleForm {
  const { kind, ...of } = watch;
  return {
    ...EMPTY_RULE,
    ...of,
    limit: watch.kind === "reading" ? String(watch.limit) : EMPTY_RULE.limit,
    kind,
    name,
    channels,
    enabled,
    hold: minutes(times.hold_seconds),
    calm: minutes(times.calm_seconds),
    repeat: minutes(times.repeat_seconds),
  };
}

export type RuleProblems = Partial<Record<keyof RuleForm, string>>;

/** Validation errors by field. The server checks again, and more. */
export function ruleProblemsOf(form: RuleForm): RuleProblems {
  const problems: RuleProblems = {};
  const isTime = (text: string) => text.trim() !== "" && Number(text) >= 0;
  if (form.name.trim() === "") problems.name = "A rule needs a name";
  if (form.kind === "node_off" && form.node.trim() === "") problems.node = "A name, or * for any";
  if ((form.kind === "agent_state" || form.kind === "alert") && form.agent.trim() === "") {
    problems.agent = "A name, or * for any";
  }
  if (form.kind === "agent_state" && form.states.length === 0) problems.states = "Choose at least one";
  if (form.kind === "reading") {
    if (form.topic.trim() === "") problems.topic = "A topic, such as sensors/temperature";
    if (form.compare !== "missing" && (form.limit.trim() === "" || !Number.isFinite(Number(form.limit)))) {
      problems.limit = "A number";
    }
  }
  if (!isTime(form.hold)) problems.hold = "Minutes, 0 or more";
  if (!isTime(form.calm)) problems.calm = "Minutes, 0 or more";
  if (!isTime(form.repeat) || (Number(form.repeat) > 0 && Number(form.repeat) < 1)) {
    problems.repeat = "Minutes: 1 or more, or 0 for never";
  }
  return problems;
}

/** The rule that the form describes. */
export function ruleOf(form: RuleForm): RuleFields {
  const { name, channels, enabled } = form;
  return {
    name: name.trim(),
    watch: watchOf(form),
    hold_seconds: seconds(form.hold),
    calm_seconds: seconds(form.calm),
    repeat_seconds: seconds(form.repeat),
    channels,
    enabled,
  };
}

function watchOf(form: RuleForm): Watch {
  const { kind } = form;
  switch (kind) {
    case "node_off":
      return { kind, node: form.node.trim() };
    case "agent_state":
      return {
        kind,
        agent: form.agent.trim(),
        states: WATCHED_STATES.filter((state) => form.states.includes(state)),
      };
    case "alert":
      return {
        kind,
        agent: form.agent.trim(),
        severity: LEVELS.find((level) => level === form.severity) ?? "warning",
      };
    case "reading":
      return {
        kind,
        topic: form.topic.trim(),
        field: form.field.trim(),
        compare: COMPARISONS.find((comparison) => comparison === form.compare) ?? "above",
        limit: form.compare === "missing" ? 0 : Number(form.limit),
      };
    case "broker_off":
      return { kind };
    default:
      return kind satisfies never;
  }
}

function minutes(value: number): string {
  return String(Number((value / 60).toFixed(3)));
}

function seconds(text: string): number {
  return Math.round(Number(text) * 60);
}
