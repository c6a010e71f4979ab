/** Reads the model settings from flags and the environment: one table for every chat interface. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { Environment, Flag, ReadFlag } from "../../protocol/config/flag.ts";
import { Secret } from "../../protocol/config/secret.ts";
import { readSecretFile } from "../../protocol/config/secret_file.ts";
import { oneOf } from "../../protocol/config/values.ts";
import { KEY_VARIABLES, type ModelSettings, type ProviderName, PROVIDERS } from "./settings.ts";

export const MODEL_FLAGS = {
  model: {
    name: "model",
    value: "NAME",
    env: ["AGENTFLOW_MODEL"],
    help: "the model, as its provider calls it; without a model, the built-in planner reads plain sentences",
  },
  provider: {
    name: "model-provider",
    value: "PROVIDER",
    env: ["AGENTFLOW_MODEL_PROVIDER"],
    fallbackText: "openai-compatible",
    help: PROVIDERS.join(", "),
  },
  url: {
    name: "model-url",
    value: "URL",
    env: ["AGENTFLOW_MODEL_URL"],
    fallbackText: "the provider's own; openai-compatible: http://localhost:11434/v1",
    help: "base of its API",
  },
  keyFile: {
    name: "model-key-file",
    value: "FILE",
    env: ["AGENTFLOW_MODEL_KEY_FILE"],
    fallbackText: "the key itself in $AGENTFLOW_MODEL_KEY, else $OPENAI_API_KEY or $ANTHROPIC_API_KEY",
    help: "file with its API key, readable only by its owner",
  },
} satisfies Record<string, Flag>;

/** A requested model; its key may not have been read from its file yet. */
export interface ModelSources extends ModelSettings {
  readonly keyFile: string | undefined;
}

/** Pure. @returns `undefined` when no model is named @throws ConfigError */
export function readModelSources(read: ReadFlag, env: Environment): ModelSources | undefined {
  const model = read(MODEL_FLAGS.model);
  if (model === undefined) return undefined;
  const given = read(MODEL_FLAGS.provider) ?? "openai-compatible";
  const provider = oneOf<ProviderName>(MODEL_FLAGS.provider.name, PROVIDERS, given);
  const url = readUrl(read(MODEL_FLAGS.url));
  const keyFile = read(MODEL_FLAGS.keyFile);
  const key = keyFile === undefined
    ? KEY_VARIABLES[provider].map((name) => env[name]).find((set) => set)
    : undefined;
  if (key === undefined && keyFile === undefined && provider !== "openai-compatible" && url === undefined) {
    throw new ConfigError(
      `--model-provider ${provider} needs a key: --model-key-file, or $${KEY_VARIABLES[provider].at(-1)}`,
    );
  }
  return { provider, model, url, keyFile, key: key === undefined ? undefined : new Secret(key) };
}

/** Reads the key from its file, if it has one. @throws ConfigError */
export async function readModelKey({ keyFile, ...settings }: ModelSources): Promise<ModelSettings> {
  if (keyFile === undefined) return settings;
  return { ...settings, key: new Secret(await readSecretFile(MODEL_FLAGS.keyFile.name, keyFile)) };
}

function readUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (URL.canParse(given) && /^https?:\/\//.test(given)) return given.replace(/(?<!\/)\/+$/, "");
  throw new ConfigError(`--model-url must be a http:// or https:// URL: current value is '${given}'`);
}
