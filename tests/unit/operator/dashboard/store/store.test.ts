import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { ConfigError } from "../../../../../protocol/config/config_error.ts";
import { nameOf, readPlace } from "../../../../../operator/dashboard/server/store/place.ts";
import { PARTS } from "../../../../../operator/dashboard/server/store/parts.ts";
import { Store } from "../../../../../operator/dashboard/server/store/store.ts";
import { MEMORY_LAWS } from "../../../../support/memory_laws.ts";
import { STORE_LAWS, type WithPlace } from "../../../../support/store_laws.ts";
import { withFolder } from "../../../../support/temp_folder.ts";

const inFolder: WithPlace = (work) => withFolder((folder) => work({ kind: "folder", folder }));

for (const { name, fn } of [...STORE_LAWS, ...MEMORY_LAWS]) Deno.test(`SQLite: ${name}`, () => fn(inFolder));

Deno.test("two dashboards never use one folder", () =>
  withFolder(async (folder) => {
    const options = { place: { kind: "folder", folder }, parts: [], log: () => {}, flushMs: 0 } as const;
    {
      await using _store = await Store.open(options);
      await assertRejects(() => Store.open(options), Error, "another dashboard uses this folder");
    }
    await using _store = await Store.open(options);
  }));

Deno.test("a copy made while the dashboard runs, as the document says, is a whole database", () =>
  withFolder(async (dir) => {
    const options = { parts: PARTS, log: () => {}, flushMs: 0 } as const;
    const copy = `${dir}/copy`;
    {
      await using store = await Store.open({ ...options, place: { kind: "folder", folder: `${dir}/state` } });
      store.queue.insert("audit", { time: 1, who: "x", action: "stop", target: "a", ok: 1, message: "" });
      await store.queue.flush();
      await Deno.mkdir(copy);
      using other = new DatabaseSync(`${dir}/state/dashboard.sqlite`);
      other.exec(`VACUUM INTO '${copy}/dashboard.sqlite'`);
    }
    await using store = await Store.open({ ...options, place: { kind: "folder", folder: copy } });
    assertEquals(
      (await store.db.selectFrom("audit").select("target").execute()).map(({ target }) => target),
      ["a"],
    );
  }));

Deno.test("only the dashboard's user can read its database", () =>
  withFolder(async (dir) => {
    const folder = `${dir}/state`;
    const options = { place: { kind: "folder", folder }, parts: [], log: () => {}, flushMs: 0 } as const;
    await using _store = await Store.open(options);
    assertEquals(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
  }));

Deno.test("the password of a database is in no message", () => {
  assertThrows(
    () => readPlace(undefined, "mysql://me:hush@db/x"),
    ConfigError,
    "must be a URL such as postgres://",
  );
  const place = readPlace("/var/lib/x", "postgres://me:hush@db:5433/agentflow");
  assertEquals(place.kind, "server");
  assertEquals(nameOf(place), "the database postgres://db:5433/agentflow");
});
