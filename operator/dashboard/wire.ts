/** The messages between server and page, shared by both. Times are epoch seconds. */

/** How often a browser receives a message even without news, so that it can detect a dead connection. */
export const HEARTBEAT_SECONDS = 2;

/** A node as the page and the REST API show it. */
export interface NodeDto {
  readonly name: string;
  /** As the node last reported. A node that went silent stays `true`; the page derives `stale` from `last_seen`. */
  readonly online: boolean;
  /** When its last heartbeat arrived. */
  readonly last_seen: number | null;
  /** Since when this server hears it without a gap: its first message, or the last reconnect to the broker. */
  readonly listening_since: number;
  readonly agents: readonly string[];
  readonly runtime: string | null;
  readonly version: string | null;
  readonly uptime: number | null;
  /** Percent of one core. */
  readonly cpu: number | null;
  readonly memory_mb: number | null;
  /** Messages waiting in its outbox. */
  readonly queue: number | null;
  readonly dropped: number | null;
  /** How far its clock is behind the server's, seconds. */
  readonly clock_skew: number | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Descriptions of its sensors: kind, unit and id. */
  readonly sensors: readonly string[];
  /** What the machine calls itself. */
  readonly board: string;
  /** What can belong to an agent: GPIO lines, I2C buses and addresses, SPI devices, serial ports, PWM channels. */
  readonly devices: readonly DeviceDto[];
}

/** A device of a node. */
export interface DeviceDto {
  readonly kind: "gpio" | "i2c" | "spi" | "serial" | "pwm";
  /** Its name, or what a spawn config calls it. */
  readonly device: string;
  /** The agent that has it. */
  readonly agent: string | null;
  /** Why the node cannot use it. */
  readonly problem: string | null;
}

/** An agent as the page and the REST API show it. */
export interface AgentDto {
  readonly actor_id: string;
  readonly name: string;
  readonly node: string | null;
  /** Other nodes that run an agent of this name: a conflict. */
  readonly also_on: readonly string[];
  readonly state: string;
  /** The text from `set_status`, else the state. */
  readonly task: string | null;
  readonly cpu: number | null;
  readonly memory_mb: number | null;
  readonly last_seen: number | null;
  readonly uptime: number | null;
  readonly restarts: number;
  readonly messages_processed: number | null;
  readonly errors: number | null;
  /** Topics that it has published to, from its manifest. */
  readonly topics: readonly string[];
  readonly description: string;
  readonly capabilities: readonly string[];
}

export type Level = "debug" | "info" | "warning" | "error";
export const LEVELS: readonly Level[] = ["debug", "info", "warning", "error"];

/** Common to all entries kept in order of arrival. */
export interface Entry {
  /** Rises from each entry of its kind to the next, across restarts of the dashboard, too. */
  readonly seq: number;
  readonly time: number;
  readonly node: string | null;
  /** Name of the agent it is about; null for entries about the node itself. */
  readonly agent: string | null;
  readonly actor_id: string | null;
}

export interface LogLine extends Entry {
  readonly level: Level;
  readonly message: string;
}

export interface AlertEntry extends Entry {
  readonly severity: Level;
  readonly message: string;
}

export interface ErrorEntry extends Entry {
  readonly phase: string;
  readonly severity: string;
  readonly error: string;
  readonly traceback: string | null;
  readonly consecutive: number | null;
  readonly restart_count: number | null;
}

export type EventKind =
  | "spawned"
  | "installing"
  | "running"
  | "restarting"
  | "failed"
  | "stopped"
  | "paused"
  | "unresponsive"
  | "killed"
  | "rolled_back"
  | "migrated"
  | "migration_failed"
  | "online"
  | "offline"
  | "refused"
  | "note";

/** Something that happened to a node or an agent. */
export interface TimelineEvent extends Entry {
  readonly kind: EventKind;
  readonly message: string;
}

/** The newest lines, ordered by `seq`. Above `max`, other lines are dropped before errors, which get up to half. */
export function errorsFirst(lines: readonly LogLine[], max: number): readonly LogLine[] {
  if (lines.length <= max) return lines;
  const errors = lines.filter(({ level }) => level === "error").slice(-Math.floor(max / 2));
  const kept = new Set(errors);
  const others = lines.filter((line) => !kept.has(line)).slice(errors.length - max);
  return [...errors, ...others].sort((a, b) => a.seq - b.seq);
}

/** Which log lines a browser wants to see. */
export interface LogFilter {
  readonly agent?: string;
  readonly node?: string;
  /** This level and above. */
  readonly level?: Level;
  /** Part of the message; case-insensitive. */
  readonly text?: string;
}

/** The server's connection to the broker. */
export interface BrokerStatus {
  readonly url: string;
  readonly connected: boolean;
  /** Since when. */
  readonly since: number;
  /** Why it is not connected. */
  readonly reason: string | null;
}

/** What a browser is allowed to do, and how much the server keeps. */
export interface ViewerSession {
  readonly version: string;
  readonly control: boolean;
  readonly show_code: boolean;
  /** Whether a token is required: only then can a browser log out. */
  readonly token: boolean;
}

/** Counts of what the server could not show or keep. */
export interface Drops {
  /** Log lines that arrived since the server's start. */
  readonly log_lines: number;
  /** Log lines that are not in the history, because too many arrived at once. */
  readonly log_lines_not_kept: number;
  /** Log lines per second, averaged over the last few seconds. */
  readonly log_rate: number;
}

/** The complete state, sent at the start of a connection and when a browser has fallen too far behind. */
export interface Snapshot {
  readonly type: "snapshot";
  readonly seq: number;
  readonly now: number;
  readonly session: ViewerSession;
  readonly broker: BrokerStatus;
  readonly drops: Drops;
  readonly nodes: readonly NodeDto[];
  readonly agents: readonly AgentDto[];
  readonly sparks: Readonly<Record<string, Spark>>;
  readonly events: readonly TimelineEvent[];
  readonly alerts: readonly AlertEntry[];
  readonly errors: readonly ErrorEntry[];
  /** Changes whenever `/api/notices` does. */
  readonly notices: number;
}

/** The latest samples of an agent, for its small charts. */
export interface Spark {
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
}

/** What has changed since the last message. Absent fields are unchanged. */
export interface Delta {
  readonly type: "delta";
  readonly seq: number;
  readonly now: number;
  readonly drops: Drops;
  readonly broker?: BrokerStatus;
  readonly notices?: number;
  readonly nodes?: readonly NodeDto[];
  readonly agents?: readonly AgentDto[];
  /** `actor_id`s of agents that no longer exist. */
  readonly gone?: readonly string[];
  readonly events?: readonly TimelineEvent[];
  readonly alerts?: readonly AlertEntry[];
  readonly errors?: readonly ErrorEntry[];
  /** Lines that match the browser's filter. */
  readonly logs?: readonly LogLine[];
  /** Matching lines left out since the last message, because there were too many to read. */
  readonly logs_left_out?: number;
}

export type ServerMessage = Snapshot | Delta;

export type BrowserMessage =
  /** The page has processed everything up to `seq` and is ready for more. */
  | { readonly type: "ack"; readonly seq: number }
  /** Send matching log lines from now on; `null`: none. */
  | { readonly type: "logs"; readonly filter: LogFilter | null };

/** The past hour of one agent or node. */
export interface History {
  /** Epoch seconds, rising. */
  readonly time: readonly number[];
  readonly cpu: readonly (number | null)[];
  readonly memory_mb: readonly (number | null)[];
}

/** Numbers from what an agent publishes, one series per field and topic. */
export interface Reading {
  readonly topic: string;
  /** Path of the field in the payload; empty when the payload itself is the number. */
  readonly field: string;
  /** The payload's `unit`; null if it has none. */
  readonly unit: string | null;
  readonly time: readonly number[];
  readonly value: readonly number[];
}

/** Numbers over a long time. Where each sums up a stretch, `value` is its average. */
export interface PastLine {
  /** Epoch seconds, rising. */
  readonly time: readonly number[];
  readonly value: readonly number[];
  readonly min: readonly number[] | null;
  readonly max: readonly number[] | null;
}

/** As `History`, for any range of time. */
export interface PastUsage {
  readonly cpu: PastLine;
  readonly memory_mb: PastLine;
}

/** As `Reading`, for any range of time. */
export interface PastReading extends PastLine {
  readonly topic: string;
  readonly field: string;
  readonly unit: string | null;
}

/** A node's report about an agent, for the agent's page. Has code and config only if the server may show them. */
export interface Inspection {
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly code: string | null;
  /** The source of config and code. */
  readonly source: "node" | "spawn" | null;
  readonly persisted: Readonly<Record<string, unknown>> | null;
  readonly persisted_bytes: number | null;
  /** Why something is missing, for the reader. */
  readonly note: string | null;
}

/** One of the configs that an agent has had. */
export interface AgentVersion {
  readonly id: number;
  /** Where it was to run; null if that is not known. */
  readonly node: string | null;
  readonly time: number;
  /** Where it was seen: a node reported it; on the broker; a person did it with this dashboard. */
  readonly source: "node" | "spawn" | "desired_state" | "dashboard";
  /** The key that the command names; whether it is trusted decides the node. */
  readonly signed_as: string | null;
  /** Whether its node has run it, as far as is known. */
  readonly ran: boolean;
}

/** What one of the versions says. */
export interface VersionContent {
  readonly config: Readonly<Record<string, unknown>>;
  /** Null where the server does not show code. */
  readonly code: string | null;
}

/** What a person did with this dashboard. */
export interface AuditEntry {
  readonly time: number;
  /** The address of the browser or program. */
  readonly who: string;
  readonly action: string;
  /** The agent or node. */
  readonly target: string;
  readonly ok: boolean;
  readonly message: string;
}

/** The outcome of an action, as reported on the bus. */
export interface ActionOutcome {
  readonly ok: boolean;
  readonly message: string;
  /** Milliseconds from the command to the outcome. */
  readonly took_ms: number;
  /** The answer, for instance the reply to a task. */
  readonly answer?: unknown;
}

/** The findings of a static check of code. */
export interface CodeCheck {
  readonly problems: readonly CodeProblem[];
  /** Not mistakes, but worth knowing; and what was not checked. */
  readonly notes: readonly string[];
}

export interface CodeProblem {
  /** From 1; null if it concerns no particular line. */
  readonly line: number | null;
  readonly message: string;
}
