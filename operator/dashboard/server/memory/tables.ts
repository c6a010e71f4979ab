/** The tables of what the dashboard remembers, and how they came to be. */
import type { Generated } from "kysely";
import type { StorePart, Untyped } from "../store/part.ts";

export type EntryType = "event" | "alert" | "error";

export interface MemoryTables {
  /** Events, alerts and errors. */
  readonly entries: {
    readonly what: EntryType;
    readonly seq: number;
    /** Epoch seconds, as everywhere here. */
    readonly time: number;
    readonly node: string | null;
    readonly agent: string | null;
    readonly actor_id: string | null;
    /** Of an event its kind, of the others their severity. */
    readonly kind: string;
    readonly message: string;
    /** JSON: the other fields of an error. */
    readonly detail: string | null;
  };
  /** Agents and nodes as last heard of; `id` is an `actor_id` or a node's name. */
  readonly last_seen: {
    readonly what: "agent" | "node";
    readonly id: string;
    /** Of an agent its node; empty if it has none. */
    readonly node: string;
    readonly time: number;
    /** JSON. */
    readonly view: string;
  };
  /** What people did by this dashboard. */
  readonly audit: {
    readonly id: Generated<number>;
    readonly time: number;
    readonly who: string;
    readonly action: string;
    readonly target: string;
    readonly ok: number;
    readonly message: string;
  };
  readonly versions: {
    readonly id: Generated<number>;
    readonly agent: string;
    readonly node: string | null;
    readonly time: number;
    readonly source: string;
    readonly who: string | null;
    /** 1 when its node has reported it or an action of this dashboard has started it. */
    readonly ran: number;
    readonly hash: string;
    /** JSON. */
    readonly config: string;
  };
  /** What numbers are about. */
  readonly series: {
    readonly id: number;
    /** `actor_id` or node; empty for a topic. */
    readonly owner: string;
    readonly topic: string;
    readonly field: string;
    readonly unit: string | null;
    readonly time: number;
  };
  /** Numbers of the hour that is not over, as they came: the head of the readings, for the next start. */
  readonly journal: {
    readonly id: Generated<number>;
    readonly hour: number;
    readonly data: Uint8Array;
  };
  /** Numbers of hours that are over; see `pack.ts`. */
  readonly chunks: {
    readonly level: number;
    /** When the chunk begins. */
    readonly start: number;
    readonly series: number;
    readonly data: Uint8Array;
  };
}

export const MEMORY: StorePart = {
  migrations: ({ id, bytes }) => ({
    memory_1_entries: {
      up: async ({ schema }: Untyped) => {
        await schema.createTable("entries")
          .addColumn("what", "text", (column) => column.notNull())
          .addColumn("seq", "bigint", (column) => column.notNull())
          .addColumn("time", "double precision", (column) => column.notNull())
          .addColumn("node", "text")
          .addColumn("agent", "text")
          .addColumn("actor_id", "text")
          .addColumn("kind", "text", (column) => column.notNull())
          .addColumn("message", "text", (column) => column.notNull())
          .addColumn("detail", "text")
          .addPrimaryKeyConstraint("entries_key", ["what", "seq"])
          .execute();
        await schema.createIndex("entries_agent").on("entries").columns(["actor_id", "what", "seq"])
          .execute();
        await schema.createIndex("entries_time").on("entries").column("time").execute();
        await schema.createTable("last_seen")
          .addColumn("what", "text", (column) => column.notNull())
          .addColumn("id", "text", (column) => column.notNull())
          .addColumn("node", "text", (column) => column.notNull())
          .addColumn("time", "double precision", (column) => column.notNull())
          .addColumn("view", "text", (column) => column.notNull())
          .addPrimaryKeyConstraint("last_seen_key", ["what", "id", "node"])
          .execute();
        await schema.createTable("audit")
          .addColumn("id", id.type, id.build)
          .addColumn("time", "double precision", (column) => column.notNull())
          .addColumn("who", "text", (column) => column.notNull())
          .addColumn("action", "text", (column) => column.notNull())
          .addColumn("target", "text", (column) => column.notNull())
          .addColumn("ok", "integer", (column) => column.notNull())
          .addColumn("message", "text", (column) => column.notNull())
          .execute();
        await schema.createIndex("audit_time").on("audit").column("time").execute();
      },
    },
    memory_2_versions: {
      up: async ({ schema }: Untyped) => {
        await schema.createTable("versions")
          .addColumn("id", id.type, id.build)
          .addColumn("agent", "text", (column) => column.notNull())
          .addColumn("node", "text")
          .addColumn("time", "double precision", (column) => column.notNull())
          .addColumn("source", "text", (column) => column.notNull())
          .addColumn("who", "text")
          .addColumn("ran", "integer", (column) => column.notNull())
          .addColumn("hash", "text", (column) => column.notNull())
          .addColumn("config", "text", (column) => column.notNull())
          .execute();
        await schema.createIndex("versions_agent").on("versions").columns(["agent", "id"]).execute();
      },
    },
    memory_3_readings: {
      up: async ({ schema }: Untyped) => {
        await schema.createTable("series")
          .addColumn("id", "integer", (column) => column.primaryKey())
          .addColumn("owner", "text", (column) => column.notNull())
          .addColumn("topic", "text", (column) => column.notNull())
          .addColumn("field", "text", (column) => column.notNull())
          .addColumn("unit", "text")
          .addColumn("time", "double precision", (column) => column.notNull())
          .execute();
        await schema.createTable("journal")
          .addColumn("id", id.type, id.build)
          .addColumn("hour", "integer", (column) => column.notNull())
          .addColumn("data", bytes, (column) => column.notNull())
          .execute();
        await schema.createTable("chunks")
          .addColumn("level", "integer", (column) => column.notNull())
          .addColumn("start", "integer", (column) => column.notNull())
          .addColumn("series", "integer", (column) => column.notNull())
          .addColumn("data", bytes, (column) => column.notNull())
          // By time: what is new is written at the end, and what is old is dropped from the beginning.
          .addPrimaryKeyConstraint("chunks_key", ["level", "start", "series"])
          .execute();
      },
    },
  }),
};
