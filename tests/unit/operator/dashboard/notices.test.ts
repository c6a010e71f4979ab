/** Notices that are kept in SQLite; `tests/slow/dashboard_postgres.test.ts` has the same for PostgreSQL. */
import { NOTICE_LAWS } from "../../../support/notice_laws.ts";
import { withFolder } from "../../../support/temp_folder.ts";

for (const { name, fn } of NOTICE_LAWS) {
  Deno.test(`notices: ${name}`, () => fn((work) => withFolder((folder) => work({ kind: "folder", folder }))));
}
