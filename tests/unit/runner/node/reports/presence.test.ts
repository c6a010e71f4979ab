import { assertEquals, assertMatch } from "@std/assert";
import { Presence } from "../../../../../runner/node/reports/presence.ts";
import { isSealedBy, presenceText } from "../../../../../protocol/signing/statements.ts";
import type { NodeKey } from "../../../../../runner/trust/node_key.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";
import { testIdentity, testKey } from "../../../../support/identity.ts";

/** A node that has been up for 100 s, is heard, and has lost its connection half a second ago. */
async function stage(demandsProof = false, enrolled = testKey("enrolled")) {
  const clock = new FakeClock();
  const identity = testIdentity("n");
  const taken: string[] = [];
  const unproved: string[] = [];
  let saidOnline = 0;
  const presence = new Presence({
    identity,
    clock,
    sayOnline: () => saidOnline += 1,
    beat: () => {},
    onEcho: () => {},
    demandsProof,
    isEnrolled: (text, seal) => Promise.resolve(isSealedBy(enrolled.public, text, seal)),
    onUnproved: (message) => unproved.push(message),
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
  /** What another process has signed: of which it says its key, its uptime and for whom. */
  const proved = (
    key: NodeKey,
    uptime: number,
    { to = identity.instance, node = "n", signed = uptime } = {},
  ) => ({
    instance: "z",
    uptime,
    presence: { to, seal: key.seal(presenceText(node, "z", to, signed)) },
  });
  const beat = async (said: Record<string, unknown>) => {
    presence.receive({
      topic: "nodes/n/heartbeat",
      payload: new TextEncoder().encode(JSON.stringify(said)),
      retained: false,
    });
    await settled();
  };
  return {
    clock,
    identity,
    taken,
    unproved,
    heard,
    kept,
    receive,
    proved,
    beat,
    presence,
    online: () => saidOnline,
  };
}

Deno.test("a flood of claims that the node is offline is contradicted a few times a second, and at the end", async () => {
  const { clock, receive, online } = await stage();
  receive({ instance: "z" }, false);
  assertEquals(online(), 1);
  for (let n = 0; n < 10_000; n++) receive({ instance: "z" }, false);
  assertEquals(online(), 20);
  await clock.advance(1000);
  assertEquals(online(), 21);
});

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

Deno.test("a will that comes as soon as this process has taken over counts like one that was kept", async () => {
  const { taken, heard, receive, presence } = await stage();
  heard();
  receive({ instance: "z", uptime: 200 }, false);
  presence.connected();
  receive({ instance: "z", uptime: 201 }, false);
  assertEquals(taken.length, 1);
  const later = await stage();
  later.heard();
  later.presence.connected();
  await later.clock.advance(2000);
  for (const uptime of [200, 201, 202]) later.receive({ instance: "z", uptime }, false);
  assertEquals(later.taken, [], "the will of one with a client id of its own");
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

Deno.test("where proof is demanded a node leaves for its own key and the one that is enrolled, for nothing else", async () => {
  const own = testKey("n");
  const { taken, unproved, beat, proved, presence, identity } = await stage(true);
  await beat({ instance: "z", uptime: 1e9 });
  await beat(proved(testKey("thief"), 1e9));
  await beat(proved(own, 1e9, { to: "an earlier process" }));
  await beat(proved(own, 1e9, { node: "m" }));
  await beat(proved(own, 1e9, { signed: 3 }));
  await beat(proved(own, 3));
  await beat({ ...proved(own, 1e9), instance: "y" });
  for (const rubbish of [null, 7, "x", { to: identity.instance }, { to: 7, seal: 7 }]) {
    await beat({ instance: "z", uptime: 1e9, presence: rubbish });
  }
  assertEquals(taken, []);
  assertEquals(unproved.length, 1);
  assertEquals(presence.proof(5), { to: "z", seal: own.seal(presenceText("n", identity.instance, "z", 5)) });
  await beat(proved(own, 1e9));
  assertMatch(taken[0] ?? "", /up for 1000000000 s: start this one with another --name/);
  await beat(proved(testKey("enrolled"), 1));
  assertMatch(taken[1] ?? "", /has the key enrolled for 'n'/);
});

Deno.test("where proof is demanded what the broker has kept counts only when it is signed for this process", async () => {
  const own = testKey("n");
  const { taken, heard, receive, proved } = await stage(true);
  heard();
  for (const uptime of [200, 201, 202]) receive({ instance: "z", uptime }, true);
  for (const uptime of [200, 201, 202]) receive(proved(own, uptime, { to: "an earlier process" }), true);
  assertEquals(taken, []);
  for (const uptime of [203, 204]) receive(proved(own, uptime), true);
  assertMatch(taken[0] ?? "", /with this one's client id/);
});
