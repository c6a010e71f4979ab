import { assertEquals, assertMatch } from "@std/assert";
import { createIdentity } from "../../../../../runner/node/reports/identity.ts";
import { Presence } from "../../../../../runner/node/reports/presence.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";

const BROKER = { host: "b", port: 1883, url: "mqtt://b:1883" };

/** A node that has been up for 100 s, is heard, and has lost its connection half a second ago. */
async function stage() {
  const clock = new FakeClock();
  const identity = createIdentity("n", BROKER, "1.0.0", {}, undefined, clock.monotonicMs());
  const taken: string[] = [];
  const presence = new Presence({
    identity,
    clock,
    sayOnline: () => {},
    beat: () => {},
    onEcho: () => {},
    onTaken: (message, kept) => taken.push(`${message} ${new TextDecoder().decode(kept)}`),
  });
  const receive = (said: Record<string, unknown>, retained: boolean) =>
    presence.receive({
      topic: "nodes/n/status",
      payload: new TextEncoder().encode(JSON.stringify({ status: "offline", ...said })),
      retained,
    });
  const heard = () => receive({ instance: identity.instance, status: "online" }, false);
  const kept = (uptime: number, instance = "z") => receive({ instance, uptime }, true);
  await clock.advance(100_000);
  presence.disconnected();
  await clock.advance(500);
  return { clock, taken, heard, kept, presence };
}

Deno.test("a process that takes this one's place again and again, and was there before, keeps it", async () => {
  const { taken, heard, kept } = await stage();
  heard();
  kept(200);
  assertEquals(taken, []);
  kept(201);
  assertEquals(taken.length, 1);
  assertMatch(
    taken[0] ?? "",
    /up for 201 s with this one's client id .was its state folder copied.*"uptime":201/,
  );
});

Deno.test("one that has come later is to leave itself", async () => {
  const { taken, heard, kept } = await stage();
  heard();
  for (const uptime of [20, 21, 22, 23, 24, 25, 26]) kept(uptime);
  assertEquals(taken, []);
});

Deno.test("what was kept before this process was heard, and the late will of a dead one, are of the past", async () => {
  const { taken, heard, kept } = await stage();
  kept(200);
  kept(201);
  heard();
  for (let times = 0; times < 3; times++) kept(300);
  assertEquals(taken, []);
});

Deno.test("of two that began at the same time the instance decides, the same way for both", async () => {
  for (const [instance, leaves] of [["!", true], ["z", false]] as const) {
    const { taken, heard, kept } = await stage();
    heard();
    for (const uptime of [100.1, 100.2, 100.3, 100.4, 100.41, 100.42, 100.43]) kept(uptime, instance);
    assertEquals(taken.length > 0, leaves);
  }
});
