/** Counts messages, and decides whether the node works. Pure. */
import { type Arrival, asObject } from "./arrival.ts";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";

/** Counts what arrives from one node and its sensor. */
export class Tally {
  #readings = 0;
  #agentHeartbeats = 0;
  #nodeHeartbeats = 0;
  #online = false;

  /** @param readingsTopic where the sensor publishes */
  constructor(
    private readonly node: string,
    private readonly sensor: string,
    private readonly readingsTopic: string,
  ) {}

  add({ topic, payload }: Arrival): void {
    const object = asObject(payload);
    if (topic === this.readingsTopic && typeof object.value === "number") this.#readings += 1;
    if (topic === topics.agent(actorId(this.sensor), "heartbeat") && object.state === "running") {
      this.#agentHeartbeats += 1;
    }
    if (topic === topics.nodeHeartbeat(this.node)) this.#nodeHeartbeats += 1;
    if (topic === topics.nodeStatus(this.node) && object.status === "online") this.#online = true;
  }

  /** Whether the node has reported online. */
  get isOnline(): boolean {
    return this.#online;
  }

  /** What is missing, in words for the user. */
  missing(): string[] {
    return [
      ...(this.#online ? [] : [`the node's birth message on ${topics.nodeStatus(this.node)}`]),
      ...(this.#agentHeartbeats > 0 ? [] : [`heartbeats of ${this.sensor}`]),
      ...(this.#readings > 0 ? [] : [`readings on ${this.readingsTopic}`]),
    ];
  }

  summary(): string {
    const heartbeats = this.#agentHeartbeats + this.#nodeHeartbeats;
    return `${count(this.#readings, "reading")} and ${count(heartbeats, "heartbeat")} arrived`;
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
