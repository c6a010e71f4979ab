/** Reads the model settings from the command line, a profile and the environment. */
import type { Command } from "commander";
import type { Environment, Flag } from "../../../protocol/config/flag.ts";
import { MODEL_FLAGS, readModelKey, readModelSources } from "../../chat/model_flags.ts";
import type { ModelSettings } from "../../chat/settings.ts";
import { type Options, text } from "../options.ts";
import { profileValue, readProfile } from "../profile.ts";

export function addModelOptions(command: Command): void {
  const flags: readonly Flag[] = Object.values(MODEL_FLAGS);
  for (const { name, value, help, fallbackText } of flags) {
    const text = fallbackText === undefined ? help : `${help} (default: ${fallbackText})`;
    command.addOption(command.createOption(`--${name} <${value}>`, text).helpGroup("Model:"));
  }
}

/** Same precedence as the connection flags. @returns `undefined` when no model is named @throws ConfigError */
export async function readModel(options: Options, env: Environment): Promise<ModelSettings | undefined> {
  const chosen = text(options, "profile") ?? (env.AGENTFLOW_PROFILE || undefined);
  const profile = await readProfile(env, chosen);
  const read = (flag: Flag): string | undefined => {
    const given = text(options, flag.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
    const fromEnv = (flag.env ?? []).map((name) => env[name]).find((set) => set);
    const profiled = profileValue(profile, flag, false);
    return given ?? (chosen === undefined ? fromEnv ?? profiled : profiled ?? fromEnv);
  };
  const sources = readModelSources(read, env);
  return sources === undefined ? undefined : await readModelKey(sources);
}
