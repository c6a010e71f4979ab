/**
 * A small model of a move between two nodes with `--trust`, on a bus that belongs to an attacker: whatever was said can
 * come at any time, any number of times, or never, and he may send whatever he can make. So at each step a node may get
 * any message at all; it counts when the very text that the node builds to check it was signed by the one who must have
 * signed it. The texts are those of the product. Two orders to move the same agent, crashes, and a stop by the operator.
 */
import {
  decisionText,
  digestOf,
  handOverText,
  type Move,
  offerText,
  type Progress,
  progressText,
} from "../../protocol/signing/statements.ts";

/** What a node checks; a model without one of them shows what it is for. */
export const CHECKS = [
  "offer",
  "hand-over",
  "progress",
  "decision",
  "order once",
  "move of progress",
  "cargo of progress",
  "move of decision",
] as const;
export type Check = (typeof CHECKS)[number];

type Id = "1" | "2";
const IDS: readonly Id[] = ["1", "2"];
const BOXES = ["box of the target", "box of the attacker"] as const;
/** A config that was signed long ago, and a state of the attacker's own, travel as well as the real ones. */
const LOADS = ["real", "foreign"] as const;
type Load = (typeof LOADS)[number];

export interface State {
  readonly source: {
    /** `asking`: it works, and asks the target. `resting`: it is handed over. `gone`: it is the target's. */
    readonly agent: "running" | "asking" | "resting" | "gone";
    readonly id: Id | "";
    readonly used: readonly Id[];
  };
  readonly target: {
    readonly agent: "none" | "waiting" | "running";
    readonly id: Id | "";
    readonly load: Load | "";
    readonly hasArrived: boolean;
    readonly used: readonly Id[];
  };
  /** What was signed, by whom it may be signed. */
  readonly said: readonly string[];
  /** An operator has stopped the agent where it is. */
  readonly isStopped: boolean;
}

export const START: State = {
  source: { agent: "running", id: "", used: [] },
  target: { agent: "none", id: "", load: "", hasArrived: false, used: [] },
  said: [],
  isStopped: false,
};

const moveOf = (id: Id | ""): Move => ({ id, agent: "x", from: "s", to: "t" });
const handOver = (id: Id | "", load: Load, box: string) =>
  handOverText(moveOf(id), {
    order: digestOf(`order ${id}`),
    config: digestOf(`config ${load}`),
    state: digestOf(`state ${load} for ${box}`),
    paused: false,
  });

const say = (state: State, text: string): State =>
  state.said.includes(text) ? state : { ...state, said: [...state.said, text].sort() };
const withSource = (state: State, source: Partial<State["source"]>): State => ({
  ...state,
  source: { ...state.source, ...source },
});
const withTarget = (state: State, target: Partial<State["target"]>): State => ({
  ...state,
  target: { ...state.target, ...target },
});
const NOTHING: Partial<State["target"]> = { agent: "none", id: "", load: "", hasArrived: false };

/** All that can happen next. @param without checks that the nodes do not make */
export function next(state: State, without: readonly Check[]): State[] {
  const counts = (check: Check, text: string) => without.includes(check) || state.said.includes(text);
  return [...ofSource(state, counts, without), ...ofTarget(state, counts, without), ...ofOperator(state)];
}

type Counts = (check: Check, text: string) => boolean;

function* ofSource(state: State, counts: Counts, without: readonly Check[]): Iterable<State> {
  const { agent, id, used } = state.source;
  if (agent === "running" && !state.isStopped) {
    // An order that was signed counts once; for each the source makes an id that nobody can know before.
    for (const order of IDS) {
      if (!used.includes(order)) {
        yield withSource(state, { agent: "asking", id: order, used: [...used, order].sort() });
      }
    }
  }
  const stay = (from: State) => withSource(from, { agent: "running", id: "" });
  // Nobody answers in time, or the runner is killed.
  if (agent === "asking") yield stay(state);
  if (agent === "resting") yield say(stay(state), decisionText(moveOf(id), "abort"));
  for (const box of BOXES) {
    if (agent === "asking" && counts("offer", offerText(moveOf(id), box, "free"))) {
      yield say(withSource(state, { agent: "resting" }), handOver(id, "real", box));
    }
  }
  for (const reported of IDS) {
    const isAbout = without.includes("move of progress") ? reported : id;
    const loads = LOADS.slice(0, without.includes("cargo of progress") ? 2 : 1);
    const report = (progress: Progress, about: Id | "") =>
      loads.some((load) => {
        const cargo = digestOf(handOver(about, load, BOXES[0]));
        return counts("progress", progressText(moveOf(about), cargo, progress, ""));
      });
    if (agent === "resting" && report("arrived", isAbout)) {
      // On disk first; that it says so may be lost with it.
      yield withSource(state, { agent: "gone" });
      yield say(withSource(state, { agent: "gone" }), decisionText(moveOf(id), "commit"));
    }
    if (agent === "resting" && report("refused", isAbout)) {
      yield say(stay(state), decisionText(moveOf(id), "abort"));
    }
    // It is asked what has become of a move.
    if (
      !(agent === "resting" && id === reported) &&
      (report("waiting", reported) || report("arrived", reported))
    ) {
      const isGone = agent === "gone" && id === reported;
      yield say(state, decisionText(moveOf(reported), isGone ? "commit" : "abort"));
    }
  }
}

function* ofTarget(state: State, counts: Counts, without: readonly Check[]): Iterable<State> {
  const { agent, id, load, hasArrived, used } = state.target;
  // It answers whoever asks, about a move that somebody knows of.
  for (const asked of state.source.used) {
    if (agent === "none") yield say(state, offerText(moveOf(asked), BOXES[0], "free"));
  }
  for (const order of IDS) {
    // A signed order counts for an agent that the source was told to move, and once.
    const isFresh = without.includes("order once") || !used.includes(order);
    for (const brought of LOADS) {
      if (agent !== "none" || !isFresh || !state.source.used.includes(order)) continue;
      if (!counts("hand-over", handOver(order, brought, BOXES[0]))) continue;
      const taken = { agent: "waiting", id: order, load: brought, hasArrived: false } as const;
      yield withTarget(state, { ...taken, used: [...new Set([...used, order])].sort() });
    }
  }
  if (agent !== "waiting") return;
  const handedOver = digestOf(handOver(id, load === "foreign" ? "foreign" : "real", BOXES[0]));
  yield say(state, progressText(moveOf(id), handedOver, "waiting", ""));
  yield say(withTarget(state, { hasArrived: true }), progressText(moveOf(id), handedOver, "arrived", ""));
  // Its setup fails, or the node cannot keep it.
  if (!hasArrived) yield say(withTarget(state, NOTHING), progressText(moveOf(id), handedOver, "refused", ""));
  for (const decided of IDS) {
    const about = without.includes("move of decision") ? decided : id;
    if (counts("decision", decisionText(moveOf(about), "commit"))) {
      yield withTarget(state, { agent: "running" });
    }
    if (counts("decision", decisionText(moveOf(about), "abort"))) yield withTarget(state, NOTHING);
  }
}

function* ofOperator(state: State): Iterable<State> {
  // Where it runs for good, an operator may stop it.
  if (state.source.agent === "gone" && state.target.agent === "running") {
    yield { ...withTarget(state, NOTHING), isStopped: true };
  }
}

/** What must never be; `undefined`: all is well. */
export function violation({ source, target, said, isStopped }: State): string | undefined {
  const atSource = source.agent === "running" || source.agent === "asking";
  const atTarget = target.agent === "running";
  if (atSource && atTarget) return "it processes on both nodes";
  if (atTarget && target.load !== "real") return "what nobody has handed over runs";
  if (isStopped && atTarget) return "what was stopped runs again";
  if (source.agent === "gone" && target.agent === "none" && !isStopped) return "it is lost";
  const isRead = said.some((text) => IDS.some((id) => text === handOver(id, "real", BOXES[1])));
  return isRead ? "its state is sealed for somebody else" : undefined;
}

/** It processes on one node, or was stopped, and nothing waits. */
export function isSettled({ source, target, isStopped }: State): boolean {
  if (isStopped) return source.agent === "gone" && target.agent === "none";
  return (source.agent === "running" && target.agent === "none") ||
    (source.agent === "gone" && target.agent === "running");
}

export interface Explored {
  readonly states: number;
  readonly violations: ReadonlySet<string>;
  /** States from which no way leads to a settled one. */
  readonly traps: number;
}

/**
 * Looks at every state that can be reached, in whatever order things happen, the nearest first.
 * @param until a violation that is enough
 */
export function explore(without: readonly Check[] = [], until?: string): Explored {
  const key = (state: State) => JSON.stringify(state);
  const seen = new Map([[key(START), START]]);
  const before = new Map<string, string[]>();
  const violations = new Set<string>();
  const open = [START];
  // What is added meanwhile is looked at, too.
  for (const state of open) {
    const wrong = violation(state);
    if (wrong !== undefined) violations.add(wrong);
    if (until !== undefined && wrong === until) break;
    for (const then of next(state, without)) {
      const name = key(then);
      const comeFrom = before.get(name);
      if (comeFrom === undefined) before.set(name, [key(state)]);
      else comeFrom.push(key(state));
      if (seen.has(name)) continue;
      seen.set(name, then);
      open.push(then);
    }
  }
  const settling = [...seen].filter(([, state]) => isSettled(state)).map(([name]) => name);
  const settles = new Set(settling);
  for (let name = settling.pop(); name !== undefined; name = settling.pop()) {
    for (const earlier of before.get(name) ?? []) {
      if (settles.has(earlier)) continue;
      settles.add(earlier);
      settling.push(earlier);
    }
  }
  return { states: seen.size, violations, traps: seen.size - settles.size };
}
