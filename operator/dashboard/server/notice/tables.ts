/** The tables of rules, notices and deliveries. */
import type { Generated } from "kysely";
import type { StorePart, Untyped } from "../store/part.ts";

/** Times are epoch seconds; bodies, states and messages are JSON. */
export interface NoticeTables {
  readonly notice_rules: { readonly id: string; readonly body: string };
  /** Those that have not ended. */
  readonly notices: {
    readonly rule_id: string;
    readonly subject: string;
    readonly id: string;
    readonly state: string;
  };
  readonly notices_ended: { readonly id: string; readonly ended: number; readonly body: string };
  /** The outbox, and what it has sent. */
  readonly notice_deliveries: {
    /** Their order. */
    readonly seq: Generated<number>;
    /** The idempotency key. */
    readonly id: string;
    readonly channel: string;
    readonly message: string;
    readonly created: number;
    readonly status: "waiting" | "sent" | "failed";
    readonly attempts: number;
    readonly next_at: number;
    readonly error: string | null;
  };
  /** One row: the dashboard that tells, and until when others must wait. */
  readonly notice_lease: { readonly id: number; readonly holder: string; readonly until: number };
  readonly alert_marks: { readonly source: string; readonly at: number; readonly by: string };
}

export const NOTICE_PART: StorePart = {
  migrations: (types) => ({
    notices_1: {
      up: async (db: Untyped) => {
        await db.schema.createTable("notice_rules")
          .addColumn("id", "text", (column) => column.primaryKey())
          .addColumn("body", "text", (column) => column.notNull())
          .execute();
        await db.schema.createTable("notices")
          .addColumn("rule_id", "text", (column) => column.notNull())
          .addColumn("subject", "text", (column) => column.notNull())
          .addColumn("id", "text", (column) => column.notNull())
          .addColumn("state", "text", (column) => column.notNull())
          .addPrimaryKeyConstraint("notices_key", ["rule_id", "subject"])
          .execute();
        await db.schema.createTable("notices_ended")
          .addColumn("id", "text", (column) => column.primaryKey())
          .addColumn("ended", "double precision", (column) => column.notNull())
          .addColumn("body", "text", (column) => column.notNull())
          .execute();
        await db.schema.createTable("notice_deliveries")
          .addColumn("seq", types.id.type, types.id.build)
          .addColumn("id", "text", (column) => column.notNull().unique())
          .addColumn("channel", "text", (column) => column.notNull())
          .addColumn("message", "text", (column) => column.notNull())
          .addColumn("created", "double precision", (column) => column.notNull())
          .addColumn("status", "text", (column) => column.notNull())
          .addColumn("attempts", "integer", (column) => column.notNull())
          .addColumn("next_at", "double precision", (column) => column.notNull())
          .addColumn("error", "text")
          .execute();
        await db.schema.createIndex("notice_deliveries_due")
          .on("notice_deliveries").columns(["status", "next_at"]).execute();
        await db.schema.createTable("notice_lease")
          .addColumn("id", "integer", (column) => column.primaryKey())
          .addColumn("holder", "text", (column) => column.notNull())
          .addColumn("until", "double precision", (column) => column.notNull())
          .execute();
        await db.schema.createTable("alert_marks")
          .addColumn("source", "text", (column) => column.primaryKey())
          .addColumn("at", "double precision", (column) => column.notNull())
          .addColumn("by", "text", (column) => column.notNull())
          .execute();
      },
    },
  }),
};
