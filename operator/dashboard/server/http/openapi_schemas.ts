/** The shapes of what the REST API answers, as JSON Schema. Pure. */

const ENTRY = {
  seq: { type: "integer" },
  time: { type: "number", description: "Epoch seconds." },
  node: { type: ["string", "null"] },
  agent: { type: ["string", "null"] },
  actor_id: { type: ["string", "null"] },
};
const NUMBER = { type: ["number", "null"] };
const TEXT = { type: ["string", "null"] };
export const TEXTS = { type: "array", items: { type: "string" } };

export const SCHEMAS = {
  Node: object({
    name: { type: "string" },
    state: { enum: ["online", "stale", "offline"] },
    online: { type: "boolean" },
    last_seen: NUMBER,
    listening_since: { type: "number" },
    agents: TEXTS,
    runtime: TEXT,
    version: TEXT,
    uptime: NUMBER,
    cpu: { ...NUMBER, description: "Percent of one core." },
    memory_mb: NUMBER,
    queue: { ...NUMBER, description: "Messages waiting in its outbox." },
    dropped: NUMBER,
    clock_skew: NUMBER,
    labels: { type: "object", additionalProperties: { type: "string" } },
    sensors: { type: "array", items: { type: "string" } },
    board: { type: "string" },
    devices: {
      type: "array",
      items: object({ kind: { type: "string" }, device: { type: "string" }, agent: TEXT, problem: TEXT }),
    },
  }),
  Agent: object({
    actor_id: { type: "string" },
    name: { type: "string" },
    node: TEXT,
    state: { type: "string" },
    task: TEXT,
    cpu: NUMBER,
    memory_mb: NUMBER,
    last_seen: NUMBER,
    uptime: NUMBER,
    restarts: { type: "integer" },
    messages_processed: NUMBER,
    errors: NUMBER,
    topics: TEXTS,
    description: { type: "string" },
    capabilities: TEXTS,
  }),
  LogLine: object({
    ...ENTRY,
    level: { enum: ["debug", "info", "warning", "error"] },
    message: { type: "string" },
  }),
  Event: object({ ...ENTRY, kind: { type: "string" }, message: { type: "string" } }),
  Alert: object({ ...ENTRY, severity: { type: "string" }, message: { type: "string" } }),
  Error: object({
    ...ENTRY,
    phase: { type: "string" },
    severity: { type: "string" },
    error: { type: "string" },
    traceback: TEXT,
    consecutive: NUMBER,
    restart_count: NUMBER,
  }),
  History: object({
    time: { type: "array", items: { type: "number" } },
    cpu: { type: "array", items: NUMBER },
    memory_mb: { type: "array", items: NUMBER },
  }),
  PastLine: object({
    time: { type: "array", items: { type: "number" } },
    value: { type: "array", items: { type: "number" } },
    min: { type: ["array", "null"], items: { type: "number" } },
    max: { type: ["array", "null"], items: { type: "number" } },
  }),
  Version: object({
    id: { type: "integer" },
    node: TEXT,
    time: { type: "number" },
    source: { enum: ["node", "spawn", "desired_state", "dashboard"] },
    signed_as: { ...TEXT, description: "The key that the command names; its node judges it." },
    ran: { type: "boolean", description: "Whether its node has run it, as far as is known." },
  }),
  Action: object({
    time: { type: "number" },
    who: { type: "string", description: "The address of the browser or program." },
    action: { type: "string" },
    target: { type: "string" },
    ok: { type: "boolean" },
    message: { type: "string" },
  }),
  Outcome: object({
    ok: { type: "boolean" },
    message: { type: "string" },
    took_ms: { type: "integer" },
    answer: {},
  }),
  Problem: object({ error: { type: "string" } }),
};

/** An object with these fields. */
export function object(properties: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { type: "object", properties };
}
