/** What holds for the dashboard's database, whichever it is: the same tests for each. */
import type { Generated } from "kysely";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { StorePart, Untyped } from "../../operator/dashboard/server/store/part.ts";
import type { Place } from "../../operator/dashboard/server/store/place.ts";
import { Store } from "../../operator/dashboard/server/store/store.ts";
import type { WriteQueue } from "../../operator/dashboard/server/store/write_queue.ts";

/** Calls `work` with an empty database, and removes it. */
export type WithPlace = (work: (place: Place) => Promise<void>) => Promise<void>;

export interface Law {
  readonly name: string;
  readonly fn: (withPlace: WithPlace) => Promise<void>;
}

type NoteTables = {
  readonly notes: {
    readonly id: Generated<number>;
    readonly text: string;
    readonly at: number;
    readonly data: Uint8Array;
  };
};

const NOTES: StorePart = {
  migrations: ({ id, bytes }) => ({
    notes_1: {
      up: (db: Untyped) =>
        db.schema.createTable("notes")
          .addColumn("id", id.type, id.build)
          .addColumn("text", "text", (column) => column.notNull().unique())
          .addColumn("at", "double precision", (column) => column.notNull())
          .addColumn("data", bytes, (column) => column.notNull())
          .execute(),
    },
  }),
};

async function open(place: Place, log: string[] = []) {
  const store = await Store.open({ place, parts: [NOTES], log: (line) => log.push(line), flushMs: 0 });
  // The test's own tables.
  const queue = store.queue as unknown as WriteQueue<NoteTables>;
  return Object.assign(store, { notes: store.db.withTables<NoteTables>(), noteQueue: queue });
}

const note = (text: string) => ({ text, at: 1_790_000_000.25, data: new Uint8Array([0, 255]) });

export const STORE_LAWS: readonly Law[] = [
  {
    name: "what was written is there after a restart, with its number, its time and its bytes",
    fn: (withPlace) =>
      withPlace(async (place) => {
        {
          await using store = await open(place);
          store.noteQueue.insert("notes", note("a"));
          store.noteQueue.insert("notes", note("b"));
        }
        await using store = await open(place);
        const rows = await store.notes.selectFrom("notes").selectAll().orderBy("id").execute();
        assertEquals(rows.map(({ id, text, at, data }) => [id, text, at, [...data]]), [
          [1, "a", 1_790_000_000.25, [0, 255]],
          [2, "b", 1_790_000_000.25, [0, 255]],
        ]);
      }),
  },
  {
    name: "a batch takes effect in its order, or not at all",
    fn: (withPlace) =>
      withPlace(async (place) => {
        const log: string[] = [];
        await using store = await open(place, log);
        store.noteQueue.insert("notes", note("a"));
        store.noteQueue.run(async (transaction) => {
          await transaction.updateTable("notes").set({ at: 1 }).where("text", "=", "a").execute();
        });
        await store.queue.flush();
        const times = () => store.notes.selectFrom("notes").select(["text", "at"]).orderBy("id").execute();
        assertEquals(await times(), [{ text: "a", at: 1 }]);
        store.noteQueue.insert("notes", note("b"));
        store.noteQueue.insert("notes", note("a"));
        await store.queue.flush();
        assertEquals(await times(), [{ text: "a", at: 1 }]);
        assertEquals(store.queue.waiting, 2);
        assertStringIncludes(log.join("\n"), "The database does not take 2 writes, and they are tried again");
      }),
  },
  {
    name: "writes that never succeed are given up, counted and said, and do not hold up later ones",
    fn: (withPlace) =>
      withPlace(async (place) => {
        const log: string[] = [];
        await using store = await open(place, log);
        store.noteQueue.insert("notes", note("a"));
        store.noteQueue.insert("notes", note("a"));
        for (let times = 0; times < 3; times++) await store.queue.flush();
        assertEquals([store.queue.lost, store.queue.waiting], [2, 0]);
        store.noteQueue.insert("notes", note("b"));
        await store.queue.flush();
        const rows = await store.notes.selectFrom("notes").select("text").execute();
        assertEquals(rows, [{ text: "b" }]);
        assert(log.at(-1) === "The database takes writes again", log.join("\n"));
      }),
  },
];
