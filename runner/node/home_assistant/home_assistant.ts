/** Announces the node to Home Assistant, and keeps what is announced up to date. */
import { BIRTH_TOPIC, discoveryTopic } from "../../../protocol/home_assistant.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import type { MeasuredReading } from "../../../protocol/readings.ts";
import type { Clock } from "../../clock.ts";
import type { IncomingMessage, Link } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Reporter } from "../reports/reporter.ts";
import {
  type Announcer,
  componentId,
  deviceConfig,
  platformOf,
  readComponentId,
  type Shown,
} from "./discovery.ts";

export interface HomeAssistantParts {
  /** The discovery prefix. */
  readonly prefix: string;
  readonly identity: Announcer;
  readonly link: Pick<Link, "publish" | "subscribe">;
  readonly clock: Pick<Clock, "sleep">;
  readonly reporter: Pick<Reporter, "nodeLog" | "clearRetained">;
  /** Whether an agent of that id is on this node. */
  readonly isHere: (actorId: string) => boolean;
}

type Named = Pick<SupervisedAgent, "name" | "actorId">;

/** Changes within this time go into one message; after a birth message of Home Assistant, nodes wait a random part of it. */
const DELAY_MS = 1000;
/** All agents together: each message has all components. */
export const MAX_COMPONENTS = 512;
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Invariants: the device has only components of agents of this node; what Home Assistant was told and what is no longer
 * there is taken back, also what an earlier process of this node has left.
 */
export class HomeAssistant {
  readonly #shown = new Map<string, Shown>();
  /** What the broker keeps, with the platforms, as far as it is not in `#shown` or was told already. */
  #told = new Map<string, string>();
  /** Left by an earlier process, of agents that are here and may show it again. */
  readonly #inherited = new Map<string, string>();
  #isDue = false;
  #isFull = false;
  readonly #topic: string;

  constructor(private readonly parts: HomeAssistantParts) {
    this.#topic = discoveryTopic(parts.prefix, parts.identity.nodeId);
  }

  async start(): Promise<void> {
    const { prefix, link, reporter } = this.parts;
    const filters = [...new Set([this.#topic, BIRTH_TOPIC, `${prefix}/status`])];
    const refused = await link.subscribe(filters, 0);
    if (refused.length === 0) return;
    reporter.nodeLog(
      "error",
      `The broker refuses the node a subscription to ${refused.map(({ filter }) => filter).join(", ")}: ` +
        `for --home-assistant its access rules must allow the node's user to read and write ${prefix}/#`,
    );
  }

  reading({ name: agent, actorId }: Named, { reading: name, kind, unit }: MeasuredReading): void {
    this.#show({ agent, actorId, what: "reading", name, kind, unit });
  }

  switch({ name: agent, actorId }: Named, name: string): void {
    this.#show({ agent, actorId, what: "switch", name });
  }

  alerts({ name: agent, actorId }: Named): void {
    this.#show({ agent, actorId, what: "alerts" });
  }

  /** The agent is not on this node any more. */
  forget({ actorId }: Named): void {
    for (const [id, shown] of this.#shown) if (shown.actorId === actorId) this.#shown.delete(id);
    for (const [id, platform] of this.#inherited) {
      if (!id.startsWith(`${actorId}_`)) continue;
      this.#inherited.delete(id);
      this.#told.set(id, platform);
    }
    void this.#announceSoon(DELAY_MS);
  }

  receive({ topic, payload, retained }: IncomingMessage): void {
    if (topic === this.#topic) {
      if (retained) this.#inherit(payload);
      return;
    }
    const isBirth = topic === BIRTH_TOPIC || topic === `${this.parts.prefix}/status`;
    if (!isBirth || retained || new TextDecoder().decode(payload) !== "online") return;
    void this.#announceSoon(Math.random() * DELAY_MS);
  }

  /** Sends changes that have not been sent yet: the node ends. */
  flush(): void {
    if (this.#isDue) this.#announce();
  }

  /** The node was removed. */
  remove(): void {
    for (const [id, shown] of this.#shown) this.#told.set(id, platformOf(shown));
    this.#shown.clear();
    this.#announce();
  }

  #show(shown: Shown): void {
    const id = componentId(shown);
    const before = this.#shown.get(id);
    if (before === undefined && this.#shown.size >= MAX_COMPONENTS) return this.#complain();
    // Runs for each reading.
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(shown)) return;
    this.#shown.set(id, shown);
    this.#inherited.delete(id);
    void this.#announceSoon(DELAY_MS);
  }

  #complain(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.parts.reporter.nodeLog(
      "error",
      `Home Assistant is shown ${MAX_COMPONENTS} readings, switches and alerts of this node's agents, and no more`,
    );
  }

  /** @param kept what an earlier process has announced; anybody who may write there could have */
  #inherit(kept: Uint8Array): void {
    for (const id of componentIds(kept)) {
      const component = readComponentId(id);
      if (component === undefined || this.#shown.has(id) || this.#told.has(id)) continue;
      const { actorId, platform } = component;
      if (this.parts.isHere(actorId)) this.#inherited.set(id, platform);
      else this.#told.set(id, platform);
    }
    if ([...this.#told.keys()].some((id) => !this.#shown.has(id))) void this.#announceSoon(DELAY_MS);
  }

  async #announceSoon(delayMs: number): Promise<void> {
    if (this.#isDue) return;
    this.#isDue = true;
    await this.parts.clock.sleep(delayMs);
    if (this.#isDue) this.#announce();
  }

  #announce(): void {
    this.#isDue = false;
    const shown = [...this.#shown.values()];
    const gone = new Map([...this.#told].filter(([id]) => !this.#shown.has(id)));
    if (shown.length > 0 && gone.size > 0) this.#publish(shown, gone);
    if (shown.length > 0 || gone.size > 0) this.#publish(shown);
    // Their last states are retained, too.
    for (const id of gone.keys()) {
      const topic = readComponentId(id)?.topic;
      if (topic !== undefined) this.parts.reporter.clearRetained(topic);
    }
    this.#told = new Map([...this.#shown].map(([id, one]) => [id, platformOf(one)]));
  }

  #publish(shown: readonly Shown[], gone?: ReadonlyMap<string, string>): void {
    const { identity, link } = this.parts;
    const payload = shown.length === 0 ? "" : JSON.stringify(deviceConfig(identity, shown, gone));
    void link.publish({ topic: this.#topic, payload, qos: 1, retain: true, class: "control" });
  }
}

function componentIds(kept: Uint8Array): readonly string[] {
  if (kept.length > MAX_KEPT_BYTES) return [];
  try {
    const config: unknown = JSON.parse(new TextDecoder().decode(kept));
    const components = isJsonObject(config) ? config.cmps : undefined;
    return isJsonObject(components) ? Object.keys(components).slice(0, 2 * MAX_COMPONENTS) : [];
  } catch {
    // Not written by a node.
    return [];
  }
}
