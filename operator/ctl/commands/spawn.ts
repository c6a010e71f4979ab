/** `agentflow spawn`: starts an agent from a file and waits for the outcome. */
import type { Command } from "commander";
import { OperationError, type Operator } from "../../operator.ts";
import { type Clearance, clearTheWay } from "../../operations/elsewhere.ts";
import { nodeNamed } from "../../operations/find.ts";
import { leaveSpawn } from "../../operations/leave_spawn.ts";
import { type Config, spawn } from "../../operations/spawn.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions, type Run, warn } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, nameGiven, text } from "../options.ts";
import { addConfigOptions, readSpawnFile } from "../spawn_file.ts";
import { showSpawnOutcome } from "../render/outcome.ts";
import { oneLine } from "../terminal.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";

export function addSpawn(program: Command, cli: Cli): void {
  const command = program.command("spawn")
    .description("start an agent on a node, and wait until it runs or has failed")
    .argument("<FILE>", "its code (.ts, .js, .py), or a whole spawn config (.json)")
    .requiredOption("--node <NODE>", "the node to run it on");
  addConfigOptions(command);
  command
    .option("--move", "if it runs on another node: move it here first, with its persisted state")
    .option(
      "--replace-on <NODE>",
      "if it is on this other node: end it there; if that is off, give it up there",
    );
  command.option("--later", "if the node is offline, leave the spawn with the broker until it is back");
  cli.connected(command, async (run, operator, file = "") => {
    const node = nameGiven("--node", text(run.options, "node"));
    const config = await readSpawnFile(file, run.options);
    if (typeof config.node === "string" && config.node !== node) {
      throw new ConfigError(`${file} is meant for node '${config.node}', and --node is '${node}'`);
    }
    await survey(operator, { signal: run.signal });
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
  });
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
