/** The dashboard's database on PostgreSQL: what holds for SQLite holds here. */
import { POSTGRES, type Postgres, startPostgres } from "../support/postgres.ts";
import { needing } from "../support/programs.ts";
import { MEMORY_LAWS } from "../support/memory_laws.ts";
import { NOTICE_LAWS } from "../support/notice_laws.ts";
import { STORE_LAWS, type WithPlace } from "../support/store_laws.ts";

Deno.test({
  ...needing(POSTGRES, "PostgreSQL keeps what SQLite keeps"),
  fn: async (test) => {
    await using server: Postgres = await startPostgres();
    let count = 0;
    const withPlace: WithPlace = async (work) =>
      await work({ kind: "server", url: await server.make(`db${++count}`) });
    for (const { name, fn } of [...STORE_LAWS, ...NOTICE_LAWS, ...MEMORY_LAWS]) {
      await test.step(name, () => fn(withPlace));
    }
  },
});
