/** The configs that each agent has had: who changed it, when, and from where. */
import type { Selectable, Transaction } from "kysely";
import { decodeProtectedHeader } from "jose";
import { isJsonObject } from "../../../../protocol/json.ts";
import { isName } from "../../../../protocol/names.ts";
import { SpawnConfigError } from "../../../../protocol/spawn_config.ts";
import { fingerprintOf } from "../../../../protocol/spawn_changes.ts";
import { sha256 } from "../../../../protocol/hash.ts";
import type { AgentVersion } from "../../wire.ts";
import { type Config, withoutWrapping } from "../model/spawns.ts";
import type { Store } from "../store/store.ts";
import type { Tables } from "../store/tables.ts";
import type { MemoryTables } from "./tables.ts";

/** Where a config was seen. */
export type VersionSource =
  /** A node reported it when it was asked: it came from somewhere else before. */
  | "node"
  | "spawn"
  | "desired_state"
  /** A person did it with this dashboard. */
  | "dashboard";

/** The newest of one agent, each with all its code; the oldest are dropped. */
const MAX_OF_AGENT = 50;
/** Fields of one placement, not of the agent. */
const OF_PLACEMENT: ReadonlySet<string> = new Set(["epoch", "node", "replace"]);
/** A stronger source replaces a weaker one: what a person did is also seen as a spawn. */
const STRENGTH: Readonly<Record<VersionSource, number>> = {
  node: 0,
  spawn: 1,
  desired_state: 1,
  dashboard: 2,
};

interface Known {
  readonly hash: string;
  readonly source: VersionSource;
  readonly ran: boolean;
}

/** What is known of one agent. */
interface OfAgent {
  latest: Known;
  /** The hashes of all its versions. */
  readonly hashes: Set<string>;
  /** An earlier version that was seen on the bus: it may be an old message, so its node must confirm it. */
  unsure: { readonly hash: string; readonly source: VersionSource; readonly who: string | null } | undefined;
}

/** Invariant: two versions in a row differ; the config of a version never changes. */
export class Versions {
  readonly #agents = new Map<string, OfAgent>();

  private constructor(private readonly store: Store) {}

  static async open(store: Store): Promise<Versions> {
    const rows = await store.db.selectFrom("versions").select(["agent", "hash", "source", "ran"]).orderBy(
      "id",
    )
      .execute();
    const versions = new Versions(store);
    for (const { agent, hash, source, ran } of rows) {
      versions.#remember(agent, { hash, source: source as VersionSource, ran: ran === 1 });
    }
    return versions;
  }

  /** @param node where it is to run, if known @param now epoch seconds */
  note(command: Config, source: VersionSource, node: string | undefined, now: number): void {
    const { name, code } = command;
    if (!isName(name) || typeof code !== "string") return;
    const config = withoutWrapping(command);
    const kept = Object.fromEntries(Object.entries(config).filter(([field]) => !OF_PLACEMENT.has(field)));
    const hash = hashOf(kept);
    if (hash === undefined) return;
    const ran = source === "node" || source === "dashboard";
    const known = this.#agents.get(name);
    if (known?.latest.hash === hash) return this.#confirm(name, known, source, ran);
    const who = signerOf(command);
    if (!ran && known?.hashes.has(hash)) {
      known.unsure = { hash, source, who };
      return;
    }
    const seen = known?.unsure?.hash === hash && source === "node" ? known.unsure : { source, who };
    this.#remember(name, { hash, source: seen.source, ran });
    const row = {
      agent: name,
      node: node ?? null,
      time: now,
      source: seen.source,
      who: seen.who,
      ran: ran ? 1 : 0,
      hash,
      config: JSON.stringify(kept),
    };
    this.store.queue.run(async (transaction) => {
      await transaction.insertInto("versions").values(row).execute();
      await dropOldest(transaction, name);
    });
  }

  /** The versions of an agent, newest first. */
  async list(agent: string): Promise<AgentVersion[]> {
    await this.store.queue.flush();
    const rows = await this.store.db.selectFrom("versions")
      .select(["id", "node", "time", "source", "who", "ran"]).where("agent", "=", agent).orderBy("id", "desc")
      .execute();
    return rows.map(described);
  }

  /** The newest that its node has run, else the newest. */
  async newest(agent: string): Promise<{ readonly config: Config; readonly ran: boolean } | undefined> {
    await this.store.queue.flush();
    const row = await this.store.db.selectFrom("versions").select(["config", "ran"]).where(
      "agent",
      "=",
      agent,
    )
      .orderBy("ran", "desc").orderBy("id", "desc").limit(1).executeTakeFirst();
    const config: unknown = row === undefined ? undefined : JSON.parse(row.config);
    return isJsonObject(config) ? { config, ran: row?.ran === 1 } : undefined;
  }

  /** @returns `undefined` when it is not kept */
  async config(agent: string, id: number): Promise<Config | undefined> {
    const row = await this.store.db.selectFrom("versions").select("config").where("agent", "=", agent)
      .where("id", "=", id).executeTakeFirst();
    const config: unknown = row === undefined ? undefined : JSON.parse(row.config);
    return isJsonObject(config) ? config : undefined;
  }

  #remember(agent: string, latest: Known): void {
    const known = this.#agents.get(agent);
    if (known === undefined) {
      this.#agents.set(agent, { latest, hashes: new Set([latest.hash]), unsure: undefined });
      return;
    }
    known.latest = latest;
    known.hashes.add(latest.hash);
    known.unsure = undefined;
  }

  #confirm(agent: string, ofAgent: OfAgent, source: VersionSource, ran: boolean): void {
    const { latest } = ofAgent;
    const isStronger = STRENGTH[source] > STRENGTH[latest.source];
    if (!isStronger && (latest.ran || !ran)) return;
    const known = { ...latest, source: isStronger ? source : latest.source, ran: latest.ran || ran };
    ofAgent.latest = known;
    this.store.queue.run(async (transaction) => {
      const newest = transaction.selectFrom("versions").select(({ fn }) => fn.max("id").as("id"))
        .where("agent", "=", agent);
      await transaction.updateTable("versions").set({ source: known.source, ran: known.ran ? 1 : 0 })
        .where("id", "=", newest).execute();
    });
  }
}

/** @returns `undefined` for a config that no node would accept */
function hashOf(config: Config): string | undefined {
  try {
    return sha256(fingerprintOf(config));
  } catch (error) {
    if (error instanceof SpawnConfigError) return undefined;
    throw error;
  }
}

async function dropOldest(transaction: Transaction<Tables>, agent: string): Promise<void> {
  const oldest = await transaction.selectFrom("versions").select("id").where("agent", "=", agent)
    .orderBy("id", "desc").offset(MAX_OF_AGENT).limit(1).executeTakeFirst();
  if (oldest === undefined) return;
  await transaction.deleteFrom("versions").where("agent", "=", agent).where("id", "<=", oldest.id).execute();
}

type Row = Pick<Selectable<MemoryTables["versions"]>, "id" | "node" | "time" | "source" | "who" | "ran">;

function described({ id, node, time, source, who, ran }: Row): AgentVersion {
  return { id, node, time, source: source as VersionSource, signed_as: who, ran: ran === 1 };
}

/** The key that a command names, which is not verified here: its node does that. */
function signerOf({ _jws }: Config): string | null {
  if (typeof _jws !== "string") return null;
  try {
    return decodeProtectedHeader(_jws).kid?.slice(0, 128) ?? null;
  } catch {
    // No signature of ours: the node will refuse it.
    return null;
  }
}
