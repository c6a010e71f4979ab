/** The flags that say whose signatures count, for what the broker keeps of a fleet. */
import type { Command } from "commander";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readGiven } from "../../protocol/config/text_file.ts";
import { parseKeys } from "../../protocol/signing/keys.ts";
import type { TrustedKeys } from "../fleet/seal.ts";
import type { Operator } from "../operator.ts";
import type { SealRule } from "../rollout/store.ts";
import { isSet, type Options, text } from "./options.ts";

export function addTrust(command: Command): Command {
  return command.option(
    "--trust <FILE>",
    "key file as nodes have it: entries signed by these keys are known, too",
  );
}

/** For commands that use what the broker keeps. */
export function addSealRule(command: Command): Command {
  return addTrust(command).option("--unsigned", "also what no known key has signed");
}

/** With a key, or where keys are named, signatures are demanded. @throws ConfigError for a file that is no key file */
export async function sealRule(options: Options, { commander }: Operator): Promise<SealRule> {
  const names = commander.signs || text(options, "trust") !== undefined;
  return { trusted: await trustedKeys(options), demands: names && !isSet(options, "unsigned") };
}

/** @throws ConfigError for a file that is no key file */
export async function trustedKeys(options: Options): Promise<TrustedKeys> {
  const path = text(options, "trust");
  if (path === undefined) return new Map();
  try {
    const { keys } = parseKeys(await readGiven(path));
    return new Map([...keys].map(([kid, key]) => [kid, key.public.x]));
  } catch (error) {
    throw new ConfigError(`--trust: '${path}': ${(error as Error).message}`);
  }
}
