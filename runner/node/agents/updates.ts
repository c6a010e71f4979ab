/** Updates with rollback: new code is on probation, and the old code runs again if it fails. */
import { parseSpawnConfig } from "../../../protocol/spawn_config.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { PreviousAgent } from "../../store/registry_entry.ts";
import type { AgentOutcome, ErrorReport } from "../../supervisor/state.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Turns } from "../../turns.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Roster } from "./roster.ts";

export interface UpdatesParts {
  readonly node: string;
  readonly roster: Roster;
  readonly stateFiles: StateFiles;
  readonly reporter: Reporter;
  readonly turns: Turns;
  /** @param failure why it was rolled back; `undefined`: it has passed */
  readonly onSettled: (agent: string, failure: string | undefined) => void;
}

interface Probation {
  readonly previous: PreviousAgent;
  /** How many more successful `process()` calls are needed. */
  callsLeft: number;
}

/**
 * Invariant: an update ends once, as passed, rolled back, or overtaken by a stop; until then everything needed for the
 * rollback is on disk.
 */
export class Updates {
  readonly #onProbation = new Map<SupervisedAgent, Probation>();

  constructor(private readonly parts: UpdatesParts) {}

  /** The config to roll back to when `agent` is replaced: never an update that has not passed yet. */
  async previousOf(agent: SupervisedAgent): Promise<PreviousAgent> {
    const { name, config, state } = agent;
    const known = this.parts.roster.entryOf(name)?.previous;
    if (known !== undefined) return known;
    const persisted = await this.parts.stateFiles.read(name);
    return {
      config: { ...config.raw },
      restart_count: state.restartCount,
      paused: state.paused,
      state: persisted === undefined ? null : { ...persisted },
    };
  }

  begin(agent: SupervisedAgent, previous: PreviousAgent): void {
    this.#onProbation.set(agent, { previous, callsLeft: agent.config.rollback_calls });
  }

  isOnProbation(agent: SupervisedAgent): boolean {
    return this.#onProbation.has(agent);
  }

  ready(agent: SupervisedAgent): void {
    const probation = this.#onProbation.get(agent);
    if (probation !== undefined && (agent.hasProcess === false || probation.callsLeft === 0)) {
      this.#pass(agent);
    }
  }

  processed(agent: SupervisedAgent): void {
    const probation = this.#onProbation.get(agent);
    if (probation !== undefined && --probation.callsLeft <= 0) this.#pass(agent);
  }

  failed(agent: SupervisedAgent, report: ErrorReport): void {
    if (report.phase === "process" || report.phase === "supervisor") {
      void this.#rollBack(agent, report.phase, report.error);
    }
  }

  /** @returns whether the agent is rolled back, and so has not ended for good */
  ended(agent: SupervisedAgent, outcome: AgentOutcome): boolean {
    if (outcome.kind === "stopped" && outcome.reason !== "replace") this.#onProbation.delete(agent);
    if (outcome.kind === "stopped") return false;
    const isOnProbation = this.#onProbation.has(agent);
    void this.#rollBack(agent, outcome.phase, outcome.error);
    return isOnProbation;
  }

  #pass(agent: SupervisedAgent): void {
    this.#onProbation.delete(agent);
    const { roster, reporter, node } = this.parts;
    void roster.update(agent.name, ({ previous: _previous, ...entry }) => entry);
    const message = `Update of '${agent.name}' succeeded on ${node}: it will not be rolled back`;
    reporter.nodeLog("updated", message, { child_name: agent.name });
    this.parts.onSettled(agent.name, undefined);
  }

  /** A failing disk must not stop the agent: it then runs with its current state. */
  async #putBack(agent: string, state: PreviousAgent["state"]): Promise<void> {
    try {
      await this.parts.stateFiles.write(agent, state ?? undefined);
    } catch (error) {
      const message = `Cannot put back the state of '${agent}' (${
        (error as Error).message
      }): it has that of the failed update`;
      this.parts.reporter.nodeLog("error", message, { child_name: agent });
    }
  }

  async #rollBack(agent: SupervisedAgent, phase: ErrorReport["phase"], reason: string): Promise<void> {
    const probation = this.#onProbation.get(agent);
    if (probation === undefined) return;
    this.#onProbation.delete(agent);
    const { roster, reporter, turns, node } = this.parts;
    const { config, restart_count, paused, state } = probation.previous;
    await turns.take(agent.name, async () => {
      const outcome = await agent.stop("replace");
      const overtaken = outcome.kind === "stopped" && outcome.reason !== "replace";
      if (overtaken || roster.isRunning(agent.name)) return;
      await this.#putBack(agent.name, state);
      const error =
        `The update of '${agent.name}' failed (${phase}: ${reason}): the previous code runs again`;
      reporter.agentError(agent, { phase: "supervisor", severity: "warning", error, rolled_back: true });
      this.parts.onSettled(agent.name, `${phase}: ${reason} (the code before it runs again)`);
      roster.startAgain(parseSpawnConfig(config, node), { restartCount: restart_count, paused });
    });
  }
}
