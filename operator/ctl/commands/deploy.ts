/** `agentflow deploy`: installs a node on a device over ssh. */
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { OWN_FLAGS, PASSED_FLAGS, readDeploy } from "../../deploy/options.ts";
import { runDeploy } from "../../deploy/run.ts";
import { EXIT } from "../exit_code.ts";
import { camelCase, optionOf } from "../options.ts";

const NOTES = `
The device needs 64-bit Linux (x86_64 or aarch64) with glibc and systemd, and no internet: the runner and Deno come from
this machine. It is reached by the ssh of this system, with your keys, known hosts and configuration; unknown host keys are
never accepted. A second run changes nothing.

Example:
  agentflow deploy kitchen --to pi@192.168.1.52 --broker 192.168.1.10`;

export function addDeploy(program: Command, cli: Cli): void {
  const command = program.command("deploy")
    .description("bring a node to a device over ssh, and start it there as a service")
    .argument("<NAME>", "name of the node")
    .argument("[RUNNER-FLAGS...]", "after --: more flags of the runner");
  for (const flag of Object.values(OWN_FLAGS)) command.addOption(optionOf(flag));
  for (const { name, value, help } of PASSED_FLAGS) {
    // No default: the environment of this machine says nothing about the device.
    const option = optionOf(value === undefined ? { name, help } : { name, value, help });
    command.addOption(
      option.helpGroup("Node (its files are copied to the device, readable only by their owner):"),
    );
  }
  command.addHelpText("after", NOTES);
  cli.local(command, async (run, name = "", ...flags) => {
    const rest = flags.filter((flag) => flag !== undefined);
    const options = readDeploy(name, rest, ({ name: flag }) => {
      // commander represents --no-x as x = false.
      const negated = /^no-(.*)$/.exec(flag)?.[1];
      const value = run.options[camelCase(negated ?? flag)];
      if (negated !== undefined) return value === false;
      return typeof value === "string" || typeof value === "boolean" ? value : undefined;
    });
    // Deploying takes a while: show progress even with --json.
    const { json, words } = await runDeploy(options, { env: run.env, report: run.tell, signal: run.signal });
    if (run.json) run.printJson(json);
    else words.forEach((line) => run.print(line));
    return EXIT.ok;
  });
}
