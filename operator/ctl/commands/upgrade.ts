/** `agentflow upgrade`: sends a node a new runner over the bus. */
import { join } from "@std/path";
import type { Command } from "commander";
import { runnerFile } from "../../release/bundle.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { onlineNode } from "../../operations/find.ts";
import { survey } from "../../operations/survey.ts";
import { type Upgraded, upgradeNode } from "../../operations/upgrade.ts";
import { VERSION } from "../../../protocol/version.ts";
import type { Operator } from "../../operator.ts";
import { packRunner, releaseOf } from "../../../protocol/upgrade_package.ts";
import { refuseDuringRollout } from "../../rollout/guard.ts";
import { type GivenRollout, rolloutSettings } from "../../rollout/settings.ts";
import { RUNNERS } from "../../rollout/subject.ts";
import { beginUpgrade, prepareUpgrade } from "../../rollout/upgrade.ts";
import { agreed } from "../ask.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { count } from "../render/units.ts";
import { addNamedNodes, namedNodes } from "../selection.ts";
import { milliseconds, text } from "../options.ts";
import { operatorName } from "../operator_name.ts";
import { addRolloutOptions, givenRollout, showRollout } from "../rollout_run.ts";

const TRIAL_SECONDS = 60;

export function addUpgrade(program: Command, cli: Cli): void {
  const command = program.command("upgrade")
    .description(
      "send nodes a new runner, one after the other, or in waves with the flags of a roll-out; a node rolls back if " +
        "the new runner fails its trial. For nodes that were deployed and run with --trust: the command must be signed (--sign-key)",
    )
    .argument("[NODE...]", "their names (default: all that --selector chooses)")
    .option("--runner <FILE>", "the runner, as 'deno task bundle' makes it (default: this program's own)")
    .option("--trial <SECONDS>", `how long the trial may take (default: ${TRIAL_SECONDS})`)
    .option("--yes", "do not ask before several are upgraded");
  addNamedNodes(command);
  addRolloutOptions(command, null);
  cli.connected(command, async (run, operator, ...names) => {
    const trialSeconds = (milliseconds(run.options, "trial") ?? TRIAL_SECONDS * 1000) / 1000;
    await survey(operator, { signal: run.signal });
    const nodes = namedNodes(run, operator, names);
    for (const node of nodes) onlineNode(operator.fleet, node);
    const given = givenRollout(run.options);
    const isOne = nodes.length === 1;
    if (!isOne) nodes.forEach((node) => run.note(node));
    if (!isOne && !await agreed(run, `This upgrades ${count(nodes.length, "node")}`)) {
      run.note("Nothing has been changed");
      return EXIT.failed;
    }
    const runner = await readRunner(text(run.options, "runner"), run.note);
    if (given !== undefined) return await inWaves(run, operator, nodes, { runner, trialSeconds, given });
    await refuseDuringRollout(operator, RUNNERS);
    const all: Upgraded[] = [];
    for (const node of nodes) {
      if (run.signal.aborted) return EXIT.interrupted;
      try {
        all.push(await upgrade(run, operator, node, runner, trialSeconds));
      } catch (error) {
        const left = nodes.slice(all.length + 1);
        if (left.length > 0) run.tell(`Not upgraded, because '${node}' has failed: ${left.join(", ")}`);
        throw error;
      }
    }
    if (run.json) run.printJson(isOne ? { ok: true, ...all[0] } : all.map((each) => ({ ok: true, ...each })));
    return EXIT.ok;
  });
}

/** @returns the exit code */
async function inWaves(
  run: Run,
  operator: Operator,
  nodes: readonly string[],
  { runner, trialSeconds, given }: {
    readonly runner: Uint8Array;
    readonly trialSeconds: number;
    readonly given: GivenRollout;
  },
): Promise<number> {
  const prepared = await prepareUpgrade(operator, nodes, {
    runner,
    trialSeconds,
    version: VERSION,
    settings: rolloutSettings(given),
    by: operatorName(run),
  });
  if (prepared === undefined) {
    if (run.json) run.printJson({ ok: true, nodes, unchanged: true });
    else run.print(`All of them already run release ${releaseOf(runner)}`);
    return EXIT.ok;
  }
  return await showRollout(run, prepared.rollout, (options) => beginUpgrade(operator, prepared, options));
}

/** @throws as `upgradeNode` */
async function upgrade(
  run: Run,
  operator: Operator,
  node: string,
  runner: Uint8Array,
  trialSeconds: number,
): Promise<Upgraded> {
  run.note(`Node '${node}' tests the new runner (${Math.ceil(runner.length / 1024)} KiB)`);
  const upgraded = await upgradeNode(operator, node, packRunner(runner, VERSION), {
    trialSeconds,
    signal: run.signal,
    onTaken: ({ from, release }) =>
      run.note(`It has passed its self-test. The node starts again: release ${from} → ${release}`),
  });
  if (run.json) return upgraded;
  run.print(
    upgraded.unchanged
      ? `Node '${node}' already runs release ${upgraded.release}`
      : `Node '${node}' has been upgraded: it runs release ${upgraded.release}`,
  );
  return upgraded;
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
