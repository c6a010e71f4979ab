/** Which model to use, and how to reach it. */
import type { Secret } from "../../protocol/config/secret.ts";

export const PROVIDERS = ["openai-compatible", "openai", "anthropic"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export interface ModelSettings {
  readonly provider: ProviderName;
  /** The provider's name for it. */
  readonly model: string;
  /** Base URL of its API, such as http://localhost:11434/v1; by default the provider's own. */
  readonly url: string | undefined;
  readonly key: Secret | undefined;
}

/** API addresses of the providers that have a fixed one. */
export const HOME_OF: Readonly<Partial<Record<ProviderName, string>>> = {
  openai: "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com/v1",
};

/** Environment variables that may hold the key: our own first, then the one that the provider's tools read. */
export const KEY_VARIABLES: Readonly<Record<ProviderName, readonly string[]>> = {
  "openai-compatible": ["AGENTFLOW_MODEL_KEY"],
  openai: ["AGENTFLOW_MODEL_KEY", "OPENAI_API_KEY"],
  anthropic: ["AGENTFLOW_MODEL_KEY", "ANTHROPIC_API_KEY"],
};
