/** A `desired_state` from a fleet's operator: starts missing agents, replaces those that differ, stops removed ones. */
import { admission, type Generation } from "../../../protocol/generations.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { isName } from "../../../protocol/names.ts";
import { changedFields } from "../../../protocol/spawn_changes.ts";
import { parseSpawnConfig, type SpawnConfig } from "../../../protocol/spawn_config.ts";
import type { ChangeWindow } from "../../../protocol/window.ts";
import { type AgentOutcomeReport, type GenerationRecord, MAX_FLEETS } from "../../store/generations.ts";
import { type Answer, type CommandContext, CommandError } from "./command.ts";
import { start } from "./spawn.ts";

/** What a generation wants here. */
export interface Contents {
  /** The spawn configs. */
  readonly entries: readonly unknown[];
  /** Whether to stop agents of the previous generation that are not in this one. */
  readonly prune: boolean;
  /** All of these must be open, and the node's own. */
  readonly windows: readonly ChangeWindow[];
  /** The roll-out that this takes back. It does not wait if that has changed this node, which was then in time. */
  readonly takesBack?: string | undefined;
}

/**
 * Outside its windows, a generation that changes something waits until they open.
 * @throws CommandError when it is not based on the generation in force, which then stays in force
 */
export async function applyGeneration(
  context: CommandContext,
  generation: Generation,
  contents: Contents,
): Promise<Answer> {
  // Agent names contain no space, so this key is never an agent's.
  return await context.turns.take(
    `fleet ${generation.fleet}`,
    () => apply(context, generation, contents),
  );
}

async function apply(
  context: CommandContext,
  generation: Generation,
  contents: Contents,
): Promise<Answer> {
  const { entries, prune } = contents;
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
  const isTakenBack = contents.takesBack !== undefined && contents.takesBack === before?.rollout;
  if (verdict.kind === "apply" && !isTakenBack) {
    const opensMs = context.changeWindows.opensAt(contents.windows);
    if (opensMs !== undefined && changesSomething(context, entries, prune ? others : [])) {
      return wait(context, generation, contents, opensMs);
    }
  }
  context.changeWindows.drop(fleet);
  const begun: GenerationRecord = {
    ...generation,
    basedOn: [...generation.basedOn],
    isDone: false,
    agents: [...names, ...others],
    outcomes: {},
  };
  // Recorded first: after a crash, the node resumes it and still knows which agents were removed.
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
    // The record is not marked as done, so the agents that are missing start when the message arrives again.
    throw new CommandError(
      `Cannot apply all of generation ${generation.generation} of fleet '${fleet}': node ${identity.name} is ending`,
    );
  }
  // Outcomes that were settled in the meantime are newer.
  const settled = generations.find(fleet)?.outcomes ?? {};
  for (const [agent, outcome] of Object.entries(outcomes)) {
    const known = settled[agent];
    if (outcome.state === "starting" && known !== undefined) outcomes[agent] = known;
  }
  await fleetReports.keep({ ...begun, isDone: true, agents: names, outcomes });
  const failed = Object.values(outcomes).filter(({ state }) => state === "failed").length;
  return { fleet, tag, failed };
}

function wait(context: CommandContext, generation: Generation, contents: Contents, opensMs: number): Answer {
  const { fleet, tag } = generation;
  const { changeWindows, fleetReports, reporter } = context;
  fleetReports.waits(generation, opensMs);
  changeWindows.hold(fleet, opensMs, async () => {
    try {
      await applyGeneration(context, generation, contents);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      reporter.nodeLog("error", error.message);
    }
  });
  return { fleet, tag, waits_until: opensMs / 1000 };
}

/** Whether any agent would start, be replaced or stop. */
function changesSomething(
  { supervisor, identity }: CommandContext,
  entries: readonly unknown[],
  stops: readonly string[],
): boolean {
  if (stops.some((agent) => supervisor.find(agent) !== undefined)) return true;
  return entries.some((entry) => {
    try {
      const config = parseSpawnConfig(entry, identity.name);
      const running = supervisor.find(config.name);
      return running === undefined || changedFields(running.config.raw, config.raw).length > 0;
    } catch {
      // It is reported when its turn comes.
      return false;
    }
  });
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

/** @param onStart called before anything starts: the outcome may follow at once */
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
