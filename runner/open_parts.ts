/** Opens what the operator's flags name: keys, secrets and an outbox on disk. */
import { ConfigError } from "../protocol/config/config_error.ts";
import type { Clock } from "./clock.ts";
import type { RunnerConfig } from "./config.ts";
import type { Keeper } from "./link/keeper.ts";
import type { Logger } from "./logger.ts";
import { Secrets } from "./secrets/secrets.ts";
import type { Registry } from "./store/registry.ts";
import type { CommandGate } from "./trust/command_gate.ts";

/** Loaded lazily: only needed with --trust. */
export async function openGate(
  { name, trust }: RunnerConfig,
  registry: Registry,
  clock: Clock,
  onProblem: (message: string) => void,
): Promise<CommandGate | undefined> {
  if (trust === undefined) return undefined;
  const { Trust } = await import("./trust/trust.ts");
  const { usedTokensPath } = registry;
  return await usable("--trust", Trust.open({ ...trust, node: name, usedTokensPath, clock, onProblem }));
}

export async function openSecrets(
  { secretsFile }: RunnerConfig,
  onProblem: (message: string) => void,
): Promise<Secrets> {
  return secretsFile === undefined
    ? Secrets.none()
    : await usable("--secrets", Secrets.open(secretsFile, onProblem));
}

/** @throws ConfigError if a file of the operator cannot be used */
export async function usable<T>(flag: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    throw new ConfigError(`${flag}: ${(error as Error).message}`);
  }
}

/** Loaded lazily: only needed for an outbox on disk. */
export async function diskKeeper(registry: Registry, clock: Clock, log: Logger): Promise<Keeper> {
  const { openDiskKeeper } = await import("./open_disk_keeper.ts");
  return await openDiskKeeper(registry, clock, log);
}
