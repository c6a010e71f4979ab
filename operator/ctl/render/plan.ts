/** Formats a plan and the results of its steps, for people and for programs. Pure. */
import { createTwoFilesPatch } from "diff";
import type { StepResult } from "../../operations/apply.ts";
import { isChange, type Step } from "../../operations/plan.ts";
import { type Colour, oneLine, paint, printable, type Terminal } from "../terminal.ts";
import { count } from "./units.ts";

type View = Pick<Terminal, "colour">;

const LOOKS: Readonly<Record<Step["kind"], { readonly sign: string; readonly colour: Colour | undefined }>> =
  {
    start: { sign: "+", colour: "green" },
    replace: { sign: "~", colour: "yellow" },
    move: { sign: ">", colour: "cyan" },
    stop: { sign: "-", colour: "red" },
    keep: { sign: "=", colour: "grey" },
    unlisted: { sign: "?", colour: "grey" },
    blocked: { sign: "!", colour: "red" },
  };

/** One line per step, such as `+ hall/sensor  start`, and a summary. Agents that are up to date are left out. */
export function planLines(steps: readonly Step[], view: View): string[] {
  return [...steps.filter(({ kind }) => kind !== "keep").map((step) => stepLine(step, view)), summary(steps)];
}

export function stepLine(step: Step, view: View): string {
  const { sign, colour } = LOOKS[step.kind];
  return paint(view, colour, oneLine(`${sign} ${step.node}/${step.agent}  ${wordsFor(step)}`));
}

/** Pending steps already include what they wait for. */
export function resultLine({ step, ok, error, pending }: StepResult, view: View): string {
  const mark = pending !== undefined
    ? paint(view, "yellow", "waits")
    : ok
    ? paint(view, "green", "done")
    : paint(view, "red", "failed");
  return `${mark}  ${stepLine(step, { colour: false })}${error === undefined ? "" : `: ${oneLine(error)}`}`;
}

/** The changes of a replacement: a patch of the code, and one line for each other field. */
export function changeLines(step: Step, view: View): string[] {
  if (step.kind !== "replace") return [];
  const fields = step.changes.filter((field) => field !== "code").map((field) =>
    `    ${field}: ${shown(step.before[field])} → ${shown(step.config[field])}`
  );
  return [...fields.map(printable), ...step.changes.includes("code") ? patch(step, view) : []];
}

function patch({ agent, before, config }: Extract<Step, { kind: "replace" }>, view: View): string[] {
  const text = createTwoFilesPatch(
    `${agent} (runs)`,
    `${agent} (file)`,
    String(before.code),
    String(config.code),
  );
  return text.trimEnd().split("\n").slice(1).map((line) =>
    `    ${
      paint(view, line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined, printable(line))
    }`
  );
}

function wordsFor(step: Step): string {
  switch (step.kind) {
    case "replace":
      return `replace (${step.changes.join(", ")})`;
    case "move":
      return `move from ${step.from}`;
    case "keep":
      return "as it should be";
    case "unlisted":
      return "not in the file, left alone (--prune stops it)";
    case "blocked":
      return step.isUnknown
        ? "no node of this name has been seen"
        : "its node is off, and gets it when it returns";
    default:
      return step.kind;
  }
}

function summary(steps: readonly Step[]): string {
  const changes = steps.filter(isChange);
  if (changes.length === 0) return "Nothing to do: the fleet matches the file";
  const kinds = Map.groupBy(changes, ({ kind }) => kind);
  const kept = steps.filter(({ kind }) => kind === "keep").length;
  const rest = kept === 0 ? "" : `; ${kept} as it should be`;
  return `${count(changes.length, "step")}: ${
    [...kinds].map(([kind, of]) => `${of.length} ${kind}`).join(", ")
  }${rest}`;
}

function shown(value: unknown): string {
  const json = value === undefined ? "(default)" : JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}
