/** Assembles the program: each command is added by its own file. */
import { Command } from "commander";
import { VERSION } from "../../protocol/version.ts";
import type { Cli } from "./cli.ts";
import { addExamples } from "./examples.ts";
import { EXIT_HELP } from "./exit_code.ts";

type Add = (program: Command, cli: Cli) => void;

/** Commands defined in one file, which is loaded lazily: when one of them is called, or to print the full help. */
interface Entry {
  readonly names: readonly string[];
  readonly load: () => Promise<Add>;
}

/** Commands by purpose, in the order of `--help`. */
export const GROUPS: Readonly<Record<string, readonly Entry[]>> = {
  "Look:": [
    { names: ["nodes"], load: async () => (await import("./commands/nodes.ts")).addNodes },
    { names: ["agents"], load: async () => (await import("./commands/agents.ts")).addAgents },
    { names: ["devices"], load: async () => (await import("./commands/devices.ts")).addDevices },
    { names: ["logs", "errors"], load: async () => (await import("./commands/logs.ts")).addLogs },
    { names: ["watch"], load: async () => (await import("./commands/watch.ts")).addWatch },
    { names: ["state"], load: async () => (await import("./commands/state.ts")).addState },
  ],
  "Agents:": [
    { names: ["spawn"], load: async () => (await import("./commands/spawn.ts")).addSpawn },
    { names: ["stop"], load: async () => (await import("./commands/stop.ts")).addStop },
    {
      names: ["restart", "pause", "resume", "delete"],
      load: async () => (await import("./commands/buttons.ts")).addButtons,
    },
    { names: ["migrate"], load: async () => (await import("./commands/migrate.ts")).addMigrate },
    { names: ["call"], load: async () => (await import("./commands/call.ts")).addCall },
  ],
  "Nodes:": [
    { names: ["deploy"], load: async () => (await import("./commands/deploy.ts")).addDeploy },
    { names: ["upgrade"], load: async () => (await import("./commands/upgrade.ts")).addUpgrade },
    { names: ["stop-all"], load: async () => (await import("./commands/stop_all.ts")).addStopAll },
  ],
  "Fleet:": [
    { names: ["apply"], load: async () => (await import("./commands/apply.ts")).addApply },
    { names: ["diff"], load: async () => (await import("./commands/apply.ts")).addDiff },
    { names: ["status"], load: async () => (await import("./commands/status.ts")).addStatus },
    { names: ["history"], load: async () => (await import("./commands/history.ts")).addHistory },
    { names: ["show"], load: async () => (await import("./commands/history.ts")).addShow },
    { names: ["rollback"], load: async () => (await import("./commands/history.ts")).addRollback },
    { names: ["watchdog"], load: async () => (await import("./commands/watchdog.ts")).addWatchdog },
    { names: ["rollout"], load: async () => (await import("./commands/rollout.ts")).addRollout },
    { names: ["doctor"], load: async () => (await import("./commands/doctor.ts")).addDoctor },
  ],
  "Write agents:": [
    { names: ["new"], load: async () => (await import("./commands/new.ts")).addNew },
    { names: ["dev"], load: async () => (await import("./commands/dev.ts")).addDev },
    { names: ["check"], load: async () => (await import("./commands/check.ts")).addCheck },
  ],
  "Keys and rules:": [
    { names: ["key"], load: async () => (await import("./commands/key.ts")).addKey },
    { names: ["policy"], load: async () => (await import("./commands/policy.ts")).addPolicy },
    { names: ["acl"], load: async () => (await import("./commands/acl.ts")).addAcl },
    { names: ["users"], load: async () => (await import("./commands/users.ts")).addUsers },
  ],
  "This program:": [
    {
      names: ["completions", "__complete"],
      load: async () => (await import("./commands/completions.ts")).addCompletions,
    },
  ],
  "In words:": [
    { names: ["chat"], load: async () => (await import("./commands/chat.ts")).addChat },
    { names: ["mcp"], load: async () => (await import("./commands/mcp.ts")).addMcp },
  ],
};

/** The command that completes all other commands, so it needs all of them loaded. */
const KNOWS_ALL = "completions";

/** @param wanted the called command, to load only its file; all files if it is unknown or needs every command */
export async function createProgram(cli: Cli, wanted?: string): Promise<Command> {
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
  const called = Object.values(GROUPS).flat().find(({ names }) => names.includes(wanted ?? ""));
  const isAlone = called !== undefined && !called.names.includes(KNOWS_ALL);
  for (const [group, entries] of Object.entries(GROUPS)) {
    program.commandsGroup(group);
    for (const entry of entries) if (!isAlone || entry === called) (await entry.load())(program, cli);
  }
  addExamples(program);
  return program;
}
