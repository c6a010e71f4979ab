/** The dashboard's flags: one table from which the command line is parsed and `--help` is generated. */
import { BROKER_FLAGS } from "../../protocol/broker/broker_flags.ts";
import type { Flag } from "../../protocol/config/flag.ts";
import { MODEL_FLAGS } from "../chat/model_flags.ts";

export const FLAGS = {
  ...BROKER_FLAGS,
  broker: {
    ...BROKER_FLAGS.broker,
    help:
      "MQTT broker: a host, a mqtt://, mqtts://, ws:// or wss:// URL, or 'embedded' to run one in this process",
  },
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
  allowControl: {
    name: "allow-control",
    help: "let the page act: spawn, stop, pause, restart, delete, migrate, call, end nodes, chat",
  },
  showCode: { name: "show-code", help: "show the code and spawn config of agents" },
  signKey: {
    name: "sign-key",
    value: "KEYFILE",
    env: ["AGENTFLOW_SIGN_KEY"],
    fallbackText: "commands are not signed",
    help: "key from 'agentflow key generate' that signs the page's commands, for nodes with --trust",
  },
  ...MODEL_FLAGS,
  help: { name: "help", help: "print this text and exit" },
} satisfies Record<string, Flag>;

export const ALL_FLAGS: readonly Flag[] = Object.values(FLAGS);

export function helpText(): string {
  const rows = ALL_FLAGS.map((flag): [string, string] => [
    `--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    flag.help + defaultText(flag),
  ]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    "Shows nodes and agents in a browser, and controls them if that is allowed.",
    "",
    "Usage: deno task dashboard [--broker HOST] [--allow-control] …",
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    "Exit code: 0 after SIGINT, SIGTERM or SIGHUP, 1 when the start fails, 2 for a bad flag or value.",
  ].join("\n");
}

function defaultText(flag: Flag): string {
  const variables = (flag.env ?? []).map((name) => `$${name}`);
  const fallback = flag.fallback ?? flag.fallbackText;
  const defaults = [...variables, ...(fallback === undefined ? [] : [fallback])];
  return defaults.length === 0 ? "" : ` (default: ${defaults.join(", else ")})`;
}
