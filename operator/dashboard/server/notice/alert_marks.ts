/** Which alerts people have acknowledged: all of an agent or a node up to a time. */
import type { Kysely } from "kysely";
import type { Acknowledgement } from "../../notice_wire.ts";
import type { NoticeTables } from "./tables.ts";

const MAX_MARKS = 2000;

export class AlertMarks {
  constructor(private readonly db: Kysely<NoticeTables>) {}

  /** By the source of the alerts: an agent's `actor_id`, or a node's name. */
  async all(): Promise<Readonly<Record<string, Acknowledgement>>> {
    const rows = await this.db.selectFrom("alert_marks").selectAll()
      .orderBy("at", "desc").limit(MAX_MARKS).execute();
    return Object.fromEntries(rows.map(({ source, at, by }) => [source, { at, by }]));
  }

  async acknowledge(source: string, mark: Acknowledgement): Promise<void> {
    await this.db.insertInto("alert_marks").values({ source, ...mark })
      .onConflict((conflict) => conflict.column("source").doUpdateSet(mark)).execute();
  }
}
