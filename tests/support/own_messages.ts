/**
 * A node's subscriptions between its own outbox and a broker, in small steps that a test takes in any order. The node
 * publishes over one connection and subscribes over another. Both break, and the broker may still read what was on its way.
 */
import type { IncomingMessage, LinkListener, OutgoingMessage } from "../../runner/link/link.ts";
import { Subscriptions } from "../../runner/node/agents/subscriptions.ts";
import { type FakeAgent, fakeAgent } from "./fake_agent.ts";
import { FakeLink } from "./fake_link.ts";

/** What can happen next. A step for which there is nothing to do does nothing. */
export const STEPS = [
  "send",
  "broker reads",
  "acknowledge",
  "main breaks",
  "broker reads what is left",
  "main is up",
  "line breaks",
  "line is up",
  "broker subscribes",
  "deliver",
] as const;
export type Step = (typeof STEPS)[number];

interface Main {
  readonly toBroker: OutgoingMessage[];
  readonly acknowledgements: OutgoingMessage[];
}

interface Line {
  readonly toBroker: "subscribe"[];
  readonly toNode: IncomingMessage[];
  isSubscribed: boolean;
}

export class OwnMessages {
  readonly #subscriptions: Subscriptions;
  readonly #agents: FakeAgent[] = [];
  readonly #retained = new Map<string, Uint8Array>();
  readonly #outbox: OutgoingMessage[] = [];
  readonly #inFlight: OutgoingMessage[] = [];
  #listener: LinkListener | undefined;
  #main: Main | undefined;
  #line: Line | undefined;
  #left: OutgoingMessage[] = [];
  #foreign: string[] = [];

  /** @param restored what an earlier process has left in the outbox */
  constructor(restored: readonly OutgoingMessage[] = []) {
    const { open } = this;
    this.#subscriptions = new Subscriptions({
      open,
      limitOf: () => 1000,
      mayHear: () => true,
      onRefused: () => {},
      nowMs: () => 0,
    });
    for (const message of restored) this.#subscriptions.trail.onRestored(message);
    this.#outbox.push(...restored);
  }

  /** The texts that came from others, and that the broker has sent to the node, in order. */
  get foreign(): readonly string[] {
    return this.#foreign;
  }

  /** The texts that each agent has got so far, in order; of one topic where it is given. */
  got(topic?: string): string[][] {
    return this.#agents.map(({ sent }) =>
      sent.flatMap((frame) =>
        frame.t === "message" && "text" in frame && frame.topic === (topic ?? frame.topic) ? [frame.text] : []
      )
    );
  }

  /** Another agent subscribes to everything. */
  subscribe(): void {
    const made = fakeAgent(`agent-${this.#agents.length}`);
    this.#agents.push(made);
    void this.#subscriptions.add(made.agent, 1, "#");
  }

  /** An agent of the node publishes. */
  publish(topic: string, text: string, retain = false): void {
    const message = own(topic, text, retain);
    this.#subscriptions.handOver(message);
    this.#outbox.push(message);
  }

  /** Somebody else publishes. */
  publishElsewhere(topic: string, text: string, retain = false): void {
    if (this.#line?.isSubscribed === true) this.#foreign.push(text);
    this.#process(topic, text, retain);
  }

  take(step: Step): void {
    const { trail } = this.#subscriptions;
    switch (step) {
      case "send": {
        const message = this.#main === undefined ? undefined : this.#outbox.shift();
        if (message === undefined) return;
        this.#inFlight.push(message);
        this.#main?.toBroker.push(message);
        return trail.onSent(message);
      }
      case "broker reads": {
        const message = this.#main?.toBroker.shift();
        if (message === undefined) return;
        this.#process(message.topic, String(message.payload), message.retain);
        return void this.#main?.acknowledgements.push(message);
      }
      case "acknowledge": {
        const message = this.#main?.acknowledgements.shift();
        if (message === undefined) return;
        this.#inFlight.splice(this.#inFlight.indexOf(message), 1);
        return trail.onAcknowledged(message);
      }
      case "main breaks":
        if (this.#main === undefined) return;
        this.#left = this.#main.toBroker;
        this.#main = undefined;
        for (const message of this.#inFlight) trail.onBroken(message);
        return void this.#outbox.unshift(...this.#inFlight.splice(0));
      case "broker reads what is left": {
        const message = this.#left.shift();
        if (message !== undefined) this.#process(message.topic, String(message.payload), message.retain);
        return;
      }
      case "main is up":
        if (this.#main !== undefined) return;
        // A broker ends the connection that the same client had before.
        this.#left = [];
        this.#main = { toBroker: [], acknowledgements: [] };
        return this.#subscriptions.reconnected();
      case "line breaks":
        if (this.#line === undefined) return;
        // What is on its way is lost.
        this.#foreign = this.#foreign.filter((text) =>
          !this.#line?.toNode.some(({ payload }) => text === textOf(payload))
        );
        this.#line = undefined;
        return this.#listener?.onDisconnected("broken");
      case "line is up":
        if (this.#listener === undefined || this.#line !== undefined) return;
        this.#line = { toBroker: ["subscribe"], toNode: [], isSubscribed: false };
        return this.#listener.onOpening?.();
      case "broker subscribes":
        if (this.#line?.toBroker.shift() === undefined) return;
        this.#line.isSubscribed = true;
        for (const [topic, payload] of this.#retained) {
          this.#line.toNode.push({ topic, payload, retained: true });
        }
        return;
      case "deliver": {
        const message = this.#line?.toNode.shift();
        if (message !== undefined) this.#listener?.onMessage(message);
        return;
      }
      default:
        step satisfies never;
    }
  }

  /** Everything is up again, and everything that is under way arrives. */
  settle(): void {
    this.take("main is up");
    this.take("line is up");
    const count = () =>
      this.#outbox.length + this.#inFlight.length + (this.#line?.toBroker.length ?? 0) +
      (this.#line?.toNode.length ?? 0);
    while (count() > 0) {
      for (const step of STEPS) if (!step.endsWith("breaks")) this.take(step);
    }
  }

  readonly open = (listener: LinkListener): FakeLink => {
    this.#listener = listener;
    const subscribe = () => void this.#line?.toBroker.push("subscribe");
    return new class extends FakeLink {
      override subscribe(filters: readonly string[]) {
        subscribe();
        return super.subscribe(filters);
      }
    }();
  };

  #process(topic: string, text: string, retain: boolean): void {
    const payload = new TextEncoder().encode(text);
    if (retain) this.#retained.set(topic, payload);
    if (this.#line?.isSubscribed === true) this.#line.toNode.push({ topic, payload, retained: false });
  }
}

export function own(topic: string, payload: string, retain: boolean): OutgoingMessage {
  return { topic, payload, retain, qos: 1, class: "telemetry" };
}

function textOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}
