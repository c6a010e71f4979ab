/** A node and the generations of a fleet: what it starts, replaces and stops, what it refuses, and what it says. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { MAX_FLEETS } from "../../../../../runner/store/generations.ts";
import { type FakeNode, fakeNode, type Report } from "../../../../support/fake_node.ts";
import { settled } from "../../../../support/fake_clock.ts";
import { untilSettled } from "../../../../support/until.ts";

const TOPIC = "nodes/n/generations/home";
const [ONE, TWO, OTHER] = ["1-00000001", "2-00000002", "2-0000000f"];
const about = (tag: string, ...basedOn: string[]) => ({
  fleet: "home",
  generation: Number(tag.split("-")[0]),
  tag,
  based_on: basedOn,
  by: "ana",
  at: 5,
  message: "m",
});
const agents = (...names: string[]) => names.map((name) => ({ name, code: "//" }));
const apply = (n: FakeNode, generation: Report, list: readonly Report[], more: Report = {}) =>
  n.send("nodes/n/desired_state", { ...generation, agents: list, ...more });
const report = (n: FakeNode) => n.reports(TOPIC).at(-1) ?? {};
const outcomes = (n: FakeNode) =>
  Object.entries(report(n).agents as Record<string, { state: string }>).map(([name, { state }]) =>
    `${name} ${state}`
  );
const running = async (n: FakeNode) => {
  await n.send("nodes/n/list", {});
  return (n.reports("nodes/n/agents").at(-1)?.agents as { name: string }[]).map(({ name }) => name);
};

Deno.test("a generation starts what is missing, and its outcome is reported, retained", async () => {
  await using n = await fakeNode();
  await apply(n, about(ONE), [...agents("a"), { name: "b" }]);
  await n.runtime.ready();
  await n.clock.advance(100);
  assertEquals([report(n).tag, report(n).by, report(n).done, outcomes(n)], [ONE, "ana", true, [
    "a running",
    "b failed",
  ]]);
  assertStringIncludes(JSON.stringify(report(n).agents), "Cannot spawn 'b': code is missing");
  assertEquals(n.link.published.filter(({ topic }) => topic === TOPIC).every(({ retain }) => retain), true);
  n.node.onConnected();
  assertEquals(n.reports("nodes/n/heartbeat").at(-1)?.generations, { home: ONE });
});

Deno.test("the next one keeps what is as it should be, replaces what differs, and stops what is gone if asked", async () => {
  await using n = await fakeNode();
  await apply(n, about(ONE), agents("same", "other", "gone"));
  for (const process of n.runtime.processes) process.says({ t: "loaded", process: true }, { t: "ready" });
  await settled();
  const before = n.runtime.processes.length;
  const next = [...agents("same"), { name: "other", code: "// new" }];
  await apply(n, about(TWO, ONE), next, { prune: true });
  assertEquals(outcomes(n), ["same kept", "other starting", "gone stopped"]);
  assertEquals([await running(n), n.runtime.processes.length], [["same", "other"], before + 1]);
});

Deno.test("without prune what a file no longer lists is left alone, as is what others have started", async () => {
  await using n = await fakeNode();
  await n.spawn("theirs");
  await apply(n, about(ONE), agents("a", "b"));
  await apply(n, about(TWO, ONE), agents("a"));
  assertEquals(await running(n), ["theirs", "a", "b"]);
  await apply(n, about("3-00000003", TWO, ONE), [], { prune: true });
  // b belongs to no generation any more.
  assertEquals(await running(n), ["theirs", "b"]);
});

Deno.test("one that is not based on what is in force is refused, and whoever comes second is told by whom", async () => {
  await using n = await fakeNode();
  await apply(n, about(ONE), agents("a"));
  await apply(n, about(TWO, ONE), agents("a", "b"));
  await apply(n, { ...about(OTHER, ONE), by: "ben" }, agents("c"), { _reply_topic: "r" });
  assertEquals(n.reports("r").map(({ error }) => error), [
    "Cannot apply generation 2 of fleet 'home' on n: it is not based on generation 2 by ana (2-00000002), which is in force",
  ]);
  assertEquals([report(n).tag, (report(n).refused as Report).by], [TWO, "ben"]);
  assertEquals(await running(n), ["a", "b"]);
});

Deno.test("the same one again changes nothing: what was stopped by hand stays stopped, over a restart, too", async () => {
  const n = await fakeNode();
  await apply(n, about(ONE), agents("a", "b"));
  await n.send("nodes/n/stop", { name: "b" });
  await apply(n, about(ONE), agents("a", "b"));
  assertEquals(await running(n), ["a"]);
  await n.node.close("shutdown");
  await using again = await fakeNode(n.stateDir);
  assertEquals([report(again).tag, report(again).done], [ONE, true]);
  await apply(again, about(ONE), agents("a", "b"));
  assertEquals(await running(again), ["a"]);
});

Deno.test("a node that ends has written what became of its agents", async () => {
  const n = await fakeNode();
  await apply(n, about(ONE), agents("a", "b"));
  for (const process of n.runtime.processes) process.says({ t: "loaded", process: true }, { t: "ready" });
  await settled();
  await n.node.close("shutdown");
  await using again = await fakeNode(n.stateDir);
  again.node.onConnected();
  assertEquals(outcomes(again), ["a running", "b running"]);
});

Deno.test("a generation that comes while the node ends is not done: it is taken up at the next start", async () => {
  const n = await fakeNode();
  n.runtime.stubborn = true;
  const slow = await n.spawn("slow");
  const closed = n.node.close("shutdown");
  await apply(n, about(ONE), agents("a"), { _reply_topic: "r" });
  assertStringIncludes(JSON.stringify(n.reports("r")), "is ending");
  slow?.exit("exited with code 0");
  await closed;
  await using again = await fakeNode(n.stateDir);
  await apply(again, about(ONE), agents("a"));
  assertEquals(await running(again), ["slow", "a"]);
});

Deno.test("an update that fails is reported as failed, and what was before it runs", async () => {
  await using n = await fakeNode();
  await apply(n, about(ONE), agents("a"));
  await n.runtime.ready();
  await apply(n, about(TWO, ONE), [{ name: "a", code: "// bad" }]);
  (await n.runtime.ready()).exit("exited with code 1");
  await untilSettled("the rollback", () => n.runtime.processes.length === 3);
  await n.clock.advance(100);
  assertEquals(outcomes(n), ["a failed"]);
  assertStringIncludes(JSON.stringify(report(n).agents), "the code before it runs again");
});

Deno.test("a message without a generation does as it always has; one with half of it is refused", async () => {
  await using n = await fakeNode();
  await n.send("nodes/n/desired_state", { agents: agents("a") });
  assertEquals([await running(n), n.reports(TOPIC)], [["a"], []]);
  await apply(n, { fleet: "home", generation: 1 }, agents("b"));
  await apply(n, { ...about(ONE), fleet: "a b" }, agents("b"));
  await apply(n, { ...about(ONE), based_on: ["x"] }, agents("b"));
  assertEquals([await running(n), n.said("error").length], [["a"], 3]);
});

Deno.test("the number of fleets is bounded", async () => {
  await using n = await fakeNode();
  for (let count = 0; count <= MAX_FLEETS; count++) {
    await apply(n, { ...about(ONE), fleet: `fleet-${count}` }, []);
  }
  assertStringIncludes(String(n.said("error").at(-1)), `this node has ${MAX_FLEETS} fleets already`);
});

Deno.test("outside its windows a generation waits, says until when, and is applied when they open", async () => {
  await using n = await fakeNode();
  // The node's clock shows Tuesday, 22:13:20.
  const windows = ["Wed 00:00-01:00 UTC", "00:30-02:00 UTC"];
  await apply(n, about(ONE), agents("a"), { windows, _reply_topic: "r" });
  assertEquals(n.reports("r").map(({ waits_until }) => waits_until), [
    Date.parse("2023-11-15T00:30Z") / 1000,
  ]);
  assertEquals([report(n).tag, (report(n).waiting as Report).tag, await running(n)], [undefined, ONE, []]);
  await n.clock.advance((2 * 3600 - 1) * 1000);
  assertEquals(await running(n), []);
  await n.clock.advance(1_001_000);
  await untilSettled("it is applied", () => report(n).done === true);
  assertEquals([report(n).tag, report(n).waiting, await running(n)], [ONE, undefined, ["a"]]);
});

Deno.test("a generation that changes nothing does not wait, and a newer one takes the place of one that waits", async () => {
  await using n = await fakeNode();
  const windows = ["Wed 00:00-01:00 UTC"];
  await apply(n, about(ONE), agents("a"));
  await apply(n, about(TWO, ONE), agents("a", "bad"), { windows });
  assertEquals([report(n).tag, (report(n).waiting as Report).tag], [ONE, TWO]);
  const THREE = "3-00000003";
  await apply(n, about(THREE, TWO, ONE), agents("a"), { windows, prune: true });
  assertEquals([report(n).tag, report(n).waiting], [THREE, undefined]);
  await n.clock.advance(3 * 3_600_000);
  assertEquals([report(n).tag, n.said("error")], [THREE, []]);
});

Deno.test("what takes back a roll-out does not wait for windows where that has changed the node", async () => {
  await using n = await fakeNode();
  const windows = ["Wed 00:00-01:00 UTC"];
  const [THREE, FOUR] = ["3-00000003", "4-00000004"];
  const [rollout, other] = [{ rollout: "the-one" }, { rollout: "another" }];
  await apply(n, about(ONE), agents("a"));
  await apply(n, { ...about(TWO, ONE), ...rollout }, [{ name: "a", code: "// bad" }]);
  // It is no wave of that one: it waits like every other change.
  await apply(n, about(THREE, TWO, ONE), agents("a"), { windows, takes_back: other.rollout });
  assertEquals([report(n).tag, (report(n).waiting as Report).tag], [TWO, THREE]);
  await apply(n, { ...about(FOUR, THREE, TWO), ...rollout }, agents("a"), {
    windows,
    takes_back: rollout.rollout,
  });
  assertEquals([report(n).tag, report(n).waiting, outcomes(n)], [FOUR, undefined, ["a starting"]]);
});

Deno.test("windows that cannot be read are refused: they must not mean at any time", async () => {
  await using n = await fakeNode();
  for (const windows of ["Sat", ["Sat"], [1], Array(33).fill("00:00-24:00 UTC")]) {
    await apply(n, about(ONE), agents("a"), { windows, _reply_topic: "r" });
  }
  assertEquals(n.reports("r").map(({ ok }) => ok), [false, false, false, false]);
  assertEquals(await running(n), []);
});
