/** What an operator does to nodes and agents. Each action's outcome is what the bus tells, not what was asked for. */
import type { AgentCommand } from "../../../../protocol/commands.ts";
import { type Answer, type Commander, NoAnswerError, RefusedError } from "../../../commander.ts";
import { delay } from "@std/async/delay";
import { isName, NAME_RULE } from "../../../../protocol/names.ts";
import { parseSpawnConfig, SpawnConfigError } from "../../../../protocol/spawn_config.ts";
import type { Outcome } from "../../wire.ts";
import { RequestError } from "../http/parameters.ts";
import type { Change, Model } from "../model/model.ts";
import type { Watch } from "./watch.ts";

/** An agent may have to fetch packages first. */
const SPAWN_PATIENCE_MS = 120_000;
/** Beyond what a node waits for the agent on the other side. */
const MIGRATE_PATIENCE_MS = 60_000;
const PATIENCE_MS = 15_000;
/** How long an update that has set up is watched. */
const PROBATION_MS = 1000;
const MAX_TASK_SECONDS = 300;

/** What somebody saw happen. */
type Verdict = Pick<Outcome, "ok" | "message">;

export interface ActionsOptions {
  /** @throws Error while there is no connection to the broker */
  readonly commander: () => Commander;
  readonly model: Model;
  readonly watch: Watch;
  /** Tells the browsers of what an action has changed itself. */
  readonly onChanges: (changes: readonly Change[]) => void;
}

export class Actions {
  constructor(private readonly options: ActionsOptions) {}

  /**
   * Starts an agent, and waits until its `setup()` has returned, or it has failed. An update is watched a little longer:
   * its first `process()` decides whether the code before it comes back.
   * @throws RequestError for a config that no node would take
   */
  async spawn(node: string, config: Readonly<Record<string, unknown>>): Promise<Outcome> {
    checkConfig(config, node);
    const { model } = this.options;
    const name = String(config.name);
    const [lastEvent] = model.events.latest(1);
    const endings = () =>
      model.events.latest(
        20,
        undefined,
        (event) =>
          event.seq > (lastEvent?.seq ?? 0) && event.agent === name && event.node === node &&
          (event.kind === "failed" || event.kind === "rolled_back"),
      );
    const outcome = await this.#act({
      patienceMs: SPAWN_PATIENCE_MS,
      send: (commander) =>
        commander.command(node, "spawn", { ...config, node }, { retain: true, timeoutMs: SPAWN_PATIENCE_MS }),
      onAnswer: (answer) =>
        answer.already_running === true
          ? { ok: false, message: `'${name}' runs on ${node} already: spawn it with replace to change it` }
          : undefined,
      seen: (change) => {
        const [ending] = endings();
        if (ending !== undefined) return { ok: false, message: ending.message };
        // A manifest comes once `setup()` has returned.
        if (change.kind !== "agent" || change.report !== "manifest") return undefined;
        const agent = model.agent(change.actorId);
        const runs = agent?.name === name && agent.node === node && model.hasManifest(change.actorId);
        return runs ? { ok: true, message: `'${name}' runs on ${node}` } : undefined;
      },
    });
    if (config.replace !== true) return outcome;
    await delay(PROBATION_MS);
    const ending = endings().at(-1);
    return ending === undefined ? outcome : { ...outcome, ok: false, message: ending.message };
  }

  /** Stops all agents of a node, and the node. */
  async stopAll(node: string): Promise<Outcome> {
    return await this.#act({
      patienceMs: PATIENCE_MS,
      send: (commander) =>
        commander.command(node, "stop_all", { reason: "dashboard" }, { timeoutMs: PATIENCE_MS }),
      onAnswer: () => undefined,
      seen: (change) =>
        change.kind === "node" && change.name === node && this.options.model.node(node)?.online === false
          ? { ok: true, message: `Node ${node} has stopped its agents and ended` }
          : undefined,
    });
  }

  async command(actorId: string, command: AgentCommand): Promise<Outcome> {
    const { name, node } = this.#placed(actorId);
    const state =
      { pause: "paused", resume: "running", stop: "stopped", delete: "stopped", restart: undefined }[command];
    const done = {
      pause: "is paused",
      resume: "goes on",
      stop: "has stopped",
      delete: "is deleted",
      restart: "has started afresh",
    }[command];
    const verdict = { ok: true, message: `'${name}' ${done}` };
    const outcome = await this.#act({
      patienceMs: PATIENCE_MS,
      send: (commander) =>
        // The only one of these that peers of other makes know.
        command === "stop"
          ? commander.command(node, "stop", { name }, { timeoutMs: PATIENCE_MS })
          : commander.agentCommand(node, actorId, command, { timeoutMs: PATIENCE_MS }),
      onAnswer: () => verdict,
      seen: (change) =>
        change.kind === "agent" && change.actorId === actorId && state !== undefined &&
          command !== "delete" &&
          this.options.model.agent(actorId)?.state === state
          ? verdict
          : undefined,
    });
    if (outcome.ok && command === "delete") this.options.onChanges([this.options.model.forget(actorId)]);
    return outcome;
  }

  async migrate(actorId: string, target: string): Promise<Outcome> {
    const { name, node } = this.#placed(actorId);
    if (!isName(target)) throw new RequestError(400, `target_node must be ${NAME_RULE}`);
    const done = { ok: true, message: `'${name}' has moved from ${node} to ${target}` };
    return await this.#act({
      patienceMs: MIGRATE_PATIENCE_MS,
      send: (commander) =>
        commander.command(node, "migrate", { name, target_node: target }, { timeoutMs: MIGRATE_PATIENCE_MS }),
      onAnswer: () => done,
      seen: (change) => {
        if (change.kind !== "event" || change.entry.agent !== name) return undefined;
        if (change.entry.kind === "migrated") return done;
        return change.entry.kind === "migration_failed"
          ? { ok: false, message: change.entry.message }
          : undefined;
      },
    });
  }

  /** Calls `handle_task`. @param seconds to wait for the reply */
  async task(actorId: string, payload: unknown, seconds: number): Promise<Outcome> {
    const agent = this.#known(actorId);
    if (!(seconds > 0 && seconds <= MAX_TASK_SECONDS)) {
      throw new RequestError(400, `timeout must be above 0 and up to ${MAX_TASK_SECONDS} seconds`);
    }
    const startMs = performance.now();
    const tookMs = () => Math.round(performance.now() - startMs);
    try {
      const answer = await this.options.commander().task(agent.name, payload, seconds * 1000);
      const error = typeof answer === "object" && answer !== null && "error" in answer
        ? answer.error
        : undefined;
      return typeof error === "string"
        ? { ok: false, message: error, took_ms: tookMs(), answer }
        : { ok: true, message: `'${agent.name}' has answered`, took_ms: tookMs(), answer };
    } catch (error) {
      return { ok: false, message: (error as Error).message, took_ms: tookMs() };
    }
  }

  /** Sends a command, and waits for the first that tells what has become of it: the node's answer, or what is seen to happen. */
  async #act(action: {
    readonly patienceMs: number;
    readonly send: (commander: Commander) => Promise<Answer>;
    /** What the answer means; `undefined`: accepted, the outcome is yet to be seen. */
    readonly onAnswer: (answer: Answer) => Verdict | undefined;
    readonly seen: (change: Change) => Verdict | undefined;
  }): Promise<Outcome> {
    const startMs = performance.now();
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), action.patienceMs);
    let problem: string | undefined;
    const never = new Promise<never>(() => {});
    const answered = (async () => {
      try {
        return action.onAnswer(await action.send(this.options.commander())) ?? await never;
      } catch (error) {
        problem = (error as Error).message;
        // One of another make may obey without answering.
        return error instanceof NoAnswerError
          ? await never
          : { ok: false, message: problem, refused: error instanceof RefusedError };
      }
    })();
    try {
      const verdict = await Promise.race([answered, this.options.watch.until(action.seen, over.signal)]);
      const { ok, message } = verdict ?? {
        ok: false,
        message: problem ?? `accepted, but not seen to happen within ${action.patienceMs / 1000} s`,
      };
      return { ok, message, took_ms: Math.round(performance.now() - startMs) };
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  #known(actorId: string) {
    const agent = this.options.model.agent(actorId);
    if (agent === undefined) throw new RequestError(404, `no agent has the id '${actorId}'`);
    return agent;
  }

  #placed(actorId: string): { readonly name: string; readonly node: string } {
    const { name, node } = this.#known(actorId);
    if (node === null) throw new RequestError(409, `'${name}' has not said which node it runs on`);
    return { name, node };
  }
}

/** Said here in the form's words, before it goes anywhere. */
function checkConfig(config: Readonly<Record<string, unknown>>, node: string): void {
  if (!isName(node)) throw new RequestError(400, `a node's name must be ${NAME_RULE}`);
  try {
    parseSpawnConfig({ ...config, node }, node);
  } catch (error) {
    if (!(error instanceof SpawnConfigError)) throw error;
    throw new RequestError(400, error.message);
  }
}
