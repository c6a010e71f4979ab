/** The agents of a node, ONE_FOR_ONE: a failure of one does not affect the others. */
import type { SpawnConfig } from "../../protocol/spawn_config.ts";
import type { AgentState, StopReason } from "./state.ts";
import type { AgentObserver } from "./ports.ts";
import { SupervisedAgent, type SupervisionParts } from "./supervised_agent.ts";

/** Invariant: at most one agent per name is supervised; an agent that has ended is not. */
export class Supervisor {
  readonly #agents = new Map<string, SupervisedAgent>();

  #observer: AgentObserver<SupervisedAgent> | undefined;

  constructor(private readonly parts: Omit<SupervisionParts, "observer">) {}

  /** Sets the observer. Separate from the constructor because the observer's parts may need this supervisor. */
  observedBy(observer: AgentObserver<SupervisedAgent>): this {
    this.#observer = observer;
    return this;
  }

  /** The agents that count as running here, in the order of their spawns. */
  agents(): SupervisedAgent[] {
    return [...this.#agents.values()];
  }

  find(name: string): SupervisedAgent | undefined {
    return this.#agents.get(name);
  }

  findById(actorId: string): SupervisedAgent | undefined {
    return this.agents().find((agent) => agent.actorId === actorId);
  }

  /**
   * Takes an agent under supervision and starts it.
   * @param restored its state from an earlier run
   * @throws Error when an agent of that name is running: the caller decides what to do with it
   */
  start(config: SpawnConfig, restored: Partial<AgentState> = {}): SupervisedAgent {
    if (this.#agents.has(config.name)) throw new Error(`Agent '${config.name}' is already supervised`);
    if (this.#observer === undefined) throw new Error("observedBy() must be called before the first start()");
    const parts = { ...this.parts, observer: this.#observer };
    const agent = new SupervisedAgent(config, parts, () => this.#agents.delete(config.name), restored);
    this.#agents.set(config.name, agent);
    agent.start();
    return agent;
  }

  /** Ends all agents at the same time. Resolves when all have ended. */
  async stopAll(reason: StopReason): Promise<void> {
    await Promise.all(this.agents().map((agent) => agent.stop(reason)));
  }
}
