/** `agentflow upgrade`: sends a node a new runner over the bus. */
import { join } from "@std/path";
import type { Command } from "commander";
import { runnerFile } from "../../release/bundle.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { onlineNode } from "../../operations/find.ts";
import { survey } from "../../operations/survey.ts";
import { upgradeNode } from "../../operations/upgrade.ts";
import { VERSION } from "../../../protocol/version.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { milliseconds, text } from "../options.ts";

const TRIAL_SECONDS = 60;

export function addUpgrade(program: Command, cli: Cli): void {
  const command = program.command("upgrade")
    .description(
      "send a node a new runner; the node rolls back if the new runner fails its trial. " +
        "For nodes that were deployed and run with --trust: the command must be signed (--sign-key)",
    )
    .argument("<NODE>", "its name")
    .option("--runner <FILE>", "the runner, as 'deno task bundle' makes it (default: this program's own)")
    .option("--trial <SECONDS>", `how long the trial may take (default: ${TRIAL_SECONDS})`);
  cli.connected(command, async (run, operator, node = "") => {
    const trialSeconds = (milliseconds(run.options, "trial") ?? TRIAL_SECONDS * 1000) / 1000;
    await survey(operator, { signal: run.signal });
    onlineNode(operator.fleet, node);
    const runner = await readRunner(text(run.options, "runner"), run.note);
    run.note(`Node '${node}' tests the new runner (${Math.ceil(runner.length / 1024)} KiB)`);
    const upgraded = await upgradeNode(operator, node, runner, {
      version: VERSION,
      trialSeconds,
      signal: run.signal,
      onTaken: ({ from, release }) =>
        run.note(`It has passed its self-test. The node starts again: release ${from} → ${release}`),
    });
    if (run.json) run.printJson({ ok: true, ...upgraded });
    else if (upgraded.unchanged) run.print(`Node '${node}' already runs release ${upgraded.release}`);
    else run.print(`Node '${node}' has been upgraded: it runs release ${upgraded.release}`);
    return EXIT.ok;
  });
}

async function readRunner(path: string | undefined, note: (line: string) => void): Promise<Uint8Array> {
  if (path === undefined) return await ownRunner(note);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new ConfigError(`--runner: cannot read '${path}': ${(error as Error).message}`);
  }
}

async function ownRunner(note: (line: string) => void): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-upgrade-" });
  try {
    return await Deno.readFile(await runnerFile(join(folder, "agentflow-node.js"), note));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
