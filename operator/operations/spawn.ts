/** Spawns an agent and waits for the outcome: the node's answer says only that it accepted the command. */
import { actorId } from "../../protocol/ids.ts";
import { epochIn, placementEpoch } from "../../protocol/placement.ts";
import { topics } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import { NoAnswerError } from "../commander.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";

/** The parts of a spawn config that matter here. */
export type Config = Readonly<Record<string, unknown>> & { readonly name: string };

export type SpawnOutcome =
  /** `setup()` has returned. */
  | { readonly kind: "running"; readonly agent: string; readonly actorId: string; readonly node: string }
  /** An agent of that name already runs there, and the config does not set `replace`. */
  | { readonly kind: "already_running"; readonly agent: string; readonly node: string }
  | {
    readonly kind: "failed";
    readonly agent: string;
    readonly node: string;
    readonly phase: string;
    readonly error: string;
    readonly traceback: string | undefined;
    /** The previous code runs again. */
    readonly rolledBack: boolean;
  }
  /** Somebody stopped it in the meantime. */
  | { readonly kind: "stopped"; readonly agent: string; readonly node: string }
  /** The node accepted it, but it neither ran nor failed in time. */
  | { readonly kind: "unsettled"; readonly agent: string; readonly node: string; readonly last: string };

/** Called with progress, in words: what the node installs, or an error that does not end the agent. */
export type OnProgress = (message: string, kind: "install" | "error") => void;

export interface SpawnOptions {
  /** How long the agent may take until it runs, milliseconds. */
  readonly timeoutMs?: number;
  /** How long the node may take to accept the command, milliseconds. */
  readonly answerMs?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 120_000;
/** How much longer an update is watched: nodes of earlier versions do not report that it passed. */
const PROBATION_MS = 5000;
/** How long the process of an agent that has failed may take to end. */
const ENDING_MS = 2000;

/** Gives the config a new epoch: of several agents of the same name in the fleet, the highest epoch stays. */
export function placed({ fleet }: Pick<Operator, "fleet">, config: Config): Config {
  const known = fleet.instances(actorId(config.name)).map(({ epoch }) => epoch);
  return { ...config, epoch: placementEpoch([...known, epochIn(config.epoch)], Date.now(), Math.random()) };
}

/**
 * @throws RefusedError when the node refuses
 * @throws NoAnswerError when it does not answer
 */
export async function spawn(
  operator: Operator,
  node: string,
  unplaced: Config,
  { timeoutMs = TIMEOUT_MS, answerMs, onProgress = () => {}, signal }: SpawnOptions = {},
): Promise<SpawnOutcome> {
  const { bus, commander } = operator;
  const config = placed(operator, unplaced);
  const { name: agent } = config;
  const watch = new SpawnWatch(config, node, onProgress);
  using _reports = await bus.subscribeAll([
    { filter: `agents/${actorId(agent)}/+`, handler: (message) => watch.onReport(message) },
    { filter: topics.nodeLogs(node), handler: (message) => watch.onNodeLog(message) },
  ]);
  try {
    const answer = await commander.command(
      node,
      "spawn",
      { ...config, node },
      answerMs === undefined ? {} : { timeoutMs: answerMs },
    );
    if (answer.already_running === true) return { kind: "already_running", agent, node };
    const refused = answer.refused_topics;
    if (Array.isArray(refused)) {
      onProgress(`the broker refuses node '${node}' the subscriptions to ${refused.join(", ")}`, "error");
    }
    watch.onAnswer(answer.replaced === true && config.rollback !== false);
  } catch (error) {
    // Other node implementations do not answer: they only report that they started the agent.
    if (!(error instanceof NoAnswerError) || !watch.hasBegun) throw error;
    return { kind: "running", agent, actorId: actorId(agent), node };
  }
  return await watch.settled(timeoutMs, signal);
}

/** What went wrong. */
interface Failure {
  readonly phase: string;
  readonly error: string;
  readonly traceback: string | undefined;
}

/** Determines the outcome of a spawn from the messages of the node and the agent. */
class SpawnWatch {
  readonly #outcome = Promise.withResolvers<SpawnOutcome>();
  readonly #agent: string;
  /** Whether the previous code comes back if this code fails; undefined until the node has answered. */
  #isUpdate: boolean | undefined;
  /** Whether the node has reported that it starts the agent. */
  hasBegun = false;
  #last = "accepted by the node";
  #failure: Failure | undefined;
  #isFatal = false;
  #hasEnded = false;
  #isReady = false;
  readonly #timers: ReturnType<typeof setTimeout>[] = [];

  constructor(config: Config, private readonly node: string, private readonly onProgress: OnProgress) {
    this.#agent = config.name;
  }

  async settled(timeoutMs: number, signal: AbortSignal | undefined): Promise<SpawnOutcome> {
    const giveUp = () => this.#ends({ kind: "unsettled", ...this.#about, last: this.#last });
    this.#later(timeoutMs, giveUp);
    signal?.addEventListener("abort", giveUp);
    try {
      return await this.#outcome.promise;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Called when the node has accepted the spawn. */
  onAnswer(isUpdate: boolean): void {
    this.#isUpdate = isUpdate;
    this.#settle();
  }

  onNodeLog({ payload, retained }: BusMessage): void {
    const { type, child_name, message } = fieldsOf(payload);
    if (retained || child_name !== this.#agent) return;
    if (type === "spawned") this.hasBegun = true;
    if (type === "installing") this.#says(String(message), "install");
    if (type === "updated") this.#runs();
  }

  onReport({ topic, payload, retained }: BusMessage): void {
    if (retained) return;
    const fields = fieldsOf(payload);
    if (fields.node !== undefined && fields.node !== this.node) return;
    switch (topic.split("/")[2]) {
      case "manifest":
        if (payload.length > 0) this.#onReady();
        break;
      case "errors":
        this.#onError(fields);
        break;
      case "status":
        this.#onState(String(fields.state));
        break;
    }
  }

  #onReady(): void {
    // After a failure, the previous code is back.
    if (this.#failure !== undefined && this.#isUpdate === true) return;
    this.#isReady = true;
    this.#settle();
  }

  #onError({ phase, severity, error, traceback, rolled_back }: Readonly<Record<string, unknown>>): void {
    // The first failure of an update triggers its rollback; otherwise the last failure is why the node gives up.
    if (this.#failure === undefined || (this.#isUpdate !== true && severity === "fatal")) {
      this.#failure = {
        phase: String(phase),
        error: String(error),
        traceback: typeof traceback === "string" ? traceback : undefined,
      };
    }
    if (rolled_back === true) return this.#fails(true);
    if (severity === "fatal") this.#isFatal = true;
    else this.#says(`${phase}: ${error}`, "error");
    this.#settle();
  }

  /** The first calls of `process()` decide an update; `setup()` decides everything else. */
  #settle(): void {
    if (this.#isUpdate === undefined) return;
    if (this.#isUpdate && (this.#isFatal || this.#isReady)) {
      this.#later(PROBATION_MS, () => this.#isFatal ? this.#fails(false) : this.#runs());
    } else if (this.#isFatal) {
      // Until its process has ended, the agent counts as running: a new one of its name would be refused.
      if (this.#hasEnded) this.#fails(false);
      else this.#later(ENDING_MS, () => this.#fails(false));
    } else if (this.#isReady) this.#runs();
  }

  #runs(): void {
    this.#ends({ kind: "running", ...this.#about, actorId: actorId(this.#agent) });
  }

  #fails(rolledBack: boolean): void {
    const { phase, error, traceback } = this.#failure ?? { phase: "", error: "", traceback: undefined };
    this.#ends({ kind: "failed", ...this.#about, phase, error, traceback, rolledBack });
  }

  #onState(state: string): void {
    // A replaced agent still reports until it has stopped: ignore it until the new one starts.
    if (!this.hasBegun) return;
    if (state === "failed") {
      this.#hasEnded = true;
      this.#settle();
    }
    if (state === "stopped" && this.#last === SETTING_UP) {
      return this.#ends({ kind: "stopped", ...this.#about });
    }
    // Expected: reported only if it lasts.
    if (state === "running" && this.#failure === undefined) this.#last = SETTING_UP;
  }

  get #about(): { readonly agent: string; readonly node: string } {
    return { agent: this.#agent, node: this.node };
  }

  #ends(outcome: SpawnOutcome): void {
    this.#outcome.resolve(outcome);
  }

  #later(ms: number, then: () => void): void {
    this.#timers.push(setTimeout(then, ms));
  }

  #says(message: string, kind: "install" | "error"): void {
    if (message === this.#last) return;
    this.#last = message;
    this.onProgress(message, kind);
  }
}

const SETTING_UP = "setup() has not returned yet";
