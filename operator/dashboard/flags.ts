/** The dashboard's flags: one table from which the command line is parsed and `--help` is generated. */
import { EMBEDDABLE_BROKER_FLAGS } from "../../protocol/broker/broker_flags.ts";
import type { Flag } from "../../protocol/config/flag.ts";
import { helpText } from "../../protocol/config/help.ts";
import { MODEL_FLAGS } from "../chat/model_flags.ts";
import { SIGN_KEY } from "../sign_key.ts";

/** May hold a password. */
export const DATABASE_VARIABLE = "AGENTFLOW_DATABASE";

export const FLAGS = {
  ...EMBEDDABLE_BROKER_FLAGS,
  listen: {
    name: "listen",
    value: "ADDRESS",
    fallback: "127.0.0.1",
    help: "address to serve the page on; 0.0.0.0 lets other machines connect, and then requires a token",
  },
  httpPort: {
    name: "http-port",
    value: "PORT",
    fallback: "8080",
    help: "port to serve the page on; 0 for any free one",
  },
  tokenFile: {
    name: "token-file",
    value: "FILE",
    env: ["AGENTFLOW_DASHBOARD_TOKEN_FILE"],
    fallbackText: "no token is required",
    help: "file with the token that browsers must present: 16 characters or more, readable by no other user",
  },
  hostName: {
    name: "host-name",
    value: "NAME[,NAME]",
    fallbackText: "only addresses and localhost",
    help: "names by which browsers may call this server, for instance behind a proxy",
  },
  stateDir: {
    name: "state-dir",
    value: "DIR",
    env: ["STATE_DIRECTORY"],
    fallbackText: "all is forgotten at the end",
    help: "folder for the file with what the dashboard remembers",
  },
  database: {
    name: "database",
    value: "URL",
    env: [DATABASE_VARIABLE],
    fallbackText: "a SQLite file in --state-dir",
    help: "PostgreSQL database in place of --state-dir: postgres://USER@HOST/NAME, its password in ~/.pgpass",
  },
  channelsFile: {
    name: "channels-file",
    value: "FILE",
    fallbackText: "notices are only shown",
    help: "JSON file with the channels that notices are sent to, readable by no other user",
  },
  keepDays: {
    name: "keep-days",
    value: "DAYS",
    fallback: "731",
    help: "forget everything that is older",
  },
  keepMb: {
    name: "keep-mb",
    value: "MB",
    fallback: "1024",
    help: "forget sooner once the SQLite file is larger",
  },
  allowControl: {
    name: "allow-control",
    help: "let the page act: spawn, stop, pause, restart, delete, migrate, call, end nodes, chat",
  },
  showCode: { name: "show-code", help: "show the code and spawn config of agents" },
  signKey: SIGN_KEY,
  ...MODEL_FLAGS,
  help: { name: "help", help: "print this text and exit" },
} satisfies Record<string, Flag>;

export const ALL_FLAGS: readonly Flag[] = Object.values(FLAGS);

export function dashboardHelp(): string {
  return helpText({
    does: "Shows nodes and agents in a browser, and controls them if that is allowed.",
    usage: "deno task dashboard [--broker HOST] [--allow-control] …",
    flags: ALL_FLAGS,
    exitCodes: "0 after SIGINT, SIGTERM or SIGHUP, 1 when the start fails, 2 for a bad flag or value.",
  });
}
