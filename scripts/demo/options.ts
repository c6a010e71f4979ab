/** The command line of the demo. Pure. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { parseArgs } from "@std/cli/parse-args";

/** A flag or a value that cannot be used; the message is one line. */
export class UsageError extends ExpectedError {
  override name = "UsageError";
  override readonly code = "usage";
}

export type DemoRequest =
  | { readonly kind: "help" }
  | {
    readonly kind: "run";
    /** How long to watch once the node is online; until Ctrl-C without it. */
    readonly seconds: number | undefined;
    /** Of the broker; any free one without it. */
    readonly port: number | undefined;
  };

export const HELP =
  `Runs an MQTT broker, a node and a temperature sensor on this machine, and shows what they say to each other.

Usage: deno task demo [--seconds N] [--port PORT]

  --seconds N  end by itself after N seconds (default: at Ctrl-C)
  --port PORT  port of the broker on 127.0.0.1 (default: any free one)
  --help       print this text and exit

Exit code: 0 after Ctrl-C, or when readings and heartbeats have arrived within N seconds; 1 when not;
2 for a bad flag or value.`;

/** @throws UsageError */
export function parseDemoArgs(args: readonly string[]): DemoRequest {
  const unknown = (argument: string | number): never => {
    throw new UsageError(`unknown argument '${argument}': see --help`);
  };
  const given = parseArgs(args, { string: ["seconds", "port"], boolean: ["help"], unknown });
  given._.forEach(unknown);
  if (given.help) return { kind: "help" };
  return {
    kind: "run",
    seconds: readNumber("seconds", given.seconds, /^\d+(\.\d+)?$/, 0.1, 86_400),
    port: readNumber("port", given.port, /^\d+$/, 1, 65_535),
  };
}

function readNumber(
  flag: string,
  text: string | undefined,
  shape: RegExp,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = shape.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${flag} must be a number from ${min} to ${max}: current value is '${text}'`);
}
