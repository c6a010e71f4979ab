/** `agentflow deploy`: installs a node on a device over ssh, or nodes on the devices of an inventory. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Cli, Run } from "../cli.ts";
import { deployInventory } from "../inventory_run.ts";
import { type Given, OWN_FLAGS, PASSED_FLAGS, readDeploy } from "../../deploy/options.ts";
import { runDeploy } from "../../deploy/run.ts";
import { EXIT } from "../exit_code.ts";
import { camelCase, optionOf, text } from "../options.ts";
import { addRolloutOptions } from "../rollout_run.ts";
import { addLabelSelection } from "../selection.ts";

const NOTES = `
The device needs 64-bit Linux (x86_64 or aarch64) with glibc and systemd, and no internet: the runner and Deno come from
this machine. It is reached by the ssh of this system, with your keys, known hosts and configuration; unknown host keys are
never accepted. A second run changes nothing.

Examples:
  agentflow deploy kitchen --to pi@192.168.1.52 --broker 192.168.1.10
  agentflow deploy --inventory devices.json -l site=north --upgrade --waves 1,10%,rest --soak 5m`;

export function addDeploy(program: Command, cli: Cli): void {
  const command = program.command("deploy")
    .description("bring a node to a device over ssh, or to many, and start it there as a service")
    .argument("[NAME]", "name of the node; with --inventory, devices of it (default: all)")
    .argument("[RUNNER-FLAGS...]", "after --: more flags of the runner")
    .option("--inventory <FILE>", "the devices, in JSON (docs/inventory.schema.json)");
  addLabelSelection(command);
  addRolloutOptions(command, "the inventory");
  for (const flag of Object.values(OWN_FLAGS)) command.addOption(optionOf(flag));
  for (const { name, value, help } of PASSED_FLAGS) {
    // No default: the environment of this machine says nothing about the device.
    const option = optionOf(value === undefined ? { name, help } : { name, value, help });
    command.addOption(
      option.helpGroup("Node (its files are copied to the device, readable only by their owner):"),
    );
  }
  command.addHelpText("after", NOTES);
  cli.local(command, async (run, ...args) => {
    const given = args.filter((word) => word !== undefined);
    const inventory = text(run.options, "inventory");
    if (inventory !== undefined) return await deployInventory(run, inventory, given, givenIn(run));
    const [name, ...rest] = given;
    if (name === undefined) throw new ConfigError("Name the node, or the devices by --inventory");
    const forMany = ["selector", "waves", "soak", "maxFailures", "onFailure", "atOnce"]
      .find((option) => run.options[option] !== undefined);
    if (forMany !== undefined) throw new ConfigError(`--${kebab(forMany)} goes with --inventory`);
    const options = readDeploy(name, rest, givenIn(run));
    // Deploying takes a while: show progress even with --json.
    const { json, words } = await runDeploy(options, { env: run.env, report: run.tell, signal: run.signal });
    if (run.json) run.printJson(json);
    else words.forEach((line) => run.print(line));
    return EXIT.ok;
  });
}

function givenIn(run: Run): Given {
  return ({ name }) => {
    // commander represents --no-x as x = false.
    const negated = /^no-(.*)$/.exec(name)?.[1];
    const value = run.options[camelCase(negated ?? name)];
    if (negated !== undefined) return value === false ? true : undefined;
    return typeof value === "string" || typeof value === "boolean" ? value : undefined;
  };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
