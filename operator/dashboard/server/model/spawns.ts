/** Spawn commands seen on the bus: the configs of agents on nodes that do not disclose them. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { isName } from "../../../../protocol/names.ts";
import { readFields } from "./fields.ts";

const MAX_BYTES = 16 * 1024 * 1024;
/** Fields of a command that are not part of the config. */
const NOT_CONFIG = ["_reply_topic", "_jws", "_migrate_jws", "state", "migration"];

interface Seen {
  readonly config: Readonly<Record<string, unknown>>;
  readonly bytes: number;
}

/** Invariant: at most `MAX_BYTES` of payloads; the oldest are dropped. */
export class Spawns {
  readonly #byAgent = new Map<string, Seen>();
  #bytes = 0;

  /** Processes the payload of a `spawn` or `desired_state`. */
  add(payload: Uint8Array): void {
    const fields = payload.length > MAX_BYTES ? undefined : readFields(payload);
    if (fields === undefined) return;
    const configs = Array.isArray(fields.agents) ? fields.agents : [fields];
    for (const config of configs) {
      if (isJsonObject(config)) this.#keep(config, payload.length / configs.length);
    }
  }

  /** The latest spawn config of an agent. */
  of(agent: string): Readonly<Record<string, unknown>> | undefined {
    return this.#byAgent.get(agent)?.config;
  }

  #keep(command: Readonly<Record<string, unknown>>, bytes: number): void {
    const { name } = command;
    if (!isName(name) || typeof command.code !== "string") return;
    const config = Object.fromEntries(Object.entries(command).filter(([key]) => !NOT_CONFIG.includes(key)));
    this.#drop(name);
    this.#byAgent.set(name, { config, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#byAgent.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(agent: string): void {
    this.#bytes -= this.#byAgent.get(agent)?.bytes ?? 0;
    this.#byAgent.delete(agent);
  }
}
