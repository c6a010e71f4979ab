/** `agentflow spawn`: starts an agent from a file, and waits for what becomes of it. */
import type { Command } from "commander";
import { OperationError } from "../../operator/operator.ts";
import { nodeNamed } from "../../operator/operations/find.ts";
import { spawn } from "../../operator/operations/spawn.ts";
import { survey } from "../../operator/operations/survey.ts";
import type { Cli } from "../cli.ts";
import { text } from "../options.ts";
import { addConfigOptions, readSpawnFile } from "../spawn_file.ts";
import { showSpawnOutcome } from "../render/outcome.ts";
import { ConfigError } from "../../bus/config_error.ts";

export function addSpawn(program: Command, cli: Cli): void {
  const command = program.command("spawn")
    .description("start an agent on a node, and wait until it runs or has failed")
    .argument("<FILE>", "its code (.ts, .js, .py), or a whole spawn config (.json)")
    .requiredOption("--node <NODE>", "the node that is to run it");
  addConfigOptions(command);
  cli.connected(command, async (run, operator, file = "") => {
    const node = text(run.options, "node") ?? "";
    const config = await readSpawnFile(file, run.options);
    if (typeof config.node === "string" && config.node !== node) {
      throw new ConfigError(`${file} is meant for node '${config.node}', and --node is '${node}'`);
    }
    await survey(operator, { signal: run.signal });
    if (!nodeNamed(operator.fleet, node).isOnline) throw new OperationError(`Node '${node}' is offline`);
    const outcome = await spawn(operator, node, config, {
      ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
      onProgress: run.note,
      signal: run.signal,
    });
    return showSpawnOutcome(run, outcome);
  });
}
