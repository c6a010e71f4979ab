/** Creates the configured model; loads only that provider's code. */
import type { LanguageModel } from "ai";
import { HOME_OF, type ModelSettings } from "./settings.ts";

export interface OpenModel {
  readonly model: LanguageModel;
  /** For providers that require a limit on the length of an answer. */
  readonly maxOutputTokens: number | undefined;
}

/** Enough for an agent's code and some prose. */
const MAX_OUTPUT_TOKENS = 16_000;

export async function openModel(settings: ModelSettings): Promise<OpenModel> {
  return {
    model: await load(settings),
    maxOutputTokens: settings.provider === "anthropic" ? MAX_OUTPUT_TOKENS : undefined,
  };
}

async function load({ provider, model, url, key }: ModelSettings): Promise<LanguageModel> {
  const apiKey = key?.reveal();
  const baseURL = url ?? HOME_OF[provider] ?? "http://localhost:11434/v1";
  switch (provider) {
    case "openai-compatible": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      const withKey = apiKey === undefined ? {} : { apiKey };
      return createOpenAICompatible({ name: "model", baseURL, ...withKey }).chatModel(model);
    }
    case "openai": {
      const { createOpenAI } = await import("@ai-sdk/openai");
      return createOpenAI({ baseURL, apiKey: apiKey ?? "" }).chat(model);
    }
    case "anthropic": {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      return createAnthropic({ baseURL, apiKey: apiKey ?? "" }).messages(model);
    }
    default:
      return provider satisfies never;
  }
}
