/** Which model plans, from the command line, a profile and the environment. */
import type { Command } from "commander";
import { ConfigError } from "../../bus/config_error.ts";
import type { Environment, Flag } from "../../bus/flag.ts";
import { Secret } from "../../bus/secret.ts";
import { KEY_VARIABLES, type ModelSettings, type ProviderName, PROVIDERS } from "../../chat/settings.ts";
import { type Options, text } from "../options.ts";
import { profileValue, readProfile } from "../profile.ts";
import { readSecretFile } from "../secret_file.ts";

const FLAGS = {
  model: {
    name: "model",
    value: "NAME",
    env: ["AGENTFLOW_MODEL"],
    help: "the model, as its provider calls it; without one the built-in planner reads plain sentences",
  },
  provider: {
    name: "model-provider",
    value: "PROVIDER",
    env: ["AGENTFLOW_MODEL_PROVIDER"],
    help: `${PROVIDERS.join(", ")} (default: openai-compatible)`,
  },
  url: {
    name: "model-url",
    value: "URL",
    env: ["AGENTFLOW_MODEL_URL"],
    help: "base of its API (default: the provider's own; openai-compatible: http://localhost:11434/v1)",
  },
  keyFile: {
    name: "model-key-file",
    value: "FILE",
    env: ["AGENTFLOW_MODEL_KEY_FILE"],
    help:
      "file with its API key, for its owner alone to read (default: the key itself in $AGENTFLOW_MODEL_KEY, " +
      "else $OPENAI_API_KEY or $ANTHROPIC_API_KEY)",
  },
} satisfies Record<string, Flag>;

export function addModelOptions(command: Command): void {
  for (const { name, value, help } of Object.values(FLAGS)) {
    command.addOption(command.createOption(`--${name} <${value}>`, help).helpGroup("Model:"));
  }
}

/** What counts is as for the connection's flags. @returns `undefined` when no model is named @throws ConfigError */
export async function readModel(options: Options, env: Environment): Promise<ModelSettings | undefined> {
  const chosen = text(options, "profile") ?? (env.AGENTFLOW_PROFILE || undefined);
  const profile = await readProfile(env, chosen);
  const read = (flag: Flag): string | undefined => {
    const given = text(options, flag.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
    const fromEnv = (flag.env ?? []).map((name) => env[name]).find((set) => set);
    const profiled = profileValue(profile, flag, false);
    return given ?? (chosen === undefined ? fromEnv ?? profiled : profiled ?? fromEnv);
  };
  const model = read(FLAGS.model);
  if (model === undefined) return undefined;
  const provider = readProvider(read(FLAGS.provider) ?? "openai-compatible");
  const url = readUrl(read(FLAGS.url));
  const file = read(FLAGS.keyFile);
  const key = file === undefined
    ? KEY_VARIABLES[provider].map((name) => env[name]).find((set) => set)
    : await readSecretFile(FLAGS.keyFile.name, file);
  if (key === undefined && provider !== "openai-compatible" && url === undefined) {
    throw new ConfigError(
      `--model-provider ${provider} needs a key: --model-key-file, or $${KEY_VARIABLES[provider].at(-1)}`,
    );
  }
  return { provider, model, url, key: key === undefined ? undefined : new Secret(key) };
}

function readProvider(given: string): ProviderName {
  const provider = PROVIDERS.find((known) => known === given);
  if (provider !== undefined) return provider;
  throw new ConfigError(
    `--model-provider must be one of ${PROVIDERS.join(", ")}: current value is '${given}'`,
  );
}

function readUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (URL.canParse(given) && /^https?:\/\//.test(given)) return given.replace(/\/+$/, "");
  throw new ConfigError(`--model-url must be a http:// or https:// URL: current value is '${given}'`);
}
