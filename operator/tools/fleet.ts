/** Tools that look at a fleet, compare it with a fleet file, and make it match. */
import { z } from "zod";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { DEFAULT_FLEET, type FleetFile, parseFleet } from "../fleet/fleet_file.ts";
import { type FleetPlan, planEntries } from "../operations/apply.ts";
import { applyGeneration } from "../operations/apply_generation.ts";
import { fleetStatus } from "../operations/fleet_status.ts";
import { isChange } from "../operations/plan.ts";
import { stepJson } from "../operations/step_json.ts";
import { survey } from "../operations/survey.ts";
import { beginRollout, prepareRollout } from "../rollout/begin.ts";
import { currentRollout } from "../rollout/current.ts";
import { rolloutSettings } from "../rollout/settings.ts";
import { statusJson } from "../rollout/status_json.ts";
import { defineTool, done, type Tool, type ToolCall, type ToolResult, type Workshop } from "./tool.ts";

const fleet_file = z.looseObject({}).describe(
  'A fleet file: {"fleet"?, "agents": [{"name", "code", one of "node", "nodes" and "labels", and fields of a spawn config}]}. ' +
    "{node} in a name becomes the node's name. An agent that is not listed is left alone",
);

const diffFleet = defineTool({
  name: "diff_fleet",
  title: "Compare the fleet with a file",
  description:
    "In what the fleet differs from a fleet file: the steps that apply_fleet would take. Changes nothing.",
  effect: "look",
  input: { fleet_file },
  async run({ fleet_file }, workshop, call) {
    const { fleet, steps, warnings } = await planned(fleet_file, workshop, call, false);
    const changes = steps.filter(isChange);
    return done({ fleet, same: changes.length === 0, plan: changes.map(stepJson), warnings });
  },
});

const getFleet = defineTool({
  name: "get_fleet",
  title: "Look at the state of a fleet",
  description:
    "How far the nodes are with the newest generation of a fleet: done, pending, failed, refused, drifted, and why; with a " +
    "roll-out that is under way, paused or halted.",
  effect: "look",
  input: { fleet: z.string().default(DEFAULT_FLEET).describe("Its name") },
  async run({ fleet }, { operator }, { signal }) {
    if (!isName(fleet)) throw new ConfigError(`fleet must be ${NAME_RULE}`);
    await survey(operator, { signal });
    const status = await fleetStatus(operator, fleet);
    return done(statusJson(status, await currentRollout(operator, fleet, status.head)));
  },
});

const applyFleet = defineTool({
  name: "apply_fleet",
  title: "Apply a fleet file",
  description:
    "Makes the fleet match a fleet file, as its next generation: starts, replaces and moves agents, and waits for the " +
    "outcomes, in waves if the file says so. Nodes that are off follow when they return. With prune, it stops agents on the " +
    "file's nodes that are not listed.",
  effect: "end",
  input: {
    fleet_file,
    message: z.string().max(200).default("").describe("Why, for other operators"),
    prune: z.boolean().default(false),
  },
  async preview({ fleet_file, message, prune }, workshop, call) {
    const { fleet, steps, warnings, rollout } = await planned(fleet_file, workshop, call, prune);
    return { fleet, message, prune, rollout, plan: steps.filter(isChange).map(stepJson), warnings };
  },
  async run({ fleet_file, message, prune }, workshop, call) {
    const plan = await planned(fleet_file, workshop, call, prune);
    if (plan.rollout !== undefined) return await rolledOut(plan, { message, prune }, workshop, call);
    const { generation, results } = await applyGeneration(workshop.operator, plan, {
      by: workshop.by,
      message,
      prune,
      adopts: false,
      signal: call.signal,
      onStep: ({ step, ok }) => call.onProgress(`${step.node}/${step.agent}: ${ok ? "done" : "not done"}`),
      onProgress: (step, news) => call.onProgress(`${step.node}/${step.agent}: ${news}`),
    });
    return {
      ok: results.every(({ error }) => error === undefined),
      value: {
        fleet: plan.fleet,
        generation: generation?.generation,
        results: results.map(({ step, ok, error, pending }) => ({ ...stepJson(step), ok, error, pending })),
        warnings: plan.warnings,
      },
    };
  },
});

export const FLEET_TOOLS: readonly Tool[] = [getFleet, diffFleet, applyFleet];

/** @throws ConfigError; OperationError */
async function rolledOut(
  plan: FleetPlan,
  { message, prune }: { readonly message: string; readonly prune: boolean },
  { operator, by }: Workshop,
  { signal, onProgress }: ToolCall,
): Promise<ToolResult> {
  const settings = rolloutSettings(plan.rollout);
  const options = { settings, by, message, prune, isRollback: false };
  const prepared = await prepareRollout(operator, plan, options);
  if (prepared === undefined) return done({ fleet: plan.fleet, results: [], warnings: plan.warnings });
  const { waves } = prepared.rollout.state;
  const { phase, changed, failures, pending } = await beginRollout(operator, prepared, {
    by,
    signal,
    onStep: ({ step, ok }) => onProgress(`${step.node}/${step.agent}: ${ok ? "done" : "not done"}`),
    onState: ({ wave, phase }) => onProgress(`wave ${wave + 1} of ${waves.length}: ${phase.kind}`),
  });
  const how = phase.kind === "ended" ? phase.how : phase.kind;
  return {
    ok: how === "done",
    value: { fleet: plan.fleet, rollout: how, waves, changed, failures, pending, warnings: plan.warnings },
  };
}

/** @throws ConfigError for a file that cannot be used; RefusedError; NoAnswerError */
async function planned(
  file: unknown,
  { operator }: Workshop,
  { signal }: ToolCall,
  prune: boolean,
): Promise<FleetPlan> {
  return await planEntries(operator, parsed(file), () => undefined, { prune, signal });
}

/** Whoever calls a tool must not read the files of this machine. */
function parsed(file: unknown): FleetFile {
  const fleet = parseFleet(JSON.stringify(file), "The fleet file");
  const named = fleet.entries.find((entry) => entry.file !== undefined);
  if (named === undefined) return fleet;
  throw new ConfigError(
    `'${named.name}' names the file '${named.file}': give its text as code, a tool reads no files`,
  );
}
