/** The actions behind the page's buttons: the operations shared by every interface, with a one-line outcome. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { ExpectedError, wordsOf } from "../../../../protocol/expected_error.ts";
import { isName, NAME_RULE } from "../../../../protocol/names.ts";
import { parseSpawnConfig, SpawnConfigError } from "../../../../protocol/spawn_config.ts";
import type { AgentCommand } from "../../../../protocol/commands.ts";
import { clearTheWay } from "../../../operations/elsewhere.ts";
import { onlineNode, type Place } from "../../../operations/find.ts";
import { inspectOn } from "../../../operations/inspect.ts";
import { migrateFrom } from "../../../operations/migrate.ts";
import { type Config, spawn } from "../../../operations/spawn.ts";
import { spawnWords } from "../../../operations/spawn_words.ts";
import { pressAt, stopNode } from "../../../operations/stop.ts";
import type { Operator } from "../../../operator.ts";
import type { ActionOutcome } from "../../wire.ts";
import { RequestError } from "../../../http/bodies.ts";
import { hasEnded } from "../../../fleet/views.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";

const MAX_TASK_SECONDS = 300;
const PATIENCE_MS = 3000;

const BUTTON_WORDS: Readonly<Record<AgentCommand, string>> = {
  pause: "is paused",
  resume: "has resumed",
  stop: "has stopped",
  delete: "is deleted",
  restart: "has restarted",
};

type Verdict = Omit<ActionOutcome, "took_ms">;

export interface ActionsOptions {
  /** @throws Error while there is no connection to the broker */
  readonly operator: () => Operator;
  readonly model: Model;
  /** Sends browsers the changes that an action made to the model. */
  readonly onChanges: (changes: readonly Change[]) => void;
  /** The newest config of an agent that is remembered, from before this server's start, too. */
  readonly remembered: (
    agent: string,
  ) => Promise<{ readonly config: Readonly<Record<string, unknown>>; readonly ran: boolean } | undefined>;
  /** Called when an agent runs as a person wanted. */
  readonly onDeployed: (config: Config, node: string) => void;
}

export class Actions {
  constructor(private readonly options: ActionsOptions) {}

  /** @throws RequestError for a config that no node would accept */
  async spawn(node: string, config: Readonly<Record<string, unknown>>): Promise<ActionOutcome> {
    checkConfig(config, node);
    return await this.#act(async (operator) => {
      const outcome = await spawn(operator, node, config as Config);
      if (outcome.kind === "running") {
        this.options.onDeployed(withoutReplace(config), node);
        this.options.model.spawns.learn(withoutReplace(config));
      }
      const hint = outcome.kind === "already_running" ? ": spawn it with replace to change it" : "";
      return { ok: outcome.kind === "running", message: spawnWords(outcome) + hint };
    });
  }

  /** Stops all agents of a node, then the node. */
  async stopAll(node: string): Promise<ActionOutcome> {
    return await this.#act(async (operator) => {
      await stopNode(operator, node);
      return { ok: true, message: `Node ${node} has stopped its agents and ended` };
    });
  }

  async command(actorId: string, command: AgentCommand): Promise<ActionOutcome> {
    const place = this.#placed(actorId);
    return await this.#act(async (operator) => {
      if (command === "stop") await this.#remember(operator, place);
      await pressAt(operator, place, command);
      if (command === "delete") this.options.onChanges([this.options.model.forget(actorId)]);
      return { ok: true, message: `Agent '${place.name}' ${BUTTON_WORDS[command]}` };
    });
  }

  /** Restarts an agent that has ended, with its last config, on the same node. */
  async start(actorId: string): Promise<ActionOutcome> {
    const { name, node } = this.#placed(actorId);
    return await this.spawn(node, await this.#toldConfig(name));
  }

  /** Starts an agent whose node is off on another node, with its last config, and abandons it on its own. */
  async startElsewhere(actorId: string, target: string): Promise<ActionOutcome> {
    const { name, node } = this.#placed(actorId);
    if (this.options.model.fleet.node(node)?.isOnline !== false) {
      throw new RequestError("conflict", `node '${node}' is not off: migrate '${name}' instead`);
    }
    const config = await this.#toldConfig(name);
    return await this.#act(async (operator) => {
      onlineNode(operator.fleet, target);
      const { note } = await clearTheWay(operator, name, target, { kind: "replace", on: node });
      const outcome = await spawn(operator, target, config);
      const words = spawnWords(outcome);
      return { ok: outcome.kind === "running", message: note === undefined ? words : `${words}. ${note}` };
    });
  }

  /** Removes an agent that has ended from the list. */
  remove(actorId: string): ActionOutcome {
    const { name, state } = this.#known(actorId);
    if (!hasEnded({ state })) {
      throw new RequestError("conflict", `'${name}' has not ended: delete it instead`);
    }
    this.options.onChanges([this.options.model.forget(actorId)]);
    return { ok: true, message: `'${name}' is off the list`, took_ms: 0 };
  }

  async migrate(actorId: string, target: string): Promise<ActionOutcome> {
    const place = this.#placed(actorId);
    return await this.#act(async (operator) => {
      const { agent, from, to } = await migrateFrom(operator, place, target);
      return { ok: true, message: `Agent '${agent}' has moved from ${from} to ${to}` };
    });
  }

  /** Calls `handle_task`. @param seconds how long to wait for the reply */
  async task(actorId: string, payload: unknown, seconds: number): Promise<ActionOutcome> {
    const { name } = this.#known(actorId);
    if (!(seconds > 0 && seconds <= MAX_TASK_SECONDS)) {
      throw new RequestError("usage", `timeout must be above 0 and up to ${MAX_TASK_SECONDS} seconds`);
    }
    return await this.#act(async ({ commander }) => {
      const answer = await commander.task(name, payload, seconds * 1000);
      const error = isJsonObject(answer) && "error" in answer ? answer.error : undefined;
      return typeof error === "string"
        ? { ok: false, message: error, answer }
        : { ok: true, message: `Agent '${name}' has answered`, answer };
    });
  }

  /** An error on the bus is an outcome, not a fault of the server. */
  async #act(action: (operator: Operator) => Promise<Verdict>): Promise<ActionOutcome> {
    const startMs = performance.now();
    let verdict: Verdict;
    try {
      verdict = await action(this.options.operator());
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      verdict = { ok: false, message: wordsOf(error) };
    }
    return { ...verdict, took_ms: Math.round(performance.now() - startMs) };
  }

  /** Saves the config while the node still runs the agent and can report it. */
  async #remember(operator: Operator, { node, name }: Place): Promise<void> {
    const { spawns } = this.options.model;
    if (!spawns.isUnsure(name)) return;
    try {
      spawns.learn((await inspectOn(operator, node, name, { timeoutMs: PATIENCE_MS })).config);
    } catch (error) {
      // Stop the agent even if its node does not report the config.
      if (!(error instanceof ExpectedError)) throw error;
    }
  }

  async #toldConfig(name: string): Promise<Config> {
    const config = this.options.model.spawns.told(name);
    if (config !== undefined) return { ...config, name };
    const kept = await this.options.remembered(name);
    if (kept?.ran === true) return { ...kept.config, name };
    throw new RequestError(
      "conflict",
      `its node has not told the code of '${name}' to this server: edit the agent, and deploy it`,
    );
  }

  #known(actorId: string) {
    const agent = this.options.model.agent(actorId);
    if (agent === undefined) throw new RequestError("not_found", `no agent has the id '${actorId}'`);
    return agent;
  }

  #placed(actorId: string): Place {
    const { name, node } = this.#known(actorId);
    if (node === null) throw new RequestError("conflict", `'${name}' has not said which node it runs on`);
    return { name, actorId, node };
  }
}

/** Drops `replace`: it belongs to one deployment, not to the agent. */
function withoutReplace({ replace: _, ...config }: Readonly<Record<string, unknown>>): Config {
  return config as Config;
}

/** Reports an invalid config here, with the form's field names, before anything is sent. */
function checkConfig(config: Readonly<Record<string, unknown>>, node: string): void {
  if (!isName(node)) throw new RequestError("usage", `a node's name must be ${NAME_RULE}`);
  try {
    parseSpawnConfig({ ...config, node }, node);
  } catch (error) {
    if (!(error instanceof SpawnConfigError)) throw error;
    throw new RequestError("usage", error.message);
  }
}
