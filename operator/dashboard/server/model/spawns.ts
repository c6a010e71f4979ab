/**
 * Configs of agents: as reported by their nodes, else as in spawn commands seen on the bus. Pure.
 */
import { isJsonObject } from "../../../../protocol/json.ts";
import { isName } from "../../../../protocol/names.ts";
import { readFields } from "./fields.ts";

const MAX_BYTES = 16 * 1024 * 1024;
/** Fields of a command that are not part of the config. */
const NOT_CONFIG = ["_reply_topic", "_jws", "_migrate_jws", "state", "migration"];

export type Config = Readonly<Record<string, unknown>>;

/** Only a config from the `node` is reliable: any client can publish a `spawn`, and the node may have refused it. */
export type ConfigSource = "node" | "spawn";

interface Known {
  readonly config: Config;
  readonly source: ConfigSource;
  readonly bytes: number;
}

/** Invariant: at most `MAX_BYTES` of configs of each source; the oldest are dropped. */
export class Spawns {
  readonly #told = new Shelf();
  readonly #seen = new Shelf();

  /** @param onLearned called with what a node has reported or accepted */
  constructor(private readonly onLearned: (config: Config) => void = () => {}) {}

  /** Processes the payload of a `spawn` or `desired_state`. @returns the configs in it */
  add(payload: Uint8Array): readonly Config[] {
    const fields = payload.length > MAX_BYTES ? undefined : readFields(payload);
    if (fields === undefined) return [];
    const configs = (Array.isArray(fields.agents) ? fields.agents : [fields]).filter(isJsonObject);
    for (const config of configs) this.#seen.keep(config, "spawn", payload.length / configs.length);
    return configs;
  }

  /** Stores a config that a node has reported or accepted. */
  learn(config: Config): void {
    this.#told.keep(config, "node", JSON.stringify(config).length);
    if (isName(config.name)) this.#seen.drop(config.name);
    this.onLearned(config);
  }

  /** The newest known config. */
  of(agent: string): { readonly config: Config; readonly source: ConfigSource } | undefined {
    return this.#seen.get(agent) ?? this.#told.get(agent);
  }

  /** The last config that its node reported. */
  told(agent: string): Config | undefined {
    return this.#told.get(agent)?.config;
  }

  /** Whether to ask its node: it has not reported the config yet, or the agent was spawned again. */
  isUnsure(agent: string): boolean {
    return this.of(agent)?.source !== "node";
  }
}

/** Drops the fields of the command that carries a config. */
export function withoutWrapping(command: Config): Config {
  return Object.fromEntries(Object.entries(command).filter(([key]) => !NOT_CONFIG.includes(key)));
}

class Shelf {
  readonly #byAgent = new Map<string, Known>();
  #bytes = 0;

  get(agent: string): Known | undefined {
    return this.#byAgent.get(agent);
  }

  keep(command: Config, source: ConfigSource, bytes: number): void {
    const { name } = command;
    if (!isName(name) || typeof command.code !== "string") return;
    const config = withoutWrapping(command);
    this.drop(name);
    this.#byAgent.set(name, { config, source, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#byAgent.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.drop(oldest);
    }
  }

  drop(agent: string): void {
    this.#bytes -= this.#byAgent.get(agent)?.bytes ?? 0;
    this.#byAgent.delete(agent);
  }
}
