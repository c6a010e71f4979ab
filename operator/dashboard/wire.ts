/** What the server and the page say to each other: types alone, shared by both. Times are epoch seconds. */

/** A node as the page and the REST API show it. */
export interface NodeDto {
  readonly name: string;
  /** By its own word; a node that has fallen silent is `stale` by the age of `last_seen`. */
  readonly online: boolean;
  /** Its last heartbeat. */
  readonly last_seen: number | null;
  /** When this server first heard of it: one that has said that it is there has until its first heartbeats. */
  readonly first_heard: number;
  readonly agents: readonly string[];
  readonly runtime: string | null;
  readonly version: string | null;
  readonly uptime: number | null;
  /** Percent of one core. */
  readonly cpu: number | null;
  readonly memory_mb: number | null;
  /** Messages that wait in its outbox. */
  readonly queue: number | null;
  readonly dropped: number | null;
  /** Its clock behind the server's, seconds. */
  readonly clock_skew: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** An agent as the page and the REST API show it. */
export interface AgentDto {
  readonly actor_id: string;
  readonly name: string;
  readonly node: string | null;
  readonly state: string;
  /** What `set_status` set, else the state. */
  readonly task: string | null;
  readonly cpu: number | null;
  readonly memory_mb: number | null;
  readonly last_seen: number | null;
  readonly uptime: number | null;
  readonly restarts: number;
  readonly messages_processed: number | null;
  readonly errors: number | null;
  /** Topics that it has published to, by its manifest. */
  readonly topics: readonly string[];
  readonly description: string;
  readonly capabilities: readonly string[];
}

export type Level = "debug" | "info" | "warning" | "error";
export const LEVELS: readonly Level[] = ["debug", "info", "warning", "error"];

/** Common to all that is kept in order of its arrival. */
export interface Entry {
  /** Rises by one with each entry of its kind. */
  readonly seq: number;
  readonly time: number;
  readonly node: string | null;
  /** Name of the agent it is about; null for what a node says of itself. */
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

/** Which log lines a browser wants to see. */
export interface LogFilter {
  readonly agent?: string;
  readonly node?: string;
  /** This level and above. */
  readonly level?: Level;
  /** Part of the message, in any case. */
  readonly text?: string;
}

/** How the server stands with the broker. */
export interface BrokerStatus {
  readonly url: string;
  readonly connected: boolean;
  /** Why not. */
  readonly reason: string | null;
}

/** What a browser may do, and what the server keeps. */
export interface ViewerSession {
  readonly version: string;
  readonly control: boolean;
  readonly show_code: boolean;
  /** Whether a token is asked for: there is something to log out of. */
  readonly token: boolean;
}

/** Counts of what the server could not show or keep. */
export interface Drops {
  /** Log lines that arrived since the server's start. */
  readonly log_lines: number;
  /** … of which so many were left out of the history: too many at once. */
  readonly log_lines_not_kept: number;
  /** Log lines a second, over the last few seconds. */
  readonly log_rate: number;
}

/** Everything, at the start of a connection and after a browser has fallen too far behind. */
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
}

/** The last few samples of an agent, for its small charts. */
export interface Spark {
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
}

/** What has changed since the last message. Absent fields have not. */
export interface Delta {
  readonly type: "delta";
  readonly seq: number;
  readonly now: number;
  readonly drops: Drops;
  readonly broker?: BrokerStatus;
  readonly nodes?: readonly NodeDto[];
  readonly agents?: readonly AgentDto[];
  /** `actor_id`s of agents that are there no more. */
  readonly gone?: readonly string[];
  readonly events?: readonly TimelineEvent[];
  readonly alerts?: readonly AlertEntry[];
  readonly errors?: readonly ErrorEntry[];
  /** Those that match the browser's filter. */
  readonly logs?: readonly LogLine[];
  /** Matching lines that were left out since the last message: too many for a reader. */
  readonly logs_left_out?: number;
}

export type ServerMessage = Snapshot | Delta;

export type BrowserMessage =
  /** All up to `seq` has been taken in: more may come. */
  | { readonly type: "ack"; readonly seq: number }
  /** From now on log lines that match; `null`: none. */
  | { readonly type: "logs"; readonly filter: LogFilter | null };

/** The past hour of one agent or node. */
export interface History {
  /** Epoch seconds, rising. */
  readonly time: readonly number[];
  readonly cpu: readonly (number | null)[];
  readonly memory_mb: readonly (number | null)[];
}

/** Numbers out of what an agent publishes, one series for each field of each topic. */
export interface Reading {
  readonly topic: string;
  /** Path of the field in the payload; empty where the payload is the number. */
  readonly field: string;
  readonly time: readonly number[];
  readonly value: readonly number[];
}

/** An agent's page: what its node says of it. Code and config only where the server may show them. */
export interface Inspection {
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly code: string | null;
  /** Where config and code are from. */
  readonly source: "node" | "spawn" | null;
  readonly persisted: Readonly<Record<string, unknown>> | null;
  readonly persisted_bytes: number | null;
  /** Why something is not there, for the reader. */
  readonly note: string | null;
}

/** What an action has come to, as the bus told it. */
export interface ActionOutcome {
  readonly ok: boolean;
  readonly message: string;
  /** Milliseconds from the command to the outcome. */
  readonly took_ms: number;
  /** What came back, for instance the reply to a task. */
  readonly answer?: unknown;
}
