/** Parses the dashboard's command line and environment into its configuration. Pure. */
import { type EmbeddableBroker, readEmbeddableBroker } from "../../protocol/broker/broker_flags.ts";
import { readCommandLine } from "../../protocol/config/command_line.ts";
import type { Environment, ReadFlag } from "../../protocol/config/flag.ts";
import { absolute, listOf, positive, wholeNumber } from "../../protocol/config/values.ts";
import { type ModelSources, readModelSources } from "../chat/model_flags.ts";
import { requireToken } from "../http/token_rule.ts";
import { ALL_FLAGS, FLAGS } from "./flags.ts";
import type { Bounds } from "./server/memory/forget.ts";
import { type Place, readPlace } from "./server/store/place.ts";

export interface DashboardConfig extends EmbeddableBroker {
  readonly listen: string;
  readonly httpPort: number;
  readonly hostNames: readonly string[];
  /** Absolute. */
  readonly tokenFile: string | undefined;
  readonly allowControl: boolean;
  readonly showCode: boolean;
  /** Absolute. */
  readonly signKey: string | undefined;
  /** Where the dashboard keeps what it knows. */
  readonly place: Place;
  /** Absolute. */
  readonly channelsFile: string | undefined;
  readonly bounds: Bounds;
  /** Settings of the chat. */
  readonly model: ModelSources | undefined;
}

export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly config: DashboardConfig };

/** @throws ConfigError */
export function parseCommandLine(args: readonly string[], env: Environment): Request {
  const { read, isSet } = readCommandLine(ALL_FLAGS, args, env);
  if (isSet(FLAGS.help)) return { kind: "help" };
  return {
    kind: "run",
    config: Object.freeze({
      ...readConfig(read, env),
      allowControl: isSet(FLAGS.allowControl),
      showCode: isSet(FLAGS.showCode),
    }),
  };
}

function readConfig(read: ReadFlag, env: Environment) {
  const listen = read(FLAGS.listen) ?? "";
  const tokenFile = absolute(read(FLAGS.tokenFile));
  const signKey = absolute(read(FLAGS.signKey));
  requireToken({
    listen: { flag: "--listen", address: listen },
    signs: signKey !== undefined,
    hasToken: tokenFile !== undefined,
    advice: "give --token-file FILE (to make one: head -c 24 /dev/urandom | base64 > token; chmod 600 token)",
  });
  return {
    ...readEmbeddableBroker(read, env),
    listen,
    httpPort: wholeNumber(FLAGS.httpPort.name, read(FLAGS.httpPort), 0, 65_535),
    hostNames: listOf(read(FLAGS.hostName)),
    tokenFile,
    signKey,
    place: readPlace(absolute(read(FLAGS.stateDir)), read(FLAGS.database)),
    channelsFile: absolute(read(FLAGS.channelsFile)),
    bounds: {
      days: positive(FLAGS.keepDays.name, read(FLAGS.keepDays), 36_500),
      bytes: positive(FLAGS.keepMb.name, read(FLAGS.keepMb), 1_048_576) * 1024 * 1024,
    },
    model: readModelSources(read, env),
  };
}
