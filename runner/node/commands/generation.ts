/** A `desired_state` of a fleet's operator: starts what is missing, replaces what differs, stops what has been taken out. */
import { admission, type Generation } from "../../../protocol/generations.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { isName } from "../../../protocol/names.ts";
import { changedFields } from "../../../protocol/spawn_changes.ts";
import { parseSpawnConfig, type SpawnConfig } from "../../../protocol/spawn_config.ts";
import { type AgentOutcomeReport, type GenerationRecord, MAX_FLEETS } from "../../store/generations.ts";
import { type Answer, type CommandContext, CommandError } from "./command.ts";
import { start } from "./spawn.ts";

/**
 * @param entries the spawn configs
 * @param prune whether agents of the generation before are stopped that this one does not have
 * @throws CommandError when it is not based on the generation in force, which then goes on
 */
export async function applyGeneration(
  context: CommandContext,
  generation: Generation,
  entries: readonly unknown[],
  prune: boolean,
): Promise<Answer> {
  // No name of an agent has a space in it.
  return await context.turns.take(
    `fleet ${generation.fleet}`,
    () => apply(context, generation, entries, prune),
  );
}

async function apply(
  context: CommandContext,
  generation: Generation,
  entries: readonly unknown[],
  prune: boolean,
): Promise<Answer> {
  const { generations, fleetReports, identity } = context;
  const { fleet, tag } = generation;
  const before = generations.find(fleet);
  const verdict = before === undefined && generations.all.length >= MAX_FLEETS
    ? { kind: "refuse" as const, reason: `this node has ${MAX_FLEETS} fleets already` }
    : admission(before, generation);
  if (verdict.kind === "refuse") {
    fleetReports.refused(generation, verdict.reason);
    throw new CommandError(
      `Cannot apply generation ${generation.generation} of fleet '${fleet}' on ${identity.name}: ${verdict.reason}`,
    );
  }
  if (verdict.kind === "same" && before?.isDone === true) return { fleet, tag, unchanged: true };
  const names = entries.flatMap((entry) => isJsonObject(entry) && isName(entry.name) ? [entry.name] : []);
  const others = (before?.agents ?? []).filter((agent) => !names.includes(agent));
  const begun: GenerationRecord = {
    ...generation,
    basedOn: [...generation.basedOn],
    isDone: false,
    agents: [...names, ...others],
    outcomes: {},
  };
  // Recorded first: after a crash it is taken up again, and what was taken out is still known.
  await fleetReports.keep(begun);
  const outcomes: Record<string, AgentOutcomeReport> = {};
  for (const entry of entries) {
    const name = isJsonObject(entry) && isName(entry.name) ? entry.name : "?";
    outcomes[name] = await reconciled(context, entry, () => fleetReports.starts(fleet, name));
  }
  for (const agent of prune ? others : []) {
    if (await stopped(context, agent)) outcomes[agent] = { state: "stopped" };
  }
  if (context.isClosing()) {
    // Not done: what could not start any more starts when the message comes again.
    throw new CommandError(
      `Cannot apply all of generation ${generation.generation} of fleet '${fleet}': node ${identity.name} is ending`,
    );
  }
  // What has settled meanwhile is known better there.
  const settled = generations.find(fleet)?.outcomes ?? {};
  for (const [agent, outcome] of Object.entries(outcomes)) {
    const known = settled[agent];
    if (outcome.state === "starting" && known !== undefined) outcomes[agent] = known;
  }
  await fleetReports.keep({ ...begun, isDone: true, agents: names, outcomes });
  const failed = Object.values(outcomes).filter(({ state }) => state === "failed").length;
  return { fleet, tag, failed };
}

/** A bad entry does not keep the others from starting. */
async function reconciled(
  context: CommandContext,
  entry: unknown,
  onStart: () => void,
): Promise<AgentOutcomeReport> {
  try {
    const config = parseSpawnConfig(entry, context.identity.name);
    return await context.turns.take(config.name, () => reconcile(context, config, onStart));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { state: "failed", error: error.message.slice(0, 500) };
  }
}

/** @param onStart called before anything starts: its outcome may come at once */
async function reconcile(
  context: CommandContext,
  config: SpawnConfig,
  onStart: () => void,
): Promise<AgentOutcomeReport> {
  const running = context.supervisor.find(config.name);
  if (running !== undefined && changedFields(running.config.raw, config.raw).length === 0) {
    if (!running.isStarting) return { state: "kept" };
    onStart();
    return { state: "starting" };
  }
  await context.enforcer.check(config);
  if (running === undefined) {
    onStart();
    await start(context, config);
    return { state: "starting" };
  }
  if (running.isMoving) {
    throw new CommandError(`Cannot replace '${config.name}': it is on its way between nodes`);
  }
  await running.stop("replace");
  const previous = config.rollback ? { previous: await context.updates.previousOf(running) } : {};
  onStart();
  await start(context, config, previous, true);
  return { state: "starting" };
}

async function stopped({ turns, supervisor, roster }: CommandContext, name: string): Promise<boolean> {
  return await turns.take(name, async () => {
    const agent = supervisor.find(name);
    if (agent === undefined) return false;
    await roster.forget(name, "stop");
    await agent.stop("stop");
    return true;
  });
}
