/** The context of every part of the page: the store, the connection, and messages to the reader. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Signal, signal } from "@preact/signals";
import type { AgentCommand } from "../../../../protocol/commands.ts";
import type { ActionOutcome, AgentDto } from "../../wire.ts";
import type { Rule } from "../../notice_wire.ts";
import { act, apiPath } from "./api.ts";
import { Board } from "./notice_board.ts";
import { Chat } from "./chat.ts";
import type { Connection } from "./connection.ts";
import { Drafts } from "./drafts.ts";
import type { BulkAction } from "../logic/bulk.ts";
import type { Router } from "./router.ts";
import { Selection } from "./selection.ts";
import type { Store } from "./store.ts";
import type { ThemeChoice } from "./theme.ts";

/** A short message in a corner. */
export interface Toast {
  readonly id: number;
  readonly kind: "busy" | "good" | "bad";
  readonly text: string;
}

/** A dialog that asks before an action. */
export type Ask =
  | {
    readonly kind: "migrate" | "start_elsewhere";
    readonly agent: AgentDto;
    /** The node chosen at first. */
    readonly target?: string;
  }
  | { readonly kind: "task"; readonly agent: AgentDto }
  | { readonly kind: "stop"; readonly agent: AgentDto }
  | { readonly kind: "delete"; readonly agent: AgentDto }
  | { readonly kind: "stop_all"; readonly node: string }
  | { readonly kind: "bulk"; readonly action: BulkAction; readonly agents: readonly AgentDto[] }
  | { readonly kind: "remove_rule"; readonly rule: Rule }
  | { readonly kind: "help" };

const GOOD_TOAST_MS = 6000;
const BAD_TOAST_MS = 15_000;
const MAX_TOASTS = 5;

export class App {
  readonly toasts: Signal<readonly Toast[]> = signal([]);
  readonly asked: Signal<Ask | null> = signal(null);
  readonly chat: Chat = new Chat();
  readonly drafts: Drafts = new Drafts();
  readonly selection: Selection = new Selection();
  readonly board: Board;
  #nextToast = 1;
  readonly #holds: Signal<number> = signal(0);

  constructor(
    readonly store: Store,
    readonly connection: Connection,
    readonly router: Router,
    readonly theme: ThemeChoice,
  ) {
    this.board = new Board(store);
  }

  get mayControl(): boolean {
    return this.store.session.value?.control === true;
  }

  /** Whether lists keep their order, so that no row moves away under the user's pointer. */
  get rowsHeld(): boolean {
    return this.#holds.value > 0 || this.asked.value !== null;
  }

  /** Freezes the order of rows in lists. @returns a function that unfreezes it */
  holdRows(): () => void {
    this.#holds.value += 1;
    return () => this.#holds.value -= 1;
  }

  /** Performs an action and shows its outcome. */
  async perform(what: string, path: string, body: unknown = {}): Promise<ActionOutcome> {
    const id = this.#nextToast++;
    this.#show({ id, kind: "busy", text: `${what}…` });
    const outcome = await act(path, body);
    this.#show({ id, kind: outcome.ok ? "good" : "bad", text: `${outcome.message} (${outcome.took_ms} ms)` });
    setTimeout(() => this.dismiss(id), outcome.ok ? GOOD_TOAST_MS : BAD_TOAST_MS);
    return outcome;
  }

  /** Shows what has come of something. */
  tell(text: string, isGood: boolean): void {
    const id = this.#nextToast++;
    this.#show({ id, kind: isGood ? "good" : "bad", text });
    setTimeout(() => this.dismiss(id), isGood ? GOOD_TOAST_MS : BAD_TOAST_MS);
  }

  async command(
    agent: AgentDto,
    command: AgentCommand,
  ): Promise<ActionOutcome> {
    const doing = {
      pause: "Pausing",
      resume: "Resuming",
      stop: "Stopping",
      restart: "Restarting",
      delete: "Deleting",
    };
    return await this.perform(`${doing[command]} ${agent.name}`, apiPath("agents", agent.actor_id, command));
  }

  /** Restarts an agent that has ended. */
  async start(agent: AgentDto): Promise<ActionOutcome> {
    return await this.perform(`Starting ${agent.name}`, apiPath("agents", agent.actor_id, "start"));
  }

  /** Starts an agent whose node is off on another node. */
  async startElsewhere(agent: AgentDto, target: string): Promise<ActionOutcome> {
    return await this.perform(
      `Starting ${agent.name} on ${target}`,
      apiPath("agents", agent.actor_id, "start_elsewhere"),
      { target_node: target },
    );
  }

  /** Removes an agent that has ended from the list. */
  async remove(agent: AgentDto): Promise<ActionOutcome> {
    return await this.perform(`Removing ${agent.name}`, apiPath("agents", agent.actor_id, "remove"));
  }

  async migrate(agent: AgentDto, target: string): Promise<ActionOutcome> {
    return await this.perform(
      `Moving ${agent.name} to ${target}`,
      apiPath("agents", agent.actor_id, "migrate"),
      { target_node: target },
    );
  }

  dismiss(id: number): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast.id !== id);
  }

  #show(toast: Toast): void {
    const others = this.toasts.value.filter(({ id }) => id !== toast.id);
    this.toasts.value = [...others, toast].slice(-MAX_TOASTS);
  }
}

export const AppContext = createContext<App | null>(null);

/** @throws Error outside the page */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("useApp() is for what the page renders");
  return app;
}
