/**
 * A roll-out in waves, as a pure function: a state, an event and the time give the next state and the effects to carry
 * out. The caller stores the state before it carries out the effects, so that another one can go on with `begin`.
 *
 * Invariants: a wave begins only after the wave before it has soaked without more failures than allowed; once more nodes
 * have failed, or the roll-out is aborted, no further node is changed.
 */
import type { Ending, Outcome, Phase, RolloutEffect, RolloutEvent, RolloutState } from "./state.ts";

export interface Transition {
  readonly state: RolloutState;
  readonly effects: readonly RolloutEffect[];
}

/** @param nowMs milliseconds since the epoch. An event that does not apply to `state` changes nothing. */
export function transition(state: RolloutState, event: RolloutEvent, nowMs: number): Transition {
  switch (event.kind) {
    case "begin":
      return begin(state, nowMs);
    case "looked":
      return state.phase.kind === "ready" && !state.isPaused ? nextWave(state, event.off) : same(state);
    case "outcomes":
      return state.phase.kind === "changing" ? outcomes(state, state.phase.nodes, event, nowMs) : same(state);
    case "unhealthy":
      return state.phase.kind === "soaking" && state.phase.nodes.includes(event.node)
        ? checked({ ...state, failures: { [event.node]: event.why, ...state.failures } }, same)
        : same(state);
    case "soaked":
      return state.phase.kind === "soaking" && nowMs >= state.phase.untilMs ? passed(state) : same(state);
    case "withdrawn":
      return state.phase.kind === "withdrawing" ? withdrawn(state, state.phase) : same(state);
    case "reverted":
      return state.phase.kind === "reverting"
        ? end({ ...state, failures: { ...state.failures, ...event.failures }, pending: {} }, state.phase.ends)
        : same(state);
    case "overtaken":
      return state.phase.kind === "ended" ? same(state) : end(state, { how: "halted", why: event.why });
    case "pause":
      return state.phase.kind === "ended" ? same(state) : same({ ...state, isPaused: true });
    case "resume":
      return {
        state: { ...state, isPaused: false },
        effects: state.isPaused && state.phase.kind === "ready" ? [{ kind: "look" }] : [],
      };
    case "abort":
      return abort(state, event, nowMs);
    default:
      return event satisfies never;
  }
}

/** Whether the roll-out is over. A roll-out that was halted can still be reverted by `abort`. */
export function isOver({ phase }: RolloutState): boolean {
  return phase.kind === "ended";
}

const same = (state: RolloutState): Transition => ({ state, effects: [] });

function enter(state: RolloutState, phase: Phase, ...effects: RolloutEffect[]): Transition {
  return { state: { ...state, phase }, effects };
}

function end(state: RolloutState, { how, why }: Ending): Transition {
  return enter({ ...state, isPaused: false, aborts: undefined }, { kind: "ended", how, why });
}

/** Repeats the effect of the current phase: carrying out any effect twice does no harm. */
function begin(state: RolloutState, nowMs: number): Transition {
  const { phase, limits } = state;
  switch (phase.kind) {
    case "ready":
      return { state, effects: state.isPaused ? [] : [{ kind: "look" }] };
    case "changing":
      return enter(state, { ...phase, isSent: false }, { kind: "change", nodes: phase.nodes });
    case "soaking":
      // Nobody has watched in the meantime.
      return soak(state, phase.nodes, nowMs + limits.soakMs);
    case "withdrawing":
      return { state, effects: [{ kind: "withdraw", nodes: phase.nodes }] };
    case "reverting":
      return { state, effects: [{ kind: "revert", nodes: phase.nodes }] };
    case "ended":
      return same(state);
    default:
      return phase satisfies never;
  }
}

/** Nodes that are off come last, and others take their place: a wave of nodes that are off would prove nothing. */
function nextWave(state: RolloutState, off: readonly string[]): Transition {
  const isOn = (node: string) => !off.includes(node);
  const all = state.waves[state.wave] ?? [];
  const later = state.waves.slice(state.wave + 1);
  const late = all.filter((node) => !isOn(node));
  const instead = later.flat().filter(isOn).slice(0, late.length);
  const ready = [...all.filter(isOn), ...instead];
  // Only nodes that are off are left.
  const nodes = ready.length > 0 ? ready : [...all, ...later.flat()];
  const rest = later.map((wave) => wave.filter((node) => !nodes.includes(node)));
  const behind = [...rest, late.filter((node) => !nodes.includes(node))].filter(({ length }) => length > 0);
  if (nodes.length === 0) return end(state, { how: "done", why: "" });
  return enter(
    {
      ...state,
      waves: [...state.waves.slice(0, state.wave), nodes, ...behind],
      changed: [...new Set([...state.changed, ...nodes])],
    },
    { kind: "changing", nodes, isSent: false },
    { kind: "change", nodes },
  );
}

function outcomes(
  state: RolloutState,
  nodes: readonly string[],
  { outcomes }: Extract<RolloutEvent, { kind: "outcomes" }>,
  nowMs: number,
): Transition {
  const isLast = state.wave === state.waves.length - 1;
  const failures = { ...state.failures };
  const pending = { ...state.pending };
  for (const [node, outcome] of Object.entries(outcomes)) {
    if (!nodes.includes(node)) continue;
    delete pending[node];
    const why = failureOf(outcome, isLast);
    if (why !== undefined) failures[node] ??= why;
    if (outcome.kind === "pending" || outcome.kind === "waiting") pending[node] = outcome.why;
  }
  const next: RolloutState = {
    ...state,
    failures,
    pending,
    phase: { kind: "changing", nodes, isSent: true },
  };
  return checked(next, (checked) => {
    const open = nodes.filter((node) =>
      outcomes[node]?.kind === "waiting" || isWaiting(state, node, outcomes)
    );
    if (open.length > 0) return same(checked);
    const taken = nodes.filter((node) => pending[node] === undefined && failures[node] === undefined);
    return taken.length === 0 ? passed(checked) : soak(checked, taken, nowMs + state.limits.soakMs);
  });
}

/** Whether a node still waits since an earlier event. */
function isWaiting(
  { phase, pending }: RolloutState,
  node: string,
  outcomes: Readonly<Record<string, Outcome>>,
): boolean {
  return phase.kind === "changing" && phase.isSent && outcomes[node] === undefined &&
    pending[node] !== undefined;
}

function failureOf(outcome: Outcome, isLast: boolean): string | undefined {
  if (outcome.kind === "failed") return outcome.why;
  return outcome.kind === "pending" && !isLast ? outcome.why : undefined;
}

function soak(state: RolloutState, nodes: readonly string[], untilMs: number): Transition {
  return enter(state, { kind: "soaking", nodes, untilMs }, { kind: "soak", nodes, untilMs });
}

/** The wave has soaked, or has nobody to watch. */
function passed(state: RolloutState): Transition {
  const wave = state.wave + 1;
  if (wave >= state.waves.length) return end(state, { how: "done", why: "" });
  const next: RolloutState = { ...state, wave, phase: { kind: "ready" } };
  return { state: next, effects: state.isPaused ? [] : [{ kind: "look" }] };
}

/** Stops the roll-out if it was aborted, or if too many nodes have failed; otherwise `goesOn`. */
function checked(state: RolloutState, goesOn: (state: RolloutState) => Transition): Transition {
  const { limits, failures, aborts } = state;
  if (aborts !== undefined) return abortNow(state, aborts);
  const failed = Object.entries(failures);
  const [last] = failed.toReversed();
  if (last === undefined || failed.length <= limits.maxFailures) return goesOn(state);
  const [node, reason] = last;
  const why = failed.length === 1
    ? `${node}: ${reason}`
    : `${failed.length} nodes have failed, such as ${node}: ${reason}`;
  return limits.onFailure === "rollback"
    ? revert(state, { how: "rolled_back", why })
    : withdraw(state, { how: "halted", why });
}

function revert(state: RolloutState, ends: Ending): Transition {
  const nodes = state.changed;
  if (nodes.length === 0) return end(state, ends);
  return enter({ ...state, aborts: undefined }, { kind: "reverting", nodes, ends }, {
    kind: "revert",
    nodes,
  });
}

function withdraw(state: RolloutState, ends: Ending): Transition {
  const nodes = Object.keys(state.pending);
  if (nodes.length === 0) return end(state, ends);
  return enter(
    { ...state, aborts: undefined },
    { kind: "withdrawing", nodes, ends },
    { kind: "withdraw", nodes },
  );
}

function withdrawn(
  state: RolloutState,
  { nodes, ends }: Extract<Phase, { kind: "withdrawing" }>,
): Transition {
  const changed = state.changed.filter((node) => !nodes.includes(node));
  return end({ ...state, changed, pending: {} }, ends);
}

function abort(
  state: RolloutState,
  event: Extract<RolloutEvent, { kind: "abort" }>,
  nowMs: number,
): Transition {
  const { reverts, by, isAlone = false } = event;
  const { phase } = state;
  switch (phase.kind) {
    case "ready":
    case "soaking":
      return abortNow(state, { reverts, by });
    case "changing":
      if (phase.isSent) return abortNow(state, { reverts, by });
      if (!isAlone) return same({ ...state, aborts: { reverts, by } });
      return abortNow({ ...state, pending: { ...state.pending, ...unknown(phase.nodes) } }, { reverts, by });
    case "withdrawing":
    case "reverting":
      return isAlone ? begin(state, nowMs) : same(state);
    case "ended":
      // What was halted or aborted may be taken back later.
      return reverts && (phase.how === "halted" || phase.how === "aborted")
        ? abortNow(state, { reverts, by })
        : same(state);
    default:
      return phase satisfies never;
  }
}

/** Nobody knows whether these nodes have taken the change. */
function unknown(nodes: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(nodes.map((node) => [node, "whether it has taken the change is not known"]));
}

function abortNow(state: RolloutState, { reverts, by }: { readonly reverts: boolean; readonly by: string }) {
  const ends: Ending = { how: reverts ? "rolled_back" : "aborted", why: `aborted by ${by}` };
  return reverts ? revert(state, ends) : withdraw(state, ends);
}
