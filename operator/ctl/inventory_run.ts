/** `agentflow deploy --inventory`: shows what differs, and the progress of the roll-out. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readGiven } from "../../protocol/config/text_file.ts";
import type { DeployResult } from "../deploy/deploy.ts";
import { chosenDevices, deviceOptions, type Inventory, parseInventory } from "../deploy/inventory.ts";
import { deployAll, type Look, lookAt } from "../deploy/inventory_run.ts";
import { type Given, OWN_FLAGS } from "../deploy/options.ts";
import type { DeployIo } from "../deploy/run.ts";
import type { Flag } from "../../protocol/config/flag.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { Run } from "./cli.ts";
import { EXIT } from "./exit_code.ts";
import { isSet } from "./options.ts";
import { nodeLines, progressLine, rolloutExit } from "./render/rollout.ts";
import { count } from "./render/units.ts";
import { wantedRollout } from "./rollout_run.ts";
import { nodeSelection } from "./selection.ts";
import { oneLine } from "./terminal.ts";

/** Flags that say something of one device. */
const OF_ONE: readonly Flag[] = [OWN_FLAGS.to, OWN_FLAGS.uninstall, OWN_FLAGS.purge];

/** @param words names of devices; none: all @returns the exit code @throws ConfigError; DeployError */
export async function deployInventory(
  run: Run,
  path: string,
  words: readonly string[],
  given: Given,
): Promise<number> {
  const ofOne = OF_ONE.find((flag) => given(flag) !== undefined);
  if (ofOne !== undefined) throw new ConfigError(`--${ofOne.name} is for one device, not for an inventory`);
  const flag = words.find((word) => word.startsWith("-"));
  if (flag !== undefined) {
    throw new ConfigError(`${flag}: with --inventory, flags of the runner are options of its devices`);
  }
  const inventory = parseInventory(await readInventory(path), path);
  const rollout = wantedRollout(run.options, inventory.rollout);
  const devices = planned(run, inventory, words, given);
  const io: DeployIo = { env: run.env, report: (line) => run.tell(oneLine(line)), signal: run.signal };
  run.note(`Looking at ${count(devices.length, "device")}`);
  const looked = await lookAt(devices, io);
  if (!run.json) [...looked.looks].forEach(([node, look]) => run.print(oneLine(lookLine(node, look))));
  if (isSet(run.options, "dryRun")) {
    const looks = [...looked.looks];
    const isBad = looks.some(([, { kind }]) => kind === "refused" || kind === "off");
    if (run.json) run.printJson({ ok: !isBad, devices: looks.map(([node, look]) => lookJson(node, look)) });
    return isBad ? EXIT.failed : EXIT.ok;
  }
  let shown = "";
  const { state, results } = await deployAll(looked, io, rollout, (state) => {
    const line = progressLine(state);
    if (line !== shown && state.phase.kind !== "ready") run.note(oneLine(line));
    shown = line;
  });
  if (run.json) run.printJson(asJson(state, results));
  else if (state === undefined) run.print("All of them are up to date");
  else nodeLines(state).forEach((line) => run.print(oneLine(line)));
  return state === undefined ? EXIT.ok : rolloutExit(state);
}

function planned(run: Run, inventory: Inventory, names: readonly string[], given: Given) {
  const { labels } = nodeSelection(run.options);
  return chosenDevices(inventory, names, labels).map((device) => ({
    options: deviceOptions(inventory, device, given),
    labels: device.labels,
  }));
}

async function readInventory(path: string): Promise<string> {
  try {
    return await readGiven(path);
  } catch (error) {
    throw new ConfigError(`--inventory: cannot read '${path}': ${(error as Error).message}`);
  }
}

function lookLine(node: string, look: Look): string {
  switch (look.kind) {
    case "same":
      return `=  ${node}: up to date`;
    case "differs":
      return `${look.result.release === undefined ? "+" : "~"}  ${node}: ${
        look.result.changes.join(", ") || "starts"
      }`;
    case "off":
      return `?  ${node}: ${look.why}`;
    case "refused":
      return `!  ${node}: ${look.why}`;
    default:
      return look satisfies never;
  }
}

function lookJson(node: string, look: Look): Readonly<Record<string, unknown>> {
  const { kind } = look;
  return kind === "off" || kind === "refused"
    ? { node, look: kind, error: look.why }
    : { node, look: kind, release: look.result.release, changes: look.result.changes };
}

function asJson(state: RolloutState | undefined, results: ReadonlyMap<string, DeployResult>) {
  const devices = [...results].map(([node, { action, release }]) => ({ node, action, release }));
  if (state === undefined) return { ok: true, devices };
  const { phase, waves, changed, failures, pending } = state;
  const how = phase.kind === "ended" ? phase.how : phase.kind;
  return { ok: rolloutExit(state) === EXIT.ok, phase: how, waves, changed, failures, pending, devices };
}
