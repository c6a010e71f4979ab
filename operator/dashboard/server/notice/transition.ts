/** Decides when a notice begins, is told, and ends. Pure: the caller passes in the time and carries out the effects. */
import type { Acknowledgement } from "../../notice_wire.ts";

/** A rule's condition for one node, agent or reading. Times are epoch seconds. */
export type NoticeState =
  | { readonly kind: "quiet" }
  /** The condition holds, but not yet for long enough. */
  | { readonly kind: "pending"; readonly since: number; readonly text: string }
  | ActiveState;

export interface ActiveState {
  readonly kind: "active";
  readonly since: number;
  readonly text: string;
  /** How often it has happened. */
  readonly count: number;
  /** Since when the condition is over; null while it holds. */
  readonly calmSince: number | null;
  /** How many messages were sent. */
  readonly told: number;
  readonly toldAt: number | null;
  readonly acknowledged: Acknowledgement | null;
}

export type NoticeEvent =
  /** The condition holds. */
  | { readonly kind: "holds"; readonly since: number; readonly text: string }
  /** The condition does not hold. */
  | { readonly kind: "calm" }
  /** Something without duration, such as an alert. */
  | { readonly kind: "happened"; readonly text: string }
  /** Time has passed. */
  | { readonly kind: "tick" }
  | { readonly kind: "acknowledged"; readonly by: string }
  /** A person closed it, or what it is about is gone. */
  | { readonly kind: "closed" };

export type NoticeEffect =
  | {
    readonly kind: "tell";
    readonly what: "begins" | "repeats" | "ends";
    /** Counts the messages of this notice, from 1. */
    readonly number: number;
    readonly text: string;
    readonly since: number;
    readonly count: number;
  }
  | { readonly kind: "ended"; readonly last: ActiveState };

export type Tell = Extract<NoticeEffect, { readonly kind: "tell" }>;

/** The parts of a rule that matter here. */
export interface NoticeTiming {
  readonly hold_seconds: number;
  readonly calm_seconds: number;
  /** 0 for never. */
  readonly repeat_seconds: number;
  readonly muted_until: number | null;
}

export interface Step {
  readonly state: NoticeState;
  readonly effects: readonly NoticeEffect[];
}

export const QUIET: NoticeState = { kind: "quiet" };

/** The same state object comes back if nothing has changed. */
export function transition(state: NoticeState, event: NoticeEvent, now: number, rule: NoticeTiming): Step {
  switch (state.kind) {
    case "quiet":
    case "pending":
      return beforeBegin(state, event, now, rule);
    case "active":
      return active(state, event, now, rule);
    default:
      return state satisfies never;
  }
}

function beforeBegin(
  state: Exclude<NoticeState, ActiveState>,
  event: NoticeEvent,
  now: number,
  rule: NoticeTiming,
): Step {
  switch (event.kind) {
    case "holds": {
      const since = Math.min(now, state.kind === "pending" ? state.since : event.since);
      if (now - since >= rule.hold_seconds) return begin(since, event.text, null, now, rule);
      return unchanged(state.kind === "pending" ? state : { kind: "pending", since, text: event.text });
    }
    case "happened":
      return begin(now, event.text, now, now, rule);
    case "calm":
    case "closed":
      return unchanged(QUIET);
    case "tick":
    case "acknowledged":
      return unchanged(state);
    default:
      return event satisfies never;
  }
}

function begin(
  since: number,
  text: string,
  calmSince: number | null,
  now: number,
  rule: NoticeTiming,
): Step {
  const state: ActiveState = {
    kind: "active",
    since,
    text,
    count: 1,
    calmSince,
    told: 0,
    toldAt: null,
    acknowledged: null,
  };
  return toldIfDue(state, now, rule);
}

function active(state: ActiveState, event: NoticeEvent, now: number, rule: NoticeTiming): Step {
  switch (event.kind) {
    case "holds":
      return toldIfDue(
        state.calmSince === null ? state : { ...state, calmSince: null },
        now,
        rule,
        event.text,
      );
    case "happened":
      return toldIfDue({ ...state, count: state.count + 1, calmSince: now, text: event.text }, now, rule);
    case "calm":
      return calmed(state.calmSince === null ? { ...state, calmSince: now } : state, now, rule);
    case "tick":
      return state.calmSince === null ? toldIfDue(state, now, rule) : calmed(state, now, rule);
    case "acknowledged":
      return unchanged(
        state.acknowledged === null ? { ...state, acknowledged: { by: event.by, at: now } } : state,
      );
    case "closed":
      return { state: QUIET, effects: [{ kind: "ended", last: state }] };
    default:
      return event satisfies never;
  }
}

/** Ends it if it has been calm for long enough. Its end is told only if its begin was. */
function calmed(state: ActiveState, now: number, rule: NoticeTiming): Step {
  if (state.calmSince === null || now - state.calmSince < rule.calm_seconds) {
    return toldIfDue(state, now, rule);
  }
  const isTold = state.told > 0 && !isMuted(rule, now);
  return {
    state: QUIET,
    effects: [...isTold ? [tell("ends", state)] : [], { kind: "ended", last: state }],
  };
}

/** @param text what to say now, if it differs from what was said before */
function toldIfDue(state: ActiveState, now: number, rule: NoticeTiming, text: string = state.text): Step {
  if (!isTellDue(state, now, rule)) return unchanged(state);
  const said: ActiveState = { ...state, text };
  return {
    state: { ...said, told: said.told + 1, toldAt: now },
    effects: [tell(said.told === 0 ? "begins" : "repeats", said)],
  };
}

/** A notice that began while its rule was muted is told when that is over. */
function isTellDue({ told, toldAt, acknowledged }: ActiveState, now: number, rule: NoticeTiming): boolean {
  if (isMuted(rule, now) || acknowledged !== null) return false;
  if (told === 0 || toldAt === null) return true;
  return rule.repeat_seconds > 0 && now - toldAt >= rule.repeat_seconds;
}

function isMuted({ muted_until }: NoticeTiming, now: number): boolean {
  return muted_until !== null && now < muted_until;
}

function tell(what: Tell["what"], { told, text, since, count }: ActiveState): Tell {
  return { kind: "tell", what, number: told + 1, text, since, count };
}

function unchanged(state: NoticeState): Step {
  return { state, effects: [] };
}
