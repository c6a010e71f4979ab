/** All commands: the line that `--help` has of each, and the file that adds it. */
import type { Command } from "commander";
import type { Cli } from "./cli.ts";

type Add = (program: Command, cli: Cli) => void;

/** Commands defined in one file, which is loaded when one of them is called. */
interface Entry {
  /** How each is called, and what it does: a line of `--help`, which loads none of them. */
  readonly commands: Readonly<Record<string, string>>;
  readonly load: () => Promise<Add>;
}

/** Commands by purpose, in the order of `--help`; a name that begins with `_` is not in it. */
export const GROUPS: Readonly<Record<string, readonly Entry[]>> = {
  "Look:": [
    {
      commands: {
        "nodes [options]": "list the nodes: online or not, agents, load, version, labels",
      },
      load: async () => (await import("./commands/nodes.ts")).addNodes,
    },
    {
      commands: {
        "agents [options]": "list the agents, also those of nodes that are off; of a name on two nodes, both",
      },
      load: async () => (await import("./commands/agents.ts")).addAgents,
    },
    {
      commands: {
        "devices [options] [NODE...]":
          "list what nodes have for their agents: sensors, GPIO lines, buses, serial ports, PWM, and who holds them",
      },
      load: async () => (await import("./commands/devices.ts")).addDevices,
    },
    {
      commands: {
        "logs [options] [AGENT|NODE]":
          "show the latest log lines of agents and nodes, as the nodes remember them; -f follows new ones",
        "errors [options] [AGENT|NODE]":
          "show the latest errors of agents and nodes, with stacks, as the nodes remember them; -f follows new ones",
      },
      load: async () => (await import("./commands/logs.ts")).addLogs,
    },
    {
      commands: {
        "watch [options] [FILTER...]": "show all traffic, or part of it, until Ctrl-C",
      },
      load: async () => (await import("./commands/watch.ts")).addWatch,
    },
    {
      commands: {
        "state [options] [AGENT...]": "show the persisted state of agents as JSON",
      },
      load: async () => (await import("./commands/state.ts")).addState,
    },
  ],
  "Agents:": [
    {
      commands: {
        "spawn [options] <FILE>": "start an agent on a node, and wait until it runs or has failed",
      },
      load: async () => (await import("./commands/spawn.ts")).addSpawn,
    },
    {
      commands: {
        "stop [options] [AGENT...]": "stop agents; their persisted state is kept",
      },
      load: async () => (await import("./commands/stop.ts")).addStop,
    },
    {
      commands: {
        "restart [options] [AGENT...]": "restart agents in new processes, and reset their restart budgets",
        "pause [options] [AGENT...]": "pause agents: no process() calls until resume",
        "resume [options] [AGENT...]": "resume paused agents",
        "delete [options] [AGENT...]": "stop agents, and delete their persisted state",
      },
      load: async () => (await import("./commands/buttons.ts")).addButtons,
    },
    {
      commands: {
        "migrate [options] [AGENT...]": "move agents and their persisted state to another node",
      },
      load: async () => (await import("./commands/migrate.ts")).addMigrate,
    },
    {
      commands: {
        "call [options] <AGENT> [PAYLOAD]":
          "call an agent's handle_task and show the reply as JSON (--timeout defaults to 30 s)",
      },
      load: async () => (await import("./commands/call.ts")).addCall,
    },
  ],
  "Nodes:": [
    {
      commands: {
        "deploy [options] [NAME] [RUNNER-FLAGS...]":
          "bring a node to a device over ssh, or to many, and start it there as a service",
      },
      load: async () => (await import("./commands/deploy.ts")).addDeploy,
    },
    {
      commands: {
        "upgrade [options] [NODE...]":
          "send nodes a new runner, one after the other, or in waves with the flags of a roll-out; a node rolls back if the new runner fails its trial. For nodes that were deployed and run with --trust: the command must be signed (--sign-key)",
      },
      load: async () => (await import("./commands/upgrade.ts")).addUpgrade,
    },
    {
      commands: {
        "stop-all [options] [NODE...]":
          "end nodes and all of their agents, which do not come back on their own",
      },
      load: async () => (await import("./commands/stop_all.ts")).addStopAll,
    },
  ],
  "Fleet:": [
    {
      commands: {
        "apply [options] <FLEET>":
          "make the fleet match a file: start, replace and move agents; nodes that are off follow later",
      },
      load: async () => (await import("./commands/apply.ts")).addApply,
    },
    {
      commands: {
        "diff [options] <FLEET>": "show how the fleet differs from a file; exit code 1 if it does",
      },
      load: async () => (await import("./commands/apply.ts")).addDiff,
    },
    {
      commands: {
        "status [options] [FLEET]":
          "show how far the nodes are with what was applied: done, pending, failed, drifted",
      },
      load: async () => (await import("./commands/status.ts")).addStatus,
    },
    {
      commands: {
        "history [options] [FLEET]":
          "list the last 20 generations of a fleet: who applied them, when and why",
      },
      load: async () => (await import("./commands/history.ts")).addHistory,
    },
    {
      commands: {
        "show [options] [FLEET]": "show in what a generation of a fleet differs from the one before it",
      },
      load: async () => (await import("./commands/history.ts")).addShow,
    },
    {
      commands: {
        "rollback [options] [FLEET]": "apply an earlier generation of a fleet again, as a new one",
      },
      load: async () => (await import("./commands/history.ts")).addRollback,
    },
    {
      commands: {
        "watchdog [options] <FLEET...>":
          "until Ctrl-C: move agents with 'failover' to another of their nodes when theirs is away",
      },
      load: async () => (await import("./commands/watchdog.ts")).addWatchdog,
    },
    {
      commands: {
        "rollout": "a roll-out in waves, of a fleet or a runner: show it, pause it, go on with it, end it",
      },
      load: async () => (await import("./commands/rollout.ts")).addRollout,
    },
    {
      commands: {
        "doctor [options]":
          "find problems with broker, access, nodes and agents, and say what to do; exit code 1 if there are any",
      },
      load: async () => (await import("./commands/doctor.ts")).addDoctor,
    },
  ],
  "Write agents:": [
    {
      commands: {
        "new [options] <NAME>": "write a starter agent, with types for completion in the editor",
      },
      load: async () => (await import("./commands/new.ts")).addNew,
    },
    {
      commands: {
        "dev [options] <FILE>":
          "run an agent here as a node would, and restart it after each save; each line on stdin, JSON or text, calls its handle_task",
      },
      load: async () => (await import("./commands/dev.ts")).addDev,
    },
    {
      commands: {
        "check [options] <FILE>":
          "check an agent: types, or in Python syntax, names and imports; and say which permissions it would need (a hint: its text is read, not run)",
      },
      load: async () => (await import("./commands/check.ts")).addCheck,
    },
  ],
  "Keys and rules:": [
    {
      commands: {
        "key": "make keys, and sign commands, for nodes that run with --trust",
      },
      load: async () => (await import("./commands/key.ts")).addKey,
    },
    {
      commands: {
        "policy": "work with the policy file of a node (--policy)",
      },
      load: async () => (await import("./commands/policy.ts")).addPolicy,
    },
    {
      commands: {
        "acl [options]":
          "print an acl_file for mosquitto: what nodes, operators and agents may publish and read",
      },
      load: async () => (await import("./commands/acl.ts")).addAcl,
    },
    {
      commands: {
        "users": "who may use an embedded broker that other machines reach",
      },
      load: async () => (await import("./commands/users.ts")).addUsers,
    },
  ],
  "This program:": [
    {
      commands: {
        "completions <SHELL>": "print the completions for a shell: source <(agentflow completions bash)",
        "__complete [WORD...]": "",
      },
      load: async () => (await import("./commands/completions.ts")).addCompletions,
    },
  ],
  "In words:": [
    {
      commands: {
        "chat [options] [SENTENCE...]":
          "say in words what to do: every action is shown and must be confirmed",
      },
      load: async () => (await import("./commands/chat.ts")).addChat,
    },
    {
      commands: {
        "mcp [options]": "serve the fleet to MCP clients: on stdin and stdout, or over HTTP with --http",
      },
      load: async () => (await import("./commands/mcp.ts")).addMcp,
    },
  ],
};

export const namesOf = ({ commands }: Entry): string[] => Object.keys(commands).map(nameIn);

export const nameIn = (usage: string): string => usage.split(" ", 1)[0] ?? usage;
