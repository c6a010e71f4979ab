/** Which model plans, and how it is reached. */
import type { Secret } from "../../protocol/config/secret.ts";

export const PROVIDERS = ["openai-compatible", "openai", "anthropic"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export interface ModelSettings {
  readonly provider: ProviderName;
  /** As the provider calls it. */
  readonly model: string;
  /** Base of its API, such as http://localhost:11434/v1; the provider's own without it. */
  readonly url: string | undefined;
  readonly key: Secret | undefined;
}

/** Where the providers are that have one place. */
export const HOME_OF: Readonly<Partial<Record<ProviderName, string>>> = {
  openai: "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com/v1",
};

/** The environment variables that their own tools read, too. */
export const KEY_VARIABLES: Readonly<Record<ProviderName, readonly string[]>> = {
  "openai-compatible": ["AGENTFLOW_MODEL_KEY"],
  openai: ["AGENTFLOW_MODEL_KEY", "OPENAI_API_KEY"],
  anthropic: ["AGENTFLOW_MODEL_KEY", "ANTHROPIC_API_KEY"],
};
