/** `agentflow spawn`: starts an agent from a file and waits for the outcome. */
import type { Command } from "commander";
import { OperationError, type Operator } from "../../operator.ts";
import { type Clearance, clearTheWay } from "../../operations/elsewhere.ts";
import { nodeNamed } from "../../operations/find.ts";
import { leaveSpawn } from "../../operations/leave_spawn.ts";
import { type Config, spawn } from "../../operations/spawn.ts";
import { isLimited, type NodeSelection, selectNodes } from "../../operations/selection.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions, type Run, warn } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, nameGiven, type Options, text } from "../options.ts";
import { addLabelSelection, nodeSelection } from "../selection.ts";
import { addConfigOptions, readSpawnFile } from "../spawn_file.ts";
import { showSpawnOutcome } from "../render/outcome.ts";
import { oneLine } from "../terminal.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";

export function addSpawn(program: Command, cli: Cli): void {
  const command = program.command("spawn")
    .description("start an agent on a node, and wait until it runs or has failed")
    .argument("<FILE>", "its code (.ts, .js, .py), or a whole spawn config (.json)")
    .option("--node <NODE>", "the node to run it on");
  addLabelSelection(command);
  command.hook("preAction", (_, acting) => void spawnSelection(acting.opts()));
  addConfigOptions(command);
  command
    .option("--move", "if it runs on another node: move it here first, with its persisted state")
    .option(
      "--replace-on <NODE>",
      "if it is on this other node: end it there; if that is off, give it up there",
    );
  command.option("--later", "if the node is offline, leave the spawn with the broker until it is back");
  cli.connected(command, async (run, operator, file = "") => {
    const { node, labels } = spawnSelection(run.options);
    // A mistake in the file is found before the broker is asked.
    const only = labels === undefined ? await configFor(file, run, node ?? "") : undefined;
    await survey(operator, { signal: run.signal });
    if (only !== undefined) return await spawnOn(run, operator, node ?? "", only);
    const nodes = selectNodes(operator.fleet, { node, labels }).filter(({ isOnline }) => isOnline);
    if (nodes.length === 0) throw new OperationError("No node with these labels is online");
    const wanted = await Promise.all(
      nodes.map(async ({ name }) => ({ node: name, config: await configFor(file, run, name) })),
    );
    const names = new Set(wanted.map(({ config }) => config.name));
    if (names.size < wanted.length) {
      throw new ConfigError(
        `These are ${wanted.length} nodes (${
          wanted.map((each) => each.node).join(", ")
        }), and an agent's name is its ` +
          `identity: --name '${wanted[0]?.config.name}-{node}' gives each agent its own`,
      );
    }
    const codes = [];
    for (const each of wanted) codes.push(await spawnOn(run, operator, each.node, each.config));
    return Math.max(...codes);
  });
}

/** @throws ConfigError without a node and labels */
function spawnSelection(options: Options): NodeSelection {
  const selection = nodeSelection(options);
  if (selection.node !== undefined) nameGiven("--node", selection.node);
  if (isLimited(selection)) return selection;
  throw new ConfigError("Say where it is to run: --node, or labels by --selector");
}

/** The config, where `{node}` in the name is replaced. @throws ConfigError */
async function configFor(file: string, { options }: Run, node: string): Promise<Config> {
  const name = text(options, "name")?.replaceAll("{node}", node);
  const config = await readSpawnFile(file, { ...options, ...(name === undefined ? {} : { name }) });
  if (typeof config.node === "string" && config.node !== node) {
    throw new ConfigError(`${file} is meant for node '${config.node}', and this is '${node}'`);
  }
  return config;
}

/** @returns the exit code @throws OperationError; RefusedError; NoAnswerError */
async function spawnOn(run: Run, operator: Operator, node: string, config: Config): Promise<number> {
  const isLater = isSet(run.options, "later");
  const isOnline = isLater
    ? operator.fleet.node(node)?.isOnline === true
    : nodeNamed(operator.fleet, node).isOnline;
  if (!isOnline && isLater) return await leave(run, operator, node, config);
  if (!isOnline) {
    throw new OperationError(
      `Node '${node}' is offline: start it, or leave the spawn with the broker until it is back: --later`,
    );
  }
  const { mustReplace, note } = await clearTheWay(
    operator,
    config.name,
    node,
    clearanceOf(run),
    commandOptions(run),
  );
  if (note !== undefined) warn(run, note);
  const outcome = await spawn(operator, node, mustReplace ? { ...config, replace: true } : config, {
    ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
    onProgress: (message) => run.note(oneLine(message)),
    signal: run.signal,
  });
  return showSpawnOutcome(run, outcome);
}

/** @throws ConfigError */
function clearanceOf({ options }: Run): Clearance {
  const on = text(options, "replaceOn");
  if (on !== undefined && isSet(options, "move")) {
    throw new ConfigError(
      "--move and --replace-on exclude each other: it moves with its state, or is ended there",
    );
  }
  if (on !== undefined) return { kind: "replace", on: nameGiven("--replace-on", on) };
  return { kind: isSet(options, "move") ? "move" : "refuse" };
}

async function leave(run: Run, operator: Operator, node: string, config: Config): Promise<number> {
  await leaveSpawn(operator, node, config);
  const { name: agent } = config;
  if (run.json) run.printJson({ ok: true, outcome: "left", agent, node });
  else run.print(`Agent '${agent}' waits for node '${node}': the broker keeps the spawn until it is there`);
  return EXIT.ok;
}
