/** The manifests of agents: what each publishes, sent once per burst of new topics. */
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Reporter } from "../reports/reporter.ts";

/** Topics that are new within this time go into one message. */
const BURST_MS = 50;
const MAX_TOPICS = 200;
/** Limit for all topics in a manifest: it is sent again for new topics, and retained by the broker. */
const MAX_CHARS = 16 * 1024;

interface Entry {
  readonly topics: Set<string>;
  chars: number;
  said: boolean;
  pending: boolean;
}

/** Invariant: no manifest is sent before an agent's `setup()` has returned, or after the agent has ended. */
export class Manifests {
  readonly #known = new Map<SupervisedAgent, Entry>();

  /** Names of agents that have a manifest at the broker. */
  readonly #saidNames = new Set<string>();

  constructor(private readonly reporter: Reporter, private readonly clock: Clock) {}

  /** `setup()` has returned. */
  ready(agent: SupervisedAgent): void {
    const entry = this.#entry(agent);
    entry.said = true;
    this.#say(agent);
  }

  /** The agent publishes to `topic`. */
  published(agent: SupervisedAgent, topic: string): void {
    const entry = this.#entry(agent);
    const { topics } = entry;
    if (topics.has(topic) || topics.size >= MAX_TOPICS || entry.chars + topic.length > MAX_CHARS) return;
    topics.add(topic);
    entry.chars += topic.length;
    if (entry.said) void this.#sayAfterBurst(agent);
  }

  /**
   * @param forGood whether the agent will not run again, here or elsewhere
   * @param neverRan whether its code failed before it could send anything: then the last manifest of that name belongs
   * to the code it replaced
   */
  ended(agent: SupervisedAgent, forGood: boolean, neverRan = false): void {
    this.#known.delete(agent);
    const isOutdated = neverRan && this.#saidNames.has(agent.name);
    if (!forGood && !isOutdated) return;
    this.#saidNames.delete(agent.name);
    this.reporter.clearManifest(agent);
  }

  #entry(agent: SupervisedAgent): Entry {
    const known = this.#known.get(agent);
    if (known !== undefined) return known;
    const entry = { topics: new Set<string>(), chars: 0, said: false, pending: false };
    this.#known.set(agent, entry);
    return entry;
  }

  async #sayAfterBurst(agent: SupervisedAgent): Promise<void> {
    const entry = this.#entry(agent);
    if (entry.pending) return;
    entry.pending = true;
    await this.clock.sleep(BURST_MS);
    entry.pending = false;
    if (this.#known.has(agent)) this.#say(agent);
  }

  #say(agent: SupervisedAgent): void {
    this.#saidNames.add(agent.name);
    this.reporter.manifest(agent, [...this.#entry(agent).topics].sort());
  }
}
