/** Tools that start, change, move and stop agents, and give them tasks. */
import { holdsInexactInteger } from "../../protocol/json.ts";
import { z } from "zod";
import { LANGUAGES } from "../../protocol/language.ts";
import { parseSpawnConfig } from "../../protocol/spawn_config.ts";
import { RefusedError } from "../commander.ts";
import { OperationError, type Operator } from "../operator.ts";
import { instances, locate, onlineNode } from "../operations/find.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { missingDevice } from "../operations/devices.ts";
import { inspectAgent } from "../operations/inspect.ts";
import { migrate } from "../operations/migrate.ts";
import { type Config, spawn, type SpawnOutcome } from "../operations/spawn.ts";
import { spawnWords } from "../operations/spawn_words.ts";
import { stopAt } from "../operations/stop.ts";
import { survey } from "../operations/survey.ts";
import { configFromTemplate, templateNamed } from "../templates/catalog.ts";
import {
  defineTool,
  done,
  excerpt,
  failed,
  type Tool,
  type ToolCall,
  type ToolResult,
  type Workshop,
} from "./tool.ts";
import { configInputs } from "./config_inputs.ts";
import { isFailure } from "../commander.ts";

const MAX_REPLY_CHARS = 100_000;
const name = z.string().describe("Name of the agent; unique in the whole fleet");

const where = z.string().optional().describe(
  "The node that runs it; needed where several nodes have one of this name",
);

/** Spawn config fields that both a new and a changed agent can have. */
const configFields = {
  language: z.enum(LANGUAGES).optional().describe("Language of the code; detected by the node if left out"),
  ...configInputs(),
};

const spawnAgent = defineTool({
  name: "spawn_agent",
  title: "Spawn an agent",
  description:
    "Starts an agent on a node, from code or from a template, and waits for the outcome: running, or the " +
    "error with its stack. Read agentflow://api before writing code.",
  effect: "change",
  input: {
    name,
    node: z.string().describe("The node to run it on"),
    code: z.string().optional().describe("A module in TypeScript or JavaScript; either this or template"),
    template: z.string().optional().describe("Name of a template: see agentflow://templates"),
    parameters: z.looseObject({}).optional()
      .describe("Parameters of the template; missing ones get their defaults"),
    ...configFields,
  },
  async preview({ template, parameters, ...fields }, { operator }, { signal }) {
    const config = {
      // Show this even if no permission is needed.
      permissions: "none beyond the sandbox",
      ...(template === undefined ? {} : configFromTemplate(template, parameters ?? {})),
      ...withoutUndefined(fields),
    };
    // Fail before asking the operator to approve something impossible.
    await survey(operator, { signal });
    onlineNode(operator.fleet, fields.node);
    refuseElsewhere(operator, fields.name, fields.node);
    refuseMissing(operator.fleet, fields.node, config, template);
    return config;
  },
  async run({ node, template, parameters, code, ...fields }, { operator }, call) {
    if ((code === undefined) === (template === undefined)) {
      return failed("Give either code or template");
    }
    if (parameters !== undefined && template === undefined) return failed("parameters belong to a template");
    const base = template === undefined ? { code } : configFromTemplate(template, parameters ?? {});
    await survey(operator, { signal: call.signal });
    onlineNode(operator.fleet, node);
    refuseElsewhere(operator, fields.name, node);
    const config = { ...base, ...withoutUndefined(fields) };
    refuseMissing(operator.fleet, node, config, template);
    try {
      return await spawned({ operator }, node, config, call);
    } catch (error) {
      const simulation = error instanceof RefusedError ? simulationOf(template, node) : "";
      throw simulation === "" ? error : new OperationError(`${(error as Error).message}.${simulation}`);
    }
  },
});

const updateAgent = defineTool({
  name: "update_agent",
  title: "Change an agent",
  description:
    "Replaces the code of a running agent, or fields of its config. Anything not given stays. If the new code does " +
    "not compile, or fails in setup() or its first process(), the old code runs again.",
  effect: "end",
  input: { name, node: where, code: z.string().optional(), ...configFields },
  async preview({ name, node: expected, ...changes }, { operator }, { signal }) {
    await survey(operator, { signal });
    const { node, config } = await inspectAgent(operator, name, { node: expected });
    const { code: _code, ...kept } = config;
    // Show the whole resulting config, not only the changes: permissions that it keeps matter, too.
    return { ...kept, ...withoutUndefined(changes), name, node, code: changes.code ?? "(as it is)" };
  },
  async run({ name, node: expected, ...changes }, { operator }, call) {
    if (Object.keys(changes).length === 0) return failed("Nothing to change");
    await survey(operator, { signal: call.signal });
    const { node, config } = await inspectAgent(operator, name, { node: expected });
    return await spawned({ operator }, node, { ...config, ...changes, name, replace: true }, call);
  },
});

const stopTool = defineTool({
  name: "stop_agent",
  title: "Stop an agent",
  description: "Stops an agent for good; its persisted state stays.",
  effect: "end",
  input: { name, node: where },
  async run({ name, node: expected }, { operator }, { signal }) {
    await survey(operator, { signal });
    const place = locate(operator.fleet, name, expected);
    await stopAt(operator, place);
    const { node } = place;
    return done({ agent: name, node, state: "stopped" });
  },
});

const migrateAgent = defineTool({
  name: "migrate_agent",
  title: "Move an agent",
  description: "Moves an agent and its persisted state to another node; if that fails, it stays where it is.",
  effect: "change",
  input: { name, target_node: z.string(), node: where },
  async preview(input, { operator }, { signal }) {
    await survey(operator, { signal });
    locate(operator.fleet, input.name, input.node);
    onlineNode(operator.fleet, input.target_node);
    return withoutUndefined(input);
  },
  async run({ name, target_node, node }, { operator }, { signal }) {
    await survey(operator, { signal });
    return done({ ...await migrate(operator, name, target_node, { node }) });
  },
});

const callAgent = defineTool({
  name: "call_agent",
  title: "Give an agent a task",
  description: "Calls handle_task of an agent and returns its reply. What the task does is up to the agent.",
  effect: "end",
  input: {
    name,
    payload: z.unknown().optional().describe("Any JSON; default {}"),
    timeout_seconds: z.number().positive().max(300).default(30),
  },
  async run({ name, payload, timeout_seconds }, { operator }) {
    if (holdsInexactInteger(payload)) {
      throw new OperationError(
        "A whole number in the payload exceeds what JavaScript can represent exactly (9007199254740991) and may have been " +
          "altered already: pass it as text",
      );
    }
    const reply = await operator.commander.task(name, payload ?? {}, timeout_seconds * 1000);
    const json = JSON.stringify(reply) ?? "null";
    const value = json.length > MAX_REPLY_CHARS ? { reply_text: excerpt(json, MAX_REPLY_CHARS) } : { reply };
    return { ok: !isFailure(reply), value: { agent: name, ...value } };
  },
});

export const CHANGE_TOOLS: readonly Tool[] = [spawnAgent, updateAgent, stopTool, migrateAgent, callAgent];

/** @throws OperationError if the node reports that it lacks a device that the config requests */
function refuseMissing(
  fleet: Fleet,
  node: string,
  { devices }: Readonly<Record<string, unknown>>,
  template: string | undefined,
): void {
  const missing = missingDevice(fleet.node(node), devices);
  if (missing === undefined) return;
  throw new OperationError(
    `Node '${node}' cannot run it: ${missing}. Nothing was sent.${simulationOf(template, node)}`,
  );
}

/** The sentence that tries out the template without a sensor. */
function simulationOf(template: string | undefined, node: string): string {
  if (template === undefined || templateNamed(template).parameters.simulate === undefined) return "";
  return ` To try it with made-up readings: deploy a simulated ${template} sensor agent to ${node} ` +
    `(parameters {"simulate": true})`;
}

async function spawned(
  { operator }: Pick<Workshop, "operator">,
  node: string,
  fields: Readonly<Record<string, unknown>>,
  { signal, onProgress }: ToolCall,
): Promise<ToolResult> {
  const { node: _node, ...config } = withoutUndefined(fields);
  // The same check as on the node, so that a mistake is reported before anything is sent.
  parseSpawnConfig(config, node);
  const outcome = await spawn(operator, node, config as Config, { signal, onProgress });
  if (signal.aborted && outcome.kind === "unsettled") {
    throw new OperationError(`Stopped waiting: ${outcome.last}`);
  }
  return resultOf(outcome);
}

/** @throws OperationError if another node runs an agent of that name */
function refuseElsewhere({ fleet }: Operator, name: string, node: string): void {
  const other = instances(fleet).find(({ agent }) => agent.name === name && agent.node !== node);
  if (other === undefined) return;
  throw new OperationError(
    `Agent '${name}' is on node '${other.agent.node}' (${other.state}), and a name is one agent in the whole fleet: ` +
      "migrate_agent moves it, stop_agent ends it; or give this one another name",
  );
}

function resultOf(outcome: SpawnOutcome): ToolResult {
  const { kind, ...details } = outcome;
  if (kind === "running") return done({ outcome: kind, ...details });
  if (kind === "failed") return { ok: false, value: { outcome: kind, ...details } };
  const hint = kind === "already_running" ? ": update_agent changes it" : "";
  return failed(spawnWords(outcome) + hint, details);
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
