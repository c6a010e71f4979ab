/**
 * The protocol between a runner and the harness in an agent's process: one JSON object per line over the child's
 * stdin ("down") and stdout ("up"). Frames from the agent are untrusted: `agent_frames.ts` validates all of them.
 */
import type { TopicRules } from "./agent_topics.ts";
import type { DeviceEvent, DeviceFailure, DeviceRequest } from "./devices/requests.ts";
import type { Decided, Language } from "./language.ts";
import type { MeasuredReading, SwitchState } from "./readings.ts";

/** Longest line either side accepts, in bytes. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;
/** Maximum frames in flight from an agent to the broker before `publish` waits. */
export const WINDOW_FRAMES = 512;
/** Maximum bytes in flight from an agent to the broker before `publish` waits. */
export const WINDOW_BYTES = 1024 * 1024;
/** Failed `process()` calls in a row that end a run. */
export const MAX_CONSECUTIVE_FAILURES = 5;

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const SEVERITIES = ["info", "warning", "error"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A payload on the pipe: text unchanged, anything else as base64. */
export type WirePayload = { readonly text: string } | { readonly base64: string };

/** An agent on this node, as `agent.agents()` lists it. */
export interface Peer {
  readonly name: string;
  readonly actor_id: string;
  readonly node: string;
}

/** How agent code can reach the broker itself. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** The runtime of a Python agent. Paths are absolute. */
export interface PythonStart {
  /** The folder of the interpreter. */
  readonly dir: string;
  /** The snapshot that it starts from. */
  readonly snapshot: string;
  /** Packages to load into it, in this order. */
  readonly wheels: readonly string[];
  /** The code may be TypeScript after all. */
  readonly undecided: boolean;
}

/** What the broker requires from an agent's own connection. */
export interface BrokerEntry {
  readonly username?: string;
  readonly password?: string;
  /** CA certificates (PEM) that may sign the broker's. */
  readonly ca?: string;
}

/** The first line down: everything the harness needs to know. */
export interface StartFrame {
  readonly t: "start";
  readonly name: string;
  readonly actor_id: string;
  readonly node: string;
  readonly broker: BrokerAddress;
  /** Credentials for the agent's own connection; only those granted to it. */
  readonly broker_access: BrokerEntry;
  readonly code: string;
  /** As given in the spawn config. */
  readonly language?: Language | undefined;
  /** For an agent in Python. */
  readonly python?: PythonStart | undefined;
  /** Milliseconds between two `process()` calls. */
  readonly poll_ms: number;
  readonly state_file: string;
  readonly state_max_bytes: number;
  /** Whether the file and its next version already exist, and the agent's process cannot create files. */
  readonly state_is_fixed: boolean;
  /** Maximum payload size: the node refuses larger ones. */
  readonly message_max_bytes: number;
  /** If set, `publish` resolves once the broker or the node's disk has the message; otherwise once the node has it. */
  readonly durable: boolean;
  readonly peers: readonly Peer[];
  /** Secrets it asked for and was granted, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Secrets it asked for and was denied. */
  readonly secrets_denied: readonly string[];
  /** The topics it may use: the node refuses all others, whatever the harness does. */
  readonly topics: TopicRules;
  readonly paused: boolean;
  /** `process()` waits for a `release`. */
  readonly held: boolean;
}

/** Runner to harness. */
export type RunnerFrame =
  | StartFrame
  /** `n` more frames have reached the broker or the disk, or were dropped. */
  | { readonly t: "ack"; readonly n: number }
  | { readonly t: "task"; readonly id: number; readonly payload: unknown }
  | (
    & { readonly t: "message"; readonly subscriptions: readonly number[]; readonly topic: string }
    & WirePayload
  )
  | { readonly t: "subscribed"; readonly id: number; readonly error?: string }
  | { readonly t: "reply"; readonly id: number; readonly value: unknown }
  | { readonly t: "device"; readonly id: number; readonly value: unknown }
  | { readonly t: "device"; readonly id: number; readonly error: DeviceFailure }
  /** Something has happened to an open device. */
  | { readonly t: "device_event"; readonly handle: number; readonly event: DeviceEvent }
  /** The node closed an open device. */
  | { readonly t: "device_gone"; readonly handle: number } & DeviceFailure
  /** All agents on this node, for an agent that may have missed changes since its `start`. */
  | { readonly t: "peers"; readonly peers: readonly Peer[] }
  | { readonly t: "peer_joined"; readonly peer: Peer }
  | { readonly t: "peer_left"; readonly name: string }
  | { readonly t: "pause" }
  | { readonly t: "resume" }
  /** Quiesce, and answer with `held`. Nothing is persisted until a `release`. */
  | { readonly t: "hold" }
  | { readonly t: "release" }
  | { readonly t: "ping"; readonly n: number }
  | { readonly t: "shutdown" };

/** The phase of an agent's life in which an error arose. */
export type AgentPhase = "compile" | "setup" | "process" | "crash";
export const AGENT_PHASES: readonly AgentPhase[] = ["compile", "setup", "process", "crash"];

/** Harness to runner. */
export type AgentFrame =
  /**
   * The module is loaded; `setup()` comes next. `process`: whether there is such a function. `language`: the detected
   * language, if it was undecided.
   */
  | { readonly t: "loaded"; readonly process: boolean; readonly language?: Decided }
  /** No agent code is running any more: the answer to `hold`. */
  | { readonly t: "held" }
  /** `setup()` has returned. */
  | { readonly t: "ready" }
  /** One `process()` call has returned. */
  | { readonly t: "processed" }
  | {
    readonly t: "error";
    readonly phase: AgentPhase;
    readonly error: string;
    readonly traceback: string;
    /** `process` only: failures in a row, including this one. */
    readonly consecutive: number;
  }
  | (
    & {
      readonly t: "publish";
      readonly topic: string;
      readonly qos: 0 | 1 | 2;
      readonly retain: boolean;
      /** Only for agents of this node. */
      readonly local?: true;
    }
    & WirePayload
  )
  | { readonly t: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly t: "alert"; readonly severity: Severity; readonly message: string }
  | { readonly t: "result"; readonly data: unknown }
  | { readonly t: "detection"; readonly data: unknown }
  | ({ readonly t: "reading" } & MeasuredReading)
  | ({ readonly t: "switch" } & SwitchState)
  | { readonly t: "status"; readonly text: string }
  | {
    readonly t: "send_to";
    readonly id: number;
    readonly to: string;
    readonly payload: unknown;
    readonly timeout_ms: number;
  }
  | { readonly t: "subscribe"; readonly id: number; readonly filter: string }
  | { readonly t: "unsubscribe"; readonly id: number }
  | { readonly t: "device"; readonly id: number; readonly request: DeviceRequest }
  | { readonly t: "task_done"; readonly id: number; readonly value: unknown }
  | { readonly t: "task_failed"; readonly id: number; readonly error: string; readonly traceback: string }
  | { readonly t: "pong"; readonly n: number };

/** Frames that count against the window until the runner acknowledges them. */
export type WindowedFrame = Extract<
  AgentFrame,
  { t: "publish" | "log" | "alert" | "result" | "detection" | "reading" | "switch" }
>;

/** Whether `frame` counts against the window. */
export function isWindowed(frame: AgentFrame): frame is WindowedFrame {
  return frame.t === "publish" || frame.t === "log" || frame.t === "alert" || frame.t === "result" ||
    frame.t === "detection" || frame.t === "reading" || frame.t === "switch";
}

/** Size of the content a frame carries to others; `undefined` if it carries none. */
export function payloadBytes(frame: AgentFrame): number | undefined {
  switch (frame.t) {
    case "publish":
      return "text" in frame ? utf8Bytes(frame.text) : base64Bytes(frame.base64);
    case "result":
    case "detection":
      return jsonBytes(frame.data);
    case "send_to":
      return jsonBytes(frame.payload);
    case "task_done":
      return jsonBytes(frame.value);
    default:
      return undefined;
  }
}

/** An error if a frame carries more than `maxBytes`, else `undefined`. */
export function sizeRefusal(frame: AgentFrame, maxBytes: number): string | undefined {
  // The pipe itself enforces this limit.
  if (maxBytes >= MAX_FRAME_BYTES) return undefined;
  // Most messages are far smaller: their characters need not be counted as bytes.
  if (frame.t === "publish" && "text" in frame && frame.text.length * MAX_UTF8_BYTES <= maxBytes) {
    return undefined;
  }
  const bytes = payloadBytes(frame) ?? 0;
  return bytes <= maxBytes
    ? undefined
    : `the message has ${bytes} bytes, the node's policy allows ${maxBytes}`;
}

/** Per UTF-16 unit. */
const MAX_UTF8_BYTES = 3;

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value) ?? "");
}

function base64Bytes(base64: string): number {
  // Padding is at most two characters.
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.floor((base64.length - padding) * 3 / 4);
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Encodes a frame as a line. It also begins with a line feed, so that agent output without a trailing line feed
 * cannot swallow it.
 */
export function encodeFrame(frame: AgentFrame | RunnerFrame): string {
  return `\n${JSON.stringify(frame)}\n`;
}
