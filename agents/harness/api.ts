/** The `agent` object that agent code receives. */
import { type Peer, SEVERITIES, type Severity, type StartFrame } from "../../protocol/frames.ts";
import { publishRefusal, sendToRefusal } from "../../protocol/agent_topics.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { filterError, publishTopicError, topics } from "../../protocol/topics.ts";
import type { Agent, Broker, MessageHandler, PublishOptions, ReadingOptions } from "../types.d.ts";
import type { Devices } from "./devices.ts";
import { asJson, toMessage, toWire } from "./payload.ts";
import type { Pipe } from "./pipe.ts";
import type { PendingRequests, Subscriptions } from "./requests.ts";
import type { StateFile } from "./state_file.ts";

/** What the API is built on. */
export interface ApiParts {
  readonly start: StartFrame;
  readonly pipe: Pipe;
  readonly replies: PendingRequests;
  readonly subscribed: PendingRequests;
  readonly devices: Devices["api"];
  readonly offerSwitch: Agent["switch"];
  readonly subscriptions: Subscriptions;
  readonly stateFile: StateFile;
  readonly signal: AbortSignal;
  /** The agents on this node, as last reported by the runner. */
  readonly peers: () => readonly Peer[];
}

const DEFAULT_TIMEOUT_SECONDS = 30;

/** Builds the API. Its functions do not use `this`, so agent code may destructure it. */
export function createAgent(parts: ApiParts): Agent {
  const { start, pipe, stateFile } = parts;

  async function publish(topic: string, data: unknown, options: PublishOptions = {}): Promise<void> {
    const problem = publishTopicError(topic) ?? optionsError(options);
    if (problem !== undefined) throw new TypeError(`Cannot publish to ${toMessage(topic)}: ${problem}`);
    const { qos = 1, retain = false, local = false } = options;
    const wire = toWire(data);
    const payload = () => "text" in wire ? wire.text : Uint8Array.fromBase64(wire.base64);
    const refusal = publishRefusal(start.topics, {
      topic,
      own: topics.detections(start.node, start.name),
      retain,
      payload,
    });
    if (refusal !== undefined) throw new Error(`Cannot publish to ${topic}: ${refusal}`);
    const reach = local ? { local: true as const } : {};
    await pipe.sendInWindow({ t: "publish", topic, qos, retain, ...reach, ...wire });
  }

  async function log(message: unknown): Promise<void> {
    await pipe.sendInWindow({ t: "log", level: "info", message: toMessage(message) });
  }

  async function alert(message: unknown, severity: Severity = "warning"): Promise<void> {
    if (!SEVERITIES.includes(severity)) {
      throw new TypeError(
        `Cannot alert: severity must be one of ${SEVERITIES.join(", ")}, got ${toMessage(severity)}`,
      );
    }
    await pipe.sendInWindow({ t: "alert", severity, message: toMessage(message) });
  }

  async function publishResult(data: unknown): Promise<void> {
    await pipe.sendInWindow({ t: "result", data: asJson(data) });
  }

  async function publishDetection(data: unknown): Promise<void> {
    await pipe.sendInWindow({ t: "detection", data: asJson(data) });
  }

  async function reading(kind: string, value: number, options?: ReadingOptions): Promise<void> {
    await pipe.sendInWindow({ t: "reading", ...await measured(kind, value, options) });
  }

  // deno-lint-ignore require-await -- async, so that an error becomes a rejection like everywhere else
  async function setStatus(text: string): Promise<void> {
    pipe.send({ t: "status", text: toMessage(text) });
  }

  async function sendTo(name: string, payload: unknown, timeout = DEFAULT_TIMEOUT_SECONDS): Promise<unknown> {
    if (!isName(name)) {
      throw new TypeError(`Cannot send to ${toMessage(name)}: an agent's name must be ${NAME_RULE}`);
    }
    if (typeof timeout !== "number" || !(timeout >= 0)) {
      throw new TypeError(
        `Cannot send to '${name}': timeout must be 0 or more seconds, got ${toMessage(timeout)}`,
      );
    }
    const refusal = sendToRefusal(start.topics, topics.task(name));
    if (refusal !== undefined) throw new Error(`Cannot send to '${name}': ${refusal}`);
    const body = asJson(payload);
    const timeout_ms = Math.min(timeout * 1000, Number.MAX_SAFE_INTEGER);
    return await parts.replies.ask((id) =>
      pipe.send({ t: "send_to", id, to: name, payload: body, timeout_ms })
    );
  }

  async function subscribe(filter: string, handler: MessageHandler): Promise<() => Promise<void>> {
    const problem = filterError(filter) ??
      (typeof handler === "function" ? undefined : "the handler must be a function");
    if (problem !== undefined) throw new TypeError(`Cannot subscribe to ${toMessage(filter)}: ${problem}`);
    let subscription = 0;
    const refusal = await parts.subscribed.ask((id) => {
      subscription = id;
      // Register before sending the request: a retained message may arrive before the answer.
      parts.subscriptions.add(id, handler);
      pipe.send({ t: "subscribe", id, filter });
    });
    // deno-lint-ignore require-await -- as setStatus
    const unsubscribe = async () => {
      parts.subscriptions.remove(subscription);
      pipe.send({ t: "unsubscribe", id: subscription });
    };
    if (refusal === undefined) return unsubscribe;
    parts.subscriptions.remove(subscription);
    throw new Error(`Cannot subscribe to ${filter}: ${refusal}`);
  }

  const secrets = new Map(Object.entries(start.secrets));
  const { password } = start.broker_access;
  const hidden = new Map([
    ...secrets,
    ...(password === undefined ? [] : [["broker password", password] as const]),
  ]);

  function secret(name: string): string {
    const value = secrets.get(name);
    if (value !== undefined) return value;
    const reason = start.secrets_denied.includes(name)
      ? `it is not granted to '${start.name}' on ${start.node}`
      : 'the spawn config does not ask for it: add it to its list "secrets"';
    throw new Error(`No secret ${toMessage(name)}: ${reason}`);
  }

  /** Refuses secrets: the state file is plain text and moves with the agent. */
  function persist(key: string, value: unknown): void {
    const json = hidden.size === 0 ? "" : JSON.stringify([key, value]);
    for (const [name, text] of hidden) {
      if (json.includes(JSON.stringify(text).slice(1, -1))) {
        throw new Error(`Cannot persist ${JSON.stringify(key)}: it contains the secret ${name}`);
      }
    }
    stateFile.persist(key, value);
  }

  return {
    name: start.name,
    actor_id: start.actor_id,
    actorId: start.actor_id,
    node: start.node,
    broker: brokerOf(start),
    state: {},
    signal: parts.signal,
    publish,
    log,
    alert,
    publish_result: publishResult,
    publishResult,
    publish_detection: publishDetection,
    publishDetection,
    reading,
    switch: parts.offerSwitch,
    set_status: setStatus,
    setStatus,
    persist,
    recall: (key, fallback) => stateFile.recall(key, fallback),
    send_to: sendTo,
    sendTo,
    delegate: sendTo,
    secret,
    agents: () => parts.peers().map((peer) => ({ ...peer })),
    subscribe,
    ...parts.devices,
  };
}

/** Hides the password when agent code prints or sends the whole object. */
function brokerOf({ broker, broker_access: { username, password, ca } }: StartFrame): Broker {
  const shown = { ...broker, ...(username === undefined ? {} : { username }) };
  const quiet = Object.entries({ password, ca }).filter(([, value]) => value !== undefined);
  return Object.freeze(
    Object.defineProperties(shown, Object.fromEntries(quiet.map(([name, value]) => [name, { value }]))),
  );
}

async function measured(kind: string, value: number, options: ReadingOptions | undefined) {
  // Loaded with the first reading: every module delays the start.
  const { readMeasured } = await import("../../protocol/readings.ts");
  try {
    return readMeasured(kind, value, options);
  } catch (error) {
    throw new TypeError(`Cannot publish the reading ${toMessage(kind)}: ${(error as Error).message}`);
  }
}

function optionsError({ qos, retain, local }: PublishOptions): string | undefined {
  if (qos !== undefined && qos !== 0 && qos !== 1 && qos !== 2) {
    return `qos must be 0, 1 or 2, got ${toMessage(qos)}`;
  }
  if (retain !== undefined && typeof retain !== "boolean") {
    return `retain must be true or false, got ${toMessage(retain)}`;
  }
  if (local !== undefined && typeof local !== "boolean") {
    return `local must be true or false, got ${toMessage(local)}`;
  }
  if (local === true && retain === true) {
    return "retain and local exclude each other: the broker keeps retained messages, and gets no local ones";
  }
  return undefined;
}
