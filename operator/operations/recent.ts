/** Fetches past log lines: nodes remember the last lines and errors of their agents. */
import { BusError } from "../bus_error.ts";
import { NoAnswerError, RefusedError } from "../commander.ts";
import type { Operator } from "../operator.ts";
import { isName } from "../../protocol/names.ts";
import { isKnown, namesThere } from "./find.ts";
import { isFrom, isOf, type LogLine, readFields } from "./reports.ts";
import { type NodeSelection, selectedNames } from "./selection.ts";
import { survey } from "./survey.ts";

export interface Recent {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** What is missing from the lines, in words for the operator. */
  readonly notes: readonly string[];
  /** Whether the target is entirely unknown; the last note then says so. */
  readonly isUnknown: boolean;
}

export interface RecentOptions {
  readonly kind: "logs" | "errors";
  /** An agent, or a node with its agents; all when left out. */
  readonly target: string | undefined;
  /** Only lines from these nodes, and from their agents. */
  readonly on?: NodeSelection | undefined;
  /** How many of the last lines to return. */
  readonly max: number;
  readonly signal: AbortSignal;
}

const ANSWER_MS = 3000;

/** Asks all nodes that are online, because the agent may have run on another one before. Never rejects because of a silent node or a broker. @throws OperationError when no node is selected */
export async function recentLines(operator: Operator, options: RecentOptions): Promise<Recent> {
  const { target, max, signal } = options;
  let silent: readonly string[];
  try {
    silent = await survey(operator, { signal });
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return { lines: [], notes: [`No earlier lines are shown: ${error.message}`], isUnknown: false };
  }
  const chosen = selectedNames(operator.fleet, options.on ?? {});
  const online = target === undefined || isName(target)
    ? operator.fleet.nodes.filter(({ isOnline, name }) => isOnline && (chosen?.has(name) ?? true))
    : [];
  const answers = await Promise.all(online.map(async ({ name, agents }) => {
    const isAsked = target === undefined || target === name || agents.includes(target);
    if (silent.includes(name)) return isAsked ? noted(name, "it does not answer") : NOTHING;
    const answer = await askNode(operator, name, options);
    // A node that does not run the agent may know nothing about it.
    return isAsked ? answer : { ...answer, notes: [] };
  }));
  const lines = answers.flatMap((answer) => answer.lines)
    .filter((line) => isOf(line, target) && isFrom(line, chosen))
    .toSorted((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
  const { fleet } = operator;
  const isOff = target !== undefined && fleet.node(target)?.isOnline === false;
  const offline = [`No earlier lines from node '${target}': it is offline`];
  const isUnknown = target !== undefined && lines.length === 0 && !isKnown(fleet, target);
  const unknown = `Nothing is known about '${target}', neither as a node nor as an agent: ${
    namesThere(fleet)
  }`;
  return {
    lines: max === 0 ? [] : lines.slice(-max),
    notes: [...answers.flatMap(({ notes }) => notes), ...isOff ? offline : [], ...isUnknown ? [unknown] : []],
    isUnknown,
  };
}

/**
 * The lines that one node remembers, including its own.
 * @returns undefined if it does not answer, refuses, or remembers nothing
 */
export async function remembered(
  operator: Operator,
  node: string,
  kind: "logs" | "errors",
): Promise<readonly LogLine[] | undefined> {
  const { lines, notes } = await askNode(operator, node, { kind, target: undefined });
  return notes.length > 0 ? undefined : lines;
}

/** Identifies a line, so that the same line from two sources is recognized. */
export function keyOf({ kind, timestamp, node, agent, message }: LogLine): string {
  // The remembered text may have been cut.
  return JSON.stringify([kind, timestamp, node, agent, message.slice(0, 1000)]);
}

/** One node's answer. */
type Told = Omit<Recent, "isUnknown">;

const NOTHING: Told = { lines: [], notes: [] };

async function askNode(
  { commander }: Operator,
  node: string,
  { kind, target }: Pick<RecentOptions, "kind" | "target">,
): Promise<Told> {
  const name = target === undefined || target === node ? {} : { name: target };
  try {
    const answer = await commander.command(node, "inspect", { recent: kind, ...name }, {
      timeoutMs: ANSWER_MS,
    });
    return Array.isArray(answer.lines) ? read(answer.lines, kind, node) : noted(node, TOO_OLD);
  } catch (error) {
    if (error instanceof RefusedError) {
      return noted(node, error.refusal === undefined ? TOO_OLD : error.message);
    }
    if (error instanceof NoAnswerError) return noted(node, TOO_OLD);
    throw error;
  }
}

const TOO_OLD = "its runner does not remember lines";

function noted(node: string, why: string): Told {
  return { lines: [], notes: [`No earlier lines from node '${node}': ${why}`] };
}

function read(lines: readonly unknown[], kind: "logs" | "errors", node: string): Told {
  const known = lines.flatMap((fields) => {
    if (typeof fields !== "object" || fields === null) return [];
    const said = { node, ...fields } as Readonly<Record<string, unknown>>;
    // A node's own errors are in its log.
    const report = kind === "errors" && "error" in said && "phase" in said ? "errors" : "logs";
    return readFields(report, said) ?? [];
  });
  return { lines: known, notes: [] };
}
