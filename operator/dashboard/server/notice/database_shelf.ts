/** Keeps rules, notices and deliveries in the dashboard's database. */
import type { Kysely } from "kysely";
import type { DeliveryDto, Notice, Rule } from "../../notice_wire.ts";
import type { NoticeMessage } from "./message.ts";
import type { Commit, Delivery, KeptNotice, NoticeShelf } from "./shelf.ts";
import type { NoticeTables } from "./tables.ts";
import type { NoticeState } from "./transition.ts";

const LEASE = 1;
const MAX_ERROR = 300;

/** Everything is durable when its promise resolves. */
export class DatabaseShelf implements NoticeShelf {
  constructor(private readonly db: Kysely<NoticeTables>) {}

  async rules(): Promise<readonly Rule[]> {
    const rows = await this.db.selectFrom("notice_rules").select("body").execute();
    return rows.map(({ body }) => JSON.parse(body) as Rule).sort((a, b) => a.name < b.name ? -1 : 1);
  }

  async saveRule(rule: Rule): Promise<void> {
    const body = JSON.stringify(rule);
    await this.db.insertInto("notice_rules").values({ id: rule.id, body })
      .onConflict((conflict) => conflict.column("id").doUpdateSet({ body })).execute();
  }

  async removeRule(id: string): Promise<void> {
    await this.db.deleteFrom("notice_rules").where("id", "=", id).execute();
  }

  async notices(): Promise<readonly KeptNotice[]> {
    const rows = await this.db.selectFrom("notices").selectAll().execute();
    return rows.map(({ id, rule_id, subject, state }) => ({
      id,
      ruleId: rule_id,
      subject,
      state: JSON.parse(state) as NoticeState,
    }));
  }

  async commit({ notices, ended, deliveries }: Commit): Promise<void> {
    await this.db.transaction().execute(async (transaction) => {
      for (const { id, ruleId, subject, state } of notices) {
        if (state.kind === "quiet") {
          await transaction.deleteFrom("notices").where("rule_id", "=", ruleId)
            .where("subject", "=", subject).execute();
          continue;
        }
        const row = { rule_id: ruleId, subject, id, state: JSON.stringify(state) };
        await transaction.insertInto("notices").values(row)
          .onConflict((conflict) => conflict.columns(["rule_id", "subject"]).doUpdateSet(row)).execute();
      }
      for (const notice of ended) {
        const row = { id: notice.id, ended: notice.ended ?? 0, body: JSON.stringify(notice) };
        await transaction.insertInto("notices_ended").values(row)
          .onConflict((conflict) => conflict.column("id").doNothing()).execute();
      }
      for (const { id, channel, message, created } of deliveries) {
        await transaction.insertInto("notice_deliveries").values({
          id,
          channel,
          message: JSON.stringify(message),
          created,
          status: "waiting",
          attempts: 0,
          next_at: created,
          error: null,
        }).onConflict((conflict) => conflict.column("id").doNothing()).execute();
      }
    });
  }

  async ended(limit: number): Promise<readonly Notice[]> {
    const rows = await this.db.selectFrom("notices_ended").select("body")
      .orderBy("ended", "desc").limit(limit).execute();
    return rows.map(({ body }) => JSON.parse(body) as Notice);
  }

  async due(now: number, limit: number): Promise<readonly Delivery[]> {
    // A message that waits to be tried again holds up those behind it: each channel keeps its order.
    const rows = await this.db.selectFrom("notice_deliveries as delivery").selectAll()
      .where("status", "=", "waiting")
      .where(({ not, exists, selectFrom }) =>
        not(exists(
          selectFrom("notice_deliveries as earlier").select("earlier.seq")
            .whereRef("earlier.channel", "=", "delivery.channel")
            .whereRef("earlier.seq", "<=", "delivery.seq")
            .where("earlier.status", "=", "waiting")
            .where("earlier.next_at", ">", now),
        ))
      )
      .orderBy("seq").limit(limit).execute();
    return rows.map(({ id, channel, message, created, attempts }) => ({
      id,
      channel,
      created,
      attempts,
      message: JSON.parse(message) as NoticeMessage,
    }));
  }

  async markSent(id: string): Promise<void> {
    await this.db.updateTable("notice_deliveries").set({ status: "sent", error: null })
      .where("id", "=", id).execute();
  }

  async markFailed(id: string, error: string, nextAt: number | null): Promise<void> {
    await this.db.updateTable("notice_deliveries").set(({ eb }) => ({
      status: nextAt === null ? "failed" : "waiting",
      attempts: eb("attempts", "+", 1),
      error: error.slice(0, MAX_ERROR),
      ...(nextAt === null ? {} : { next_at: nextAt }),
    })).where("id", "=", id).execute();
  }

  async deliveries(limit: number): Promise<readonly DeliveryDto[]> {
    const rows = await this.db.selectFrom("notice_deliveries").selectAll()
      .orderBy("seq", "desc").limit(limit).execute();
    return rows.map(({ id, channel, message, created, status, attempts, error }) => ({
      id,
      channel,
      title: (JSON.parse(message) as NoticeMessage).title,
      created,
      status,
      attempts,
      error,
    }));
  }

  async lease(holder: string, now: number, seconds: number): Promise<boolean> {
    const until = now + seconds;
    await this.db.insertInto("notice_lease").values({ id: LEASE, holder, until })
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet({ holder, until }).where(({ or, eb }) =>
          or([eb("notice_lease.until", "<", now), eb("notice_lease.holder", "=", holder)])
        )
      ).execute();
    const row = await this.db.selectFrom("notice_lease").select("holder").executeTakeFirst();
    return row?.holder === holder;
  }

  async release(holder: string): Promise<void> {
    await this.db.deleteFrom("notice_lease").where("holder", "=", holder).execute();
  }

  async expire(before: number): Promise<void> {
    await this.db.deleteFrom("notices_ended").where("ended", "<", before).execute();
    await this.db.deleteFrom("notice_deliveries").where("status", "!=", "waiting")
      .where("created", "<", before).execute();
    await this.db.deleteFrom("alert_marks").where("at", "<", before).execute();
  }
}
