import { assertEquals } from "@std/assert";
import { DiskKeeper } from "../../../../runner/link/keeper.ts";
import type { OutgoingMessage } from "../../../../runner/link/link.ts";
import { type Entry, entry } from "../../../../runner/link/entry.ts";
import { OutboxStore } from "../../../../runner/link/outbox_store.ts";
import { createLogger } from "../../../../runner/logger.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const message = (payload: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  topic: "t",
  payload,
  qos: 1,
  retain: false,
  class: "telemetry",
  ...more,
});

/** A keeper on a file of its own, which can be opened again as after a crash. */
async function withKeeper(
  work: (
    open: () => {
      keeper: DiskKeeper;
      clock: FakeClock;
      keep: (m: OutgoingMessage) => Entry;
      settled: string[];
    },
  ) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".db" });
  const keepers: DiskKeeper[] = [];
  try {
    await work(() => {
      const clock = new FakeClock();
      const settled: string[] = [];
      const keeper = new DiskKeeper(new OutboxStore(path), clock, createLogger("ERROR", () => {}));
      keepers.push(keeper);
      const keep = (kept: OutgoingMessage) => {
        const added = entry(kept, () => settled.push(String(kept.payload)));
        keeper.keep([added]);
        return added;
      };
      return { keeper, clock, keep, settled };
    });
  } finally {
    for (const keeper of keepers) keeper[Symbol.dispose]();
    for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(path + suffix).catch(() => {});
  }
}

const payloads = (entries: readonly Entry[]) =>
  entries.map(({ message: { payload } }) => new TextDecoder().decode(payload as Uint8Array));

Deno.test("an entry is settled once it is on disk, and is there after a crash, in order", async () => {
  await withKeeper(async (open) => {
    const { clock, keep, settled } = open();
    for (const name of ["a", "b", "c"]) keep(message(name));
    assertEquals(settled, []);
    await clock.advance(10);
    assertEquals(settled, ["a", "b", "c"]);
    assertEquals(payloads(open().keeper.load()), ["a", "b", "c"]);
  });
});

Deno.test("what is with the broker is not on disk any more, were it written or still to be", async () => {
  await withKeeper(async (open) => {
    const { keeper, clock, keep } = open();
    const written = keep(message("written"));
    await clock.advance(10);
    keeper.forget(keep(message("never written")));
    keeper.forget(written);
    keep(message("waits"));
    await clock.advance(10);
    assertEquals(payloads(open().keeper.load()), ["waits"]);
  });
});

Deno.test("heartbeats, and messages at QoS 0, are not kept on disk", async () => {
  await withKeeper(async (open) => {
    const { clock, keep, settled } = open();
    keep(message("beat", { class: "heartbeat" }));
    keep(message("qos 0", { qos: 0 }));
    assertEquals(settled, ["beat", "qos 0"]);
    await clock.advance(10);
    assertEquals(open().keeper.load(), []);
  });
});

Deno.test("a kept message is the same after a restart: topic, bytes, QoS, retain and class", async () => {
  await withKeeper(async (open) => {
    const { clock, keep } = open();
    const kept = { ...message("x"), topic: "a/b", retain: true, qos: 2, class: "control" } as const;
    keep({ ...kept, payload: Uint8Array.of(0, 255) });
    await clock.advance(10);
    const [loaded] = open().keeper.load();
    assertEquals({ ...loaded?.message, payload: [...(loaded?.message.payload ?? []) as Uint8Array] }, {
      ...kept,
      payload: [0, 255],
    } as unknown as never);
  });
});
