/** The command line of the demo. Pure. */
import { readCommandLine } from "../../protocol/config/command_line.ts";
import { helpText } from "../../protocol/config/help.ts";
import { positive, wholeNumber } from "../../protocol/config/values.ts";

export type DemoRequest =
  | { readonly kind: "help" }
  | {
    readonly kind: "run";
    /** How long to watch once the node is online; until Ctrl-C without it. */
    readonly seconds: number | undefined;
    /** Of the broker; any free one without it. */
    readonly port: number | undefined;
  };

const FLAGS = {
  seconds: { name: "seconds", value: "N", fallbackText: "at Ctrl-C", help: "end after N seconds" },
  port: {
    name: "port",
    value: "PORT",
    fallbackText: "any free one",
    help: "port of the broker on 127.0.0.1",
  },
  help: { name: "help", help: "print this text and exit" },
};

export const HELP = helpText({
  does:
    "Runs an MQTT broker, a node and a temperature sensor on this machine, and shows what they say to each other.",
  usage: "deno task demo [--seconds N] [--port PORT]",
  flags: Object.values(FLAGS),
  exitCodes: "0 after Ctrl-C, or when readings and heartbeats have arrived within N seconds; 1 when not;\n" +
    "2 for a bad flag or value.",
});

/** @throws ConfigError */
export function parseDemoArgs(args: readonly string[]): DemoRequest {
  const { read, isSet } = readCommandLine(Object.values(FLAGS), args, {});
  if (isSet(FLAGS.help)) return { kind: "help" };
  const [seconds, port] = [read(FLAGS.seconds), read(FLAGS.port)];
  return {
    kind: "run",
    seconds: seconds === undefined ? undefined : positive(FLAGS.seconds.name, seconds, 86_400),
    port: port === undefined ? undefined : wholeNumber(FLAGS.port.name, port, 1, 65_535),
  };
}
