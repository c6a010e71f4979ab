/** Assembles the program: each command is added by its own file. */
import { Command } from "commander";
import { VERSION } from "../../protocol/version.ts";
import type { Cli } from "./cli.ts";
import { addAcl } from "./commands/acl.ts";
import { addAgents } from "./commands/agents.ts";
import { addApply, addDiff } from "./commands/apply.ts";
import { addButtons } from "./commands/buttons.ts";
import { addCall } from "./commands/call.ts";
import { addChat } from "./commands/chat.ts";
import { addCheck } from "./commands/check.ts";
import { addCompletions } from "./commands/completions.ts";
import { addDeploy } from "./commands/deploy.ts";
import { addDev } from "./commands/dev.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addKey } from "./commands/key.ts";
import { addLogs } from "./commands/logs.ts";
import { addMcp } from "./commands/mcp.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addNew } from "./commands/new.ts";
import { addDevices } from "./commands/devices.ts";
import { addNodes } from "./commands/nodes.ts";
import { addPolicy } from "./commands/policy.ts";
import { addSpawn } from "./commands/spawn.ts";
import { addState } from "./commands/state.ts";
import { addStop } from "./commands/stop.ts";
import { addStopAll } from "./commands/stop_all.ts";
import { addUpgrade } from "./commands/upgrade.ts";
import { addUsers } from "./commands/users.ts";
import { addWatch } from "./commands/watch.ts";
import { addExamples } from "./examples.ts";
import { EXIT_HELP } from "./exit_code.ts";

type Add = (program: Command, cli: Cli) => void;

/** Commands by purpose, in the order of `--help`. */
const GROUPS: Readonly<Record<string, readonly Add[]>> = {
  "Look:": [addNodes, addAgents, addDevices, addLogs, addWatch, addState],
  "Agents:": [addSpawn, addStop, addButtons, addMigrate, addCall],
  "Nodes:": [addDeploy, addUpgrade, addStopAll],
  "Fleet:": [addApply, addDiff, addDoctor],
  "Write agents:": [addNew, addDev, addCheck],
  "Keys and rules:": [addKey, addPolicy, addAcl, addUsers],
  "This program:": [addCompletions],
  "In words:": [addChat, addMcp],
};

export function createProgram(cli: Cli): Command {
  const { stdout, stderr } = cli.surroundings;
  const program = new Command("agentflow")
    .description("Runs a fleet of AgentFlow nodes: what an operator does, from one command line.")
    .version(VERSION, "--version", "print the version")
    .helpOption("-h, --help", "print this text")
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ helpWidth: Math.min(stdout.columns(), 110), sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(stdout.columns(), 110),
      getErrHelpWidth: () => Math.min(stderr.columns(), 110),
      outputError: (text, write) => write(text.replace(/^error: /, "agentflow: ")),
    })
    .showHelpAfterError("(see --help)")
    .addHelpText("after", `\n${EXIT_HELP}`);
  for (const [group, adds] of Object.entries(GROUPS)) {
    program.commandsGroup(group);
    for (const add of adds) add(program, cli);
  }
  addExamples(program);
  return program;
}
