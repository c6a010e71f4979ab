/** Spawns an agent and waits for what becomes of it: the node's answer says only that it has been taken over. */
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import type { Operator } from "../operator.ts";

/** A spawn config, as far as it is looked at here. */
export type Config = Readonly<Record<string, unknown>> & { readonly name: string };

export type SpawnOutcome =
  /** `setup()` has returned. */
  | { readonly kind: "running"; readonly agent: string; readonly actorId: string; readonly node: string }
  /** One of that name runs there, and the config does not say `replace`. */
  | { readonly kind: "already_running"; readonly agent: string; readonly node: string }
  | {
    readonly kind: "failed";
    readonly agent: string;
    readonly node: string;
    readonly phase: string;
    readonly error: string;
    readonly traceback: string | undefined;
    /** The code that was to be replaced runs again. */
    readonly rolledBack: boolean;
  }
  /** Somebody has stopped it meanwhile. */
  | { readonly kind: "stopped"; readonly agent: string; readonly node: string }
  /** Taken over by the node, but neither running nor failed within the time. */
  | { readonly kind: "unsettled"; readonly agent: string; readonly node: string; readonly last: string };

/** What happens on the way, in words. */
export type OnProgress = (message: string) => void;

export interface SpawnOptions {
  /** How long it may take until the agent runs, milliseconds. */
  readonly timeoutMs?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 120_000;

/**
 * @throws RefusedError when the node says no
 * @throws NoAnswerError when it says nothing
 */
export async function spawn(
  { bus, commander }: Operator,
  node: string,
  config: Config,
  { timeoutMs = TIMEOUT_MS, onProgress = () => {}, signal }: SpawnOptions = {},
): Promise<SpawnOutcome> {
  const { name: agent } = config;
  const watch = new SpawnWatch(agent, node, onProgress);
  using _reports = await bus.subscribe(`agents/${actorId(agent)}/+`, (message) => watch.onReport(message));
  using _log = await bus.subscribe(topics.nodeLogs(node), (message) => watch.onNodeLog(message));
  const answer = await commander.command(node, "spawn", { ...config, node });
  if (answer.already_running === true) return { kind: "already_running", agent, node };
  return await watch.settled(timeoutMs, signal);
}

/** Reads, from what the node and the agent say, what becomes of a spawn. */
class SpawnWatch {
  readonly #outcome = Promise.withResolvers<SpawnOutcome>();
  #last = "taken over by the node";

  constructor(
    private readonly agent: string,
    private readonly node: string,
    private readonly onProgress: OnProgress,
  ) {}

  async settled(timeoutMs: number, signal: AbortSignal | undefined): Promise<SpawnOutcome> {
    const { agent, node } = this;
    const giveUp = () => this.#outcome.resolve({ kind: "unsettled", agent, node, last: this.#last });
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener("abort", giveUp);
    try {
      return await this.#outcome.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  onNodeLog({ payload, retained }: BusMessage): void {
    const { type, child_name, message } = fieldsOf(payload);
    if (retained || child_name !== this.agent || type !== "installing") return;
    this.#says(String(message));
  }

  onReport({ topic, payload, retained }: BusMessage): void {
    if (retained) return;
    const fields = fieldsOf(payload);
    if (fields.node !== undefined && fields.node !== this.node) return;
    switch (topic.split("/")[2]) {
      case "manifest":
        if (payload.length > 0) this.#runs();
        break;
      case "errors":
        this.#onError(fields);
        break;
      case "status":
        this.#onState(String(fields.state));
        break;
    }
  }

  #runs(): void {
    const { agent, node } = this;
    this.#outcome.resolve({ kind: "running", agent, actorId: actorId(agent), node });
  }

  #onError({ phase, severity, error, traceback, rolled_back }: Readonly<Record<string, unknown>>): void {
    const { agent, node } = this;
    if (severity !== "fatal") return this.#says(`${phase}: ${error}`);
    this.#outcome.resolve({
      kind: "failed",
      agent,
      node,
      phase: String(phase),
      error: String(error),
      traceback: typeof traceback === "string" ? traceback : undefined,
      rolledBack: rolled_back === true,
    });
  }

  #onState(state: string): void {
    const { agent, node } = this;
    // What is replaced is stopped first: only the end of what has begun counts.
    if (state === "stopped" && this.#last === SETTING_UP) {
      return this.#outcome.resolve({ kind: "stopped", agent, node });
    }
    if (state === "running") this.#says(SETTING_UP);
  }

  #says(message: string): void {
    if (message === this.#last) return;
    this.#last = message;
    this.onProgress(message);
  }
}

const SETTING_UP = "setup() runs";

function fieldsOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    // Empty, when a manifest is cleared; or nobody's report.
    return {};
  }
}
