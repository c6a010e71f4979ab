/** `nodes/{name}/spawn`: starts an agent. */
import { actorId } from "../../../protocol/ids.ts";
import { parseSpawnConfig, type SpawnConfig } from "../../../protocol/spawn_config.ts";
import { topics } from "../../../protocol/topics.ts";
import { digestOf } from "../../../protocol/signing/statements.ts";
import { type HandOver, handOverIn } from "../../trust/hand_over.ts";
import type { StartOptions } from "../agents/roster.ts";
import { type Answer, type Command, type CommandContext, CommandError } from "./command.ts";

/**
 * @throws SpawnConfigError for a config that cannot be used
 * @throws PolicyRefusal for one that asks for more than the policy allows
 */
export async function spawn(context: CommandContext, command: Command): Promise<Answer> {
  const config = parseSpawnConfig(command.json ?? command.text, context.identity.name);
  const handOver = handOverIn(command.json, context.identity.name);
  const digest = digestOf(command.text);
  return await context.turns.take(config.name, () => {
    const isOver = command.retained && context.roster.hasEndedAfter(config.name, digest);
    return isOver ? passOver(context, config.name) : take(context, config, handOver, digest);
  });
}

/** Clears a retained spawn that has already ended: another member of the broker's cluster may still have had it. */
function passOver({ reporter, identity }: CommandContext, name: string): Promise<Answer> {
  const message = `The broker still had a spawn of '${name}', which has been carried out and has ended on ` +
    `${identity.name}: cleared`;
  reporter.nodeLog("log", message, { child_name: name });
  reporter.clearRetained(topics.node(identity.name, "spawn"));
  return Promise.resolve({ agent: name, actor_id: actorId(name), already_ended: true });
}

async function take(
  context: CommandContext,
  config: SpawnConfig,
  handOver: HandOver | undefined,
  digest: string,
): Promise<Answer> {
  const { supervisor, reporter, identity, updates, arrivals, stateFiles } = context;
  const { name, migration } = config;
  await context.enforcer.check(config);
  const search = context.devices.missing(config);
  // Await only if necessary: agents of messages that arrive together then start in message order.
  const missing = search === undefined ? undefined : await search;
  if (missing !== undefined) {
    throw new CommandError(`Cannot spawn '${name}' on ${identity.name}: ${missing}`, name);
  }
  const answer = { agent: name, actor_id: actorId(name) };
  const running = supervisor.find(name);
  if (running === undefined) admit(context, config);
  if (migration !== undefined) {
    if (arrivals.has(migration.id)) return answer;
    if (running !== undefined) {
      throw new CommandError(`Cannot take over '${name}': it is already running on ${identity.name}`, name);
    }
    try {
      const sealed = handOver === undefined ? undefined : await arrivals.stateIn(handOver);
      await stateFiles.write(name, sealed ?? config.state);
    } catch (error) {
      throw new CommandError(
        `Cannot take over '${name}': its state cannot be stored: ${(error as Error).message}`,
        name,
      );
    }
  }
  if (running !== undefined && !config.replace) {
    const message = `Agent '${name}' is already running on ${identity.name}: spawn ignored`;
    reporter.nodeLog("log", message, { child_name: name });
    reporter.clearRetained(topics.node(identity.name, "spawn"));
    return { ...answer, already_running: true };
  }
  let options: StartOptions = migration === undefined ? {} : arrivalOf(migration, handOver);
  if (running !== undefined) {
    await running.stop("replace");
    if (config.rollback) options = { previous: await updates.previousOf(running) };
  }
  const kept = start(context, config, { ...options, spawn: digest }, running !== undefined);
  try {
    await kept;
  } catch (error) {
    throw new CommandError(
      `Agent '${name}' runs, but cannot be stored on disk (${(error as Error).message}): ` +
        "it will not start again after a restart of this node, and its retained spawn stays on the broker",
      name,
    );
  }
  reporter.clearRetained(topics.node(identity.name, "spawn"));
  const refused = await context.ownTopics.refusedOf(name);
  return {
    ...answer,
    ...(running === undefined ? {} : { replaced: true }),
    ...(refused.length === 0 ? {} : { refused_topics: refused }),
  };
}

/** A paused agent stays paused wherever it goes. */
function arrivalOf(
  { id, from, paused, key }: NonNullable<SpawnConfig["migration"]>,
  handOver: HandOver | undefined,
): StartOptions {
  const signed = handOver?.seal === undefined ? {} : { hand_over: digestOf(handOver.text) };
  return { arriving: { id, from, ...(key === undefined ? {} : { key }), ...signed }, paused };
}

/** @throws PolicyRefusal when there is no room for another agent */
function admit({ enforcer, supervisor }: CommandContext, config: SpawnConfig): void {
  enforcer.admit(config, supervisor.agents().length);
}

/**
 * Starts an agent whose name is free, and reports it.
 * @returns settles when its entry is on disk
 * @throws CommandError when the node is shutting down
 */
export function start(
  context: CommandContext,
  config: SpawnConfig,
  options: StartOptions = {},
  isReplacement = false,
): Promise<void> {
  const { roster, reporter, identity, updates, arrivals } = context;
  if (context.isClosing()) {
    throw new CommandError(`Cannot spawn '${config.name}': node ${identity.name} is ending`, config.name);
  }
  // Checked again: other agents may have started since. A replaced agent already has its place.
  if (!isReplacement) admit(context, config);
  const about = { child_name: config.name };
  reporter.nodeLog("spawned", `Remote agent '${config.name}' started on ${identity.name}`, about);
  if (config.install.length > 0) {
    reporter.nodeLog("installing", `Installing ${config.install.join(", ")} for '${config.name}'`, about);
  }
  const { agent, kept } = roster.start(config, options);
  if (options.previous !== undefined) updates.begin(agent, options.previous);
  if (options.arriving !== undefined) {
    void arrivals.begin(agent, options.arriving);
    if (config.install.length > 0) arrivals.installing(config.name);
  }
  return kept;
}
