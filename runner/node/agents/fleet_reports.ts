/** Reports which generation of each fleet is in force here, and the outcome of its agents. */
import type { Generation } from "../../../protocol/generations.ts";
import type { Clock } from "../../clock.ts";
import type { AgentOutcomeReport, GenerationRecord, Generations } from "../../store/generations.ts";
import type { AgentOutcome } from "../../supervisor/state.ts";

export interface FleetReportParts {
  readonly generations: Generations;
  readonly clock: Clock;
  readonly publish: (fleet: string, report: Readonly<Record<string, unknown>>) => void;
  /** A record cannot be written. @param message for the operator */
  readonly onProblem: (message: string) => void;
}

/** Changes within this time go into one report. */
const BURST_MS = 50;
const MAX_ERROR_CHARS = 500;

/** Invariant: a report follows every change of an outcome. */
export class FleetReports {
  readonly #pending = new Set<string>();
  /** The generation that was refused last, by fleet. */
  readonly #refused = new Map<string, Readonly<Record<string, unknown>>>();

  /** The generation that waits for its window, by fleet. */
  readonly #waiting = new Map<string, Readonly<Record<string, unknown>>>();

  constructor(private readonly parts: FleetReportParts) {}

  /** The tag that is in force, by fleet: for the node's heartbeat. */
  get tags(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.parts.generations.all.map(({ fleet, tag }) => [fleet, tag]));
  }

  /** Connected, perhaps to a broker that has lost its retained messages. */
  connected(): void {
    for (const { fleet } of this.parts.generations.all) this.#publish(fleet);
  }

  refused({ fleet, generation, tag, by }: Generation, reason: string): void {
    this.#waiting.delete(fleet);
    this.#refused.set(fleet, { generation, tag, by, reason });
    this.#publish(fleet);
  }

  /** A generation has come outside its window. @param opensMs milliseconds since the epoch */
  waits({ fleet, generation, tag, by }: Generation, opensMs: number): void {
    this.#refused.delete(fleet);
    this.#waiting.set(fleet, { generation, tag, by, until: opensMs / 1000 });
    this.#publish(fleet);
  }

  /** A generation is in force, or all of its agents have been dealt with. @throws Deno's error */
  async keep(record: GenerationRecord): Promise<void> {
    this.#refused.delete(record.fleet);
    this.#waiting.delete(record.fleet);
    try {
      await this.parts.generations.save(record);
    } finally {
      this.#publish(record.fleet);
    }
  }

  /** The agent is about to start: its outcome is open. */
  starts(fleet: string, agent: string): void {
    const record = this.parts.generations.find(fleet);
    if (record === undefined) return;
    this.parts.generations.note({
      ...record,
      outcomes: { ...record.outcomes, [agent]: { state: "starting" } },
    });
  }

  /** Its `setup()` has returned, and it is not, or no longer, on probation. */
  runs(agent: string): void {
    this.#settle(agent, { state: "running" });
  }

  ended(agent: string, outcome: AgentOutcome): void {
    if (outcome.kind === "failed") this.failed(agent, `${outcome.phase}: ${outcome.error}`);
  }

  failed(agent: string, error: string): void {
    this.#settle(agent, { state: "failed", error: error.slice(0, MAX_ERROR_CHARS) });
  }

  /** Only an agent that starts has an open outcome: later failures are in the agent's own reports. */
  #settle(agent: string, outcome: AgentOutcomeReport): void {
    for (const record of this.parts.generations.all) {
      if (record.outcomes[agent]?.state !== "starting") continue;
      const changed = { ...record, outcomes: { ...record.outcomes, [agent]: outcome } };
      void this.parts.generations.save(changed).catch((error) =>
        this.parts.onProblem(
          `Cannot keep on disk what became of fleet '${record.fleet}': ${(error as Error).message}`,
        )
      );
      void this.#publishSoon(record.fleet);
    }
  }

  async #publishSoon(fleet: string): Promise<void> {
    if (this.#pending.has(fleet)) return;
    this.#pending.add(fleet);
    await this.parts.clock.sleep(BURST_MS);
    this.#pending.delete(fleet);
    this.#publish(fleet);
  }

  #publish(fleet: string): void {
    const record = this.parts.generations.find(fleet);
    const refused = this.#refused.get(fleet);
    const waiting = this.#waiting.get(fleet);
    const { basedOn: _basedOn, isDone, agents: _agents, outcomes, ...about } = record ??
      { isDone: false, outcomes: {} };
    this.parts.publish(fleet, {
      ...about,
      fleet,
      done: isDone,
      agents: outcomes,
      ...(refused === undefined ? {} : { refused }),
      ...(waiting === undefined ? {} : { waiting }),
    });
  }
}
