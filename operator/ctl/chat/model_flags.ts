/** The model's flags on the command line. */
import type { Command } from "commander";
import type { Environment } from "../../../protocol/config/flag.ts";
import { MODEL_FLAGS, readModelKey, readModelSources } from "../../chat/model_flags.ts";
import type { ModelSettings } from "../../chat/settings.ts";
import { flagReader, optionOf, type Options } from "../options.ts";

export function addModelOptions(command: Command): void {
  for (const flag of Object.values(MODEL_FLAGS)) command.addOption(optionOf(flag).helpGroup("Model:"));
}

/** @returns `undefined` when no model is named @throws ConfigError */
export async function readModel(options: Options, env: Environment): Promise<ModelSettings | undefined> {
  const sources = readModelSources(await flagReader(options, env), env);
  return sources === undefined ? undefined : await readModelKey(sources);
}
