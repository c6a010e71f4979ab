/** The chat's history, as the page shows it. Pure. */
import type { ActionDto, ChatServerMessage, ResultDto } from "../../chat_wire.ts";

/** The outcome of a proposed action. */
export type Decision = "open" | "yes" | "no" | "withdrawn";

export type ChatEntry =
  & { readonly key: number }
  & (
    | { readonly kind: "you" | "words" | "note" | "error"; readonly text: string }
    | { readonly kind: "result"; readonly ok: boolean; readonly result: ResultDto }
    | { readonly kind: "action"; readonly action: ActionDto; readonly decision: Decision }
  );

/** Invariants: at most one action is open, and only during a turn; at most `MAX_ENTRIES` entries. */
export interface ChatLog {
  readonly entries: readonly ChatEntry[];
  readonly nextKey: number;
  /** Whether a turn is under way. */
  readonly isBusy: boolean;
  /** `undefined`: not known yet; null: no model, plain sentences only. */
  readonly model: string | null | undefined;
}

export const MAX_ENTRIES = 500;

export const EMPTY_LOG: ChatLog = { entries: [], nextKey: 1, isBusy: false, model: undefined };

// Distributes over the union, so that `kind` still discriminates.
type NewEntry = ChatEntry extends infer Entry ? Entry extends ChatEntry ? Omit<Entry, "key"> : never : never;

/** Adds the person's message and begins a turn. */
export function said(log: ChatLog, text: string): ChatLog {
  return { ...added(log, { kind: "you", text }), isBusy: true };
}

export function received(log: ChatLog, message: ChatServerMessage): ChatLog {
  switch (message.type) {
    case "hello":
      return { ...log, model: message.model };
    case "words":
      return withWords(log, message.text);
    case "note":
      return added(log, { kind: "note", text: message.text });
    case "result":
      return added(log, { kind: "result", ok: message.ok, result: message.result });
    case "ask":
      return added(withdrawn(log), { kind: "action", action: message.action, decision: "open" });
    case "done":
      return ended(log, message.error);
    default:
      return message satisfies never;
  }
}

/** The person answered; an action that is not open stays unchanged. */
export function decided(log: ChatLog, id: string, yes: boolean): ChatLog {
  return mapOpen(log, (action) => action.id === id ? (yes ? "yes" : "no") : "open");
}

/** The turn or the connection has ended. @param problem why, if it did not end normally */
export function ended(log: ChatLog, problem: string | null): ChatLog {
  const over = { ...withdrawn(log), isBusy: false };
  return problem === null ? over : added(over, { kind: "error", text: problem });
}

/** The action waiting for an answer. */
export function openAction({ entries }: ChatLog): ActionDto | undefined {
  const open = entries.findLast((entry) => entry.kind === "action" && entry.decision === "open");
  return open?.kind === "action" ? open.action : undefined;
}

function withdrawn(log: ChatLog): ChatLog {
  return mapOpen(log, () => "withdrawn");
}

function mapOpen(log: ChatLog, decide: (action: ActionDto) => Decision): ChatLog {
  if (openAction(log) === undefined) return log;
  const entries = log.entries.map((entry) =>
    entry.kind === "action" && entry.decision === "open"
      ? { ...entry, decision: decide(entry.action) }
      : entry
  );
  return { ...log, entries };
}

function withWords(log: ChatLog, text: string): ChatLog {
  const last = log.entries.at(-1);
  if (last?.kind !== "words") return added(log, { kind: "words", text });
  return { ...log, entries: [...log.entries.slice(0, -1), { ...last, text: last.text + text }] };
}

function added(log: ChatLog, entry: NewEntry): ChatLog {
  const entries = [...log.entries, { ...entry, key: log.nextKey } as ChatEntry].slice(-MAX_ENTRIES);
  return { ...log, entries, nextKey: log.nextKey + 1 };
}
