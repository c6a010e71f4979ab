/** The OpenAPI description of the REST API. Pure. */
import { AGENT_COMMANDS } from "../../../../protocol/commands.ts";
import { object, SCHEMAS, TEXTS } from "./openapi_schemas.ts";

/** `operator/dashboard/notice_wire.ts` has all fields of each kind of watch. */
const RULE = {
  name: { type: "string" },
  watch: object({
    kind: { enum: ["node_off", "agent_state", "alert", "reading", "broker_off"] },
    node: { type: "string" },
    agent: { type: "string" },
    states: TEXTS,
    severity: { type: "string" },
    topic: { type: "string" },
    field: { type: "string" },
    compare: { enum: ["above", "below", "missing"] },
    limit: { type: "number" },
  }),
  hold_seconds: { type: "number" },
  calm_seconds: { type: "number" },
  repeat_seconds: { type: "number" },
  channels: TEXTS,
  enabled: { type: "boolean" },
};

const PAGING = [
  query("limit", "integer", "How many of the newest; default 500."),
  query("before", "integer", "Only those with a smaller seq."),
];
const ABOUT = [query("agent", "string", "Name or actor_id."), query("node", "string", "Name of a node.")];
const SPAN = [
  query("from", "integer", "Epoch seconds."),
  query("to", "integer", "Epoch seconds; without both, the past hour in its first form."),
];
const PAST_USAGE =
  "CPU and memory: of the past hour, or with from and to of any time, summed up where it is long.";
const USAGE = {
  oneOf: [
    { $ref: "#/components/schemas/History" },
    {
      type: "object",
      properties: {
        cpu: { $ref: "#/components/schemas/PastLine" },
        memory_mb: { $ref: "#/components/schemas/PastLine" },
      },
    },
  ],
};

/** @param version of the dashboard */
export function openApi(version: string): unknown {
  return {
    openapi: "3.1.0",
    info: {
      title: "AgentFlow dashboard",
      version,
      description:
        "Nodes and agents as they are seen on the bus. Actions need a server with --allow-control. " +
        "Where a token is set, send it as Authorization: Bearer TOKEN. Bodies are JSON.",
    },
    security: [{ token: [] }, { session: [] }, {}],
    paths: {
      "/api/session": { get: get("What this server allows and remembers.", { type: "object" }) },
      "/api/nodes": { get: get("All nodes.", listOf("nodes", "Node")) },
      "/api/nodes/{node}": { get: get("One node.", ref("Node"), [NODE]) },
      "/api/nodes/{node}/history": { get: get(PAST_USAGE, USAGE, [NODE, ...SPAN]) },
      "/api/agents": {
        get: get("All agents.", listOf("agents", "Agent"), [
          query("node", "string", "Only of this node."),
          query("state", "string", "Only in this state."),
        ]),
      },
      "/api/agents/{id}": {
        get: get("One agent, with its manifest; by actor_id or name.", ref("Agent"), [AGENT]),
      },
      "/api/agents/{id}/history": { get: get(PAST_USAGE, USAGE, [AGENT, ...SPAN]) },
      "/api/agents/{id}/readings": {
        get: get("Numbers that it has published, of the past hour or of any time.", { type: "object" }, [
          AGENT,
          ...SPAN,
        ]),
      },
      "/api/agents/{id}/versions": {
        get: get("The configs that it has had, newest first.", listOf("versions", "Version"), [AGENT]),
      },
      "/api/agents/{id}/versions/{version}": {
        get: get("One of them; code with --show-code.", { type: "object" }, [AGENT, VERSION_ID]),
      },
      "/api/audit": {
        get: get("What was done by this dashboard, newest last.", listOf("actions", "Action"), [
          query("limit", "integer", "How many of the newest; default 100."),
        ]),
      },
      "/api/agents/{id}/errors": { get: get("Its errors.", listOf("errors", "Error"), [AGENT, ...PAGING]) },
      "/api/agents/{id}/events": {
        get: get("What happened to it.", listOf("events", "Event"), [AGENT, ...PAGING]),
      },
      "/api/agents/{id}/inspect": {
        get: get("Its config, code and state file; code with --show-code.", { type: "object" }, [AGENT]),
      },
      "/api/logs": {
        get: get("Log lines.", listOf("logs", "LogLine"), [
          ...ABOUT,
          query("level", "string", "This level and above."),
          query("text", "string", "Part of the message."),
          ...PAGING,
        ]),
      },
      "/api/events": { get: get("The timeline.", listOf("events", "Event"), [...ABOUT, ...PAGING]) },
      "/api/alerts": { get: get("Alerts.", listOf("alerts", "Alert"), [...ABOUT, ...PAGING]) },
      "/api/errors": { get: get("Errors.", listOf("errors", "Error"), [...ABOUT, ...PAGING]) },
      "/api/notices": {
        get: get("Rules, notices, channels and deliveries.", { type: "object" }),
      },
      "/api/rules": { post: post("Adds a rule.", RULE, []) },
      "/api/rules/{id}": { post: post("Replaces a rule.", RULE, [ID]) },
      "/api/rules/{id}/remove": { post: post("Removes a rule and its notices.", {}, [ID]) },
      "/api/rules/{id}/mute": {
        post: post("Tells nothing of this rule for a while.", {
          seconds: { type: "number", description: "0: not muted any longer." },
        }, [ID]),
      },
      "/api/rules/{id}/test": { post: post("Sends a test to its channels.", {}, [ID]) },
      "/api/channels/{id}/test": { post: post("Sends a test to a channel, by name.", {}, [ID]) },
      "/api/notices/{id}/acknowledge": { post: post("It is not told again.", {}, [ID]) },
      "/api/notices/{id}/close": { post: post("Ends it without a word.", {}, [ID]) },
      "/api/alerts/acknowledge": {
        post: post("Acknowledges all alerts of an agent or node so far.", {
          source: { type: "string", description: "An actor_id, or a node's name." },
        }, []),
      },
      "/api/login": { post: post("Begins a session.", { token: { type: "string" } }, []) },
      "/api/logout": { post: post("Ends it.", {}, []) },
      "/api/check": {
        post: post("Checks the code of an agent, without running it: problems with their lines, and notes.", {
          code: { type: "string" },
          install: { type: "array", items: { type: "string" } },
          language: { type: "string" },
        }, []),
      },
      "/api/nodes/{node}/spawn": {
        post: post("Starts an agent: the body is a spawn config.", {
          name: { type: "string" },
          code: { type: "string" },
        }, [NODE]),
      },
      "/api/nodes/{node}/stop_all": {
        post: post("Stops its agents and ends it.", {
          confirm: { type: "string", description: "The node's name." },
        }, [NODE]),
      },
      ...Object.fromEntries(
        AGENT_COMMANDS.map((command) => [
          `/api/agents/{id}/${command}`,
          { post: post(`${command} this agent.`, {}, [AGENT]) },
        ]),
      ),
      "/api/agents/{id}/start": {
        post: post("Starts it again after its end, as its node has told it.", {}, [AGENT]),
      },
      "/api/agents/{id}/start_elsewhere": {
        post: post("Starts it on another node while its own is off, and gives it up there.", {
          target_node: { type: "string" },
        }, [AGENT]),
      },
      "/api/agents/{id}/remove": {
        post: post("Takes it off the list after its end.", {}, [AGENT]),
      },
      "/api/agents/{id}/migrate": {
        post: post("Moves it to another node.", { target_node: { type: "string" } }, [AGENT]),
      },
      "/api/agents/{id}/task": {
        post: post("Calls its handle_task.", {
          payload: {},
          timeout: { type: "number", description: "Seconds." },
        }, [AGENT]),
      },
      "/metrics": { get: textual("Metrics for Prometheus.") },
      "/healthz": { get: textual("200 with a connection to the broker, else 503. Needs no token.") },
    },
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "agentflow_session" },
      },
    },
  };
}

const NODE = { name: "node", in: "path", required: true, schema: { type: "string" } };
const ID = { name: "id", in: "path", required: true, schema: { type: "string" } };
const VERSION_ID = { name: "version", in: "path", required: true, schema: { type: "integer" } };
const AGENT = { name: "id", in: "path", required: true, schema: { type: "string" } };

function ref(schema: keyof typeof SCHEMAS) {
  return { $ref: `#/components/schemas/${schema}` };
}

function listOf(field: string, schema: keyof typeof SCHEMAS) {
  return object({ [field]: { type: "array", items: ref(schema) } });
}

function query(name: string, type: string, description: string) {
  return { name, in: "query", description, schema: { type } };
}

function content(schema: unknown) {
  return { "application/json": { schema } };
}

function get(summary: string, schema: unknown, parameters: readonly unknown[] = []) {
  return {
    summary,
    parameters,
    responses: {
      200: { description: "As asked for.", content: content(schema) },
      401: { description: "A token is needed.", content: content(ref("Problem")) },
      404: { description: "Not found.", content: content(ref("Problem")) },
    },
  };
}

function post(
  summary: string,
  properties: Readonly<Record<string, unknown>>,
  parameters: readonly unknown[],
) {
  return {
    summary,
    parameters,
    requestBody: { content: content(object(properties)) },
    responses: {
      200: { description: "Done, as reported on the bus.", content: content(ref("Outcome")) },
      400: { description: "The body cannot be used.", content: content(ref("Problem")) },
      401: { description: "A token is needed.", content: content(ref("Problem")) },
      403: { description: "Another website, or control is off.", content: content(ref("Problem")) },
      409: { description: "Refused, failed, or not answered.", content: content(ref("Outcome")) },
    },
  };
}

function textual(summary: string) {
  return { summary, responses: { 200: { description: "As text.", content: { "text/plain": {} } } } };
}
