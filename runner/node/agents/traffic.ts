/** Carries out the frames that agents send: each kind in one place. */
import {
  publishRefusal,
  sendToRefusal,
  subscribeRefusal,
  type TopicRules,
} from "../../../protocol/agent_topics.ts";
import { sizeRefusal, type WirePayload } from "../../../protocol/frames.ts";
import { isName, NAME_RULE } from "../../../protocol/names.ts";
import { filterError, publishTopicError, topics } from "../../../protocol/topics.ts";
import type { Link } from "../../link/link.ts";
import type { TrafficFrame } from "../../supervisor/ports.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { HomeAssistant } from "../home_assistant/home_assistant.ts";
import type { DeviceDesk } from "./devices.ts";
import type { Manifests } from "./manifests.ts";
import type { OwnNames } from "./own_names.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Requests } from "./requests.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { Tasks } from "./tasks.ts";

export interface TrafficParts {
  readonly node: string;
  readonly link: Link;
  readonly reporter: Reporter;
  readonly manifests: Manifests;
  readonly names: OwnNames;
  readonly homeAssistant: HomeAssistant | undefined;
  readonly requests: Requests;
  readonly subscriptions: Subscriptions;
  readonly tasks: Tasks;
  readonly devices: DeviceDesk;
  /** Which topics an agent may use. */
  readonly topicRules: (agent: string) => TopicRules;
  /** The largest payload. */
  readonly maxMessageBytes: (agent: string) => number;
  /** An agent has tried something it may not do. */
  readonly onDenied: (agent: SupervisedAgent, kind: string, what: string) => void;
  /** The status text of an agent has changed. */
  readonly onStatus: (agent: SupervisedAgent) => void;
}

const MAX_STATUS_CHARS = 1000;

/** The harness has checked all this before, but agent code can write anything to the pipe. */
export class Traffic {
  constructor(private readonly parts: TrafficParts) {}

  /** @returns settles when the message has been sent to the broker, queued, or dropped */
  handle(agent: SupervisedAgent, frame: TrafficFrame): Promise<void> | void {
    const { node, reporter, manifests, subscriptions, tasks } = this.parts;
    const tooLarge = sizeRefusal(frame, this.parts.maxMessageBytes(agent.name));
    if (tooLarge !== undefined) return this.#refuseSize(agent, frame, tooLarge);
    switch (frame.t) {
      case "publish":
        return this.#publish(agent, frame);
      case "log":
        return reporter.log(agent, frame.level, frame.message);
      case "alert":
        return reporter.alert(agent, frame.severity, frame.message);
      case "result":
        return reporter.result(agent, frame.data);
      case "detection":
        manifests.published(agent, topics.detections(node, agent.name));
        return reporter.detection(agent, frame.data);
      case "reading":
        return this.#reading(agent, frame);
      case "switch":
        return this.#switch(agent, frame);
      case "status":
        agent.setStatusText(frame.text.slice(0, MAX_STATUS_CHARS));
        return this.parts.onStatus(agent);
      case "send_to":
        if (!isName(frame.to)) return this.#refuse(agent, `send_to: an agent's name must be ${NAME_RULE}`);
        return this.#sendTo(agent, frame);
      case "subscribe":
        return this.#subscribe(agent, frame.id, frame.filter);
      case "unsubscribe":
        return subscriptions.remove(agent, frame.id);
      case "device":
        // Not awaited: a slow sensor must not hold up other frames.
        return void this.parts.devices.handle(agent, frame);
      case "task_done":
        return tasks.done(agent, frame.id, frame.value);
      case "task_failed":
        return tasks.failed(agent, frame.id, frame.error, frame.traceback);
      default:
        frame satisfies never;
    }
  }

  #publish(agent: SupervisedAgent, frame: Extract<TrafficFrame, { t: "publish" }>): Promise<void> | void {
    const { topic, qos, retain, local } = frame;
    const problem = publishTopicError(topic);
    if (problem !== undefined) return this.#refuse(agent, `publish: ${problem}`);
    const payload = payloadOf(frame);
    if (payload === undefined) return this.#refuse(agent, "publish: the payload is not base64");
    const rules = this.parts.topicRules(agent.name);
    const refusal = publishRefusal(rules, {
      topic,
      own: topics.detections(this.parts.node, agent.name),
      retain,
      payload: () => payload,
    });
    if (refusal !== undefined) {
      this.parts.onDenied(agent, "publish", topic);
      return this.#refuse(agent, `publish to ${topic}: ${refusal}`);
    }
    if (local === true) return this.parts.subscriptions.deliverHere({ topic, payload });
    this.parts.manifests.published(agent, topic);
    return this.parts.link.publish({ topic, payload, qos, retain, class: "telemetry", source: agent.name });
  }

  #switch(agent: SupervisedAgent, frame: Extract<TrafficFrame, { t: "switch" }>): Promise<void> {
    const problem = this.parts.names.takeSwitch(agent, frame.switch);
    if (problem !== undefined) return this.#refuse(agent, `switch '${frame.switch}': ${problem}`);
    this.parts.manifests.published(agent, topics.switchState(agent.actorId, frame.switch));
    this.parts.homeAssistant?.switch(agent, frame.switch);
    return this.parts.reporter.switchState(agent, frame, this.parts.homeAssistant !== undefined);
  }

  #reading(agent: SupervisedAgent, frame: Extract<TrafficFrame, { t: "reading" }>): Promise<void> {
    const problem = this.parts.names.takeReading(agent, frame.reading);
    if (problem !== undefined) return this.#refuse(agent, `reading '${frame.reading}': ${problem}`);
    this.parts.manifests.published(agent, topics.reading(agent.actorId, frame.reading));
    this.parts.homeAssistant?.reading(agent, frame);
    return this.parts.reporter.reading(agent, frame, this.parts.homeAssistant !== undefined);
  }

  #sendTo(agent: SupervisedAgent, frame: Extract<TrafficFrame, { t: "send_to" }>): Promise<void> | void {
    const { id, to, payload, timeout_ms } = frame;
    const refusal = sendToRefusal(this.parts.topicRules(agent.name), topics.task(to));
    if (refusal !== undefined) {
      this.parts.onDenied(agent, "publish", topics.task(to));
      agent.send({ t: "reply", id, value: { error: refusal } });
      return this.#refuse(agent, `send_to '${to}': ${refusal}`);
    }
    return this.parts.requests.ask(agent, id, to, payload, timeout_ms);
  }

  async #subscribe(agent: SupervisedAgent, id: number, filter: string): Promise<void> {
    const rules = this.parts.topicRules(agent.name);
    const problem = filterError(filter);
    const refusal = problem ?? subscribeRefusal(rules, filter);
    if (problem === undefined && refusal !== undefined) this.parts.onDenied(agent, "subscribe", filter);
    const error = refusal ?? await this.parts.subscriptions.add(agent, id, filter);
    agent.send({ t: "subscribed", id, ...(error === undefined ? {} : { error }) });
  }

  /** Answers callers that wait for a reply. */
  #refuseSize(agent: SupervisedAgent, frame: TrafficFrame, problem: string): Promise<void> {
    if (frame.t === "task_done") this.parts.tasks.failed(agent, frame.id, problem, "");
    if (frame.t === "send_to") agent.send({ t: "reply", id: frame.id, value: { error: problem } });
    return this.#refuse(agent, `${frame.t}: ${problem}`);
  }

  #refuse(agent: SupervisedAgent, problem: string): Promise<void> {
    return this.parts.reporter.log(agent, "error", `Refused by the node: ${problem}`);
  }
}

function payloadOf(payload: WirePayload): string | Uint8Array | undefined {
  if ("text" in payload) return payload.text;
  try {
    return Uint8Array.fromBase64(payload.base64);
  } catch {
    // Not a frame of the harness.
    return undefined;
  }
}
