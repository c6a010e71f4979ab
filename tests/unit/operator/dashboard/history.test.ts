import { assert, assertEquals } from "@std/assert";
import { LogBook, matcher } from "../../../../operator/dashboard/server/model/logbook.ts";
import { Model } from "../../../../operator/dashboard/server/model/model.ts";
import { topics } from "../../../../protocol/topics.ts";
import { RateMeter } from "../../../../operator/dashboard/server/model/rate.ts";
import { numbersIn, Readings } from "../../../../operator/dashboard/server/model/readings.ts";
import { Ring } from "../../../../operator/dashboard/server/model/ring.ts";
import { Series } from "../../../../operator/dashboard/server/model/series.ts";
import { Spawns } from "../../../../operator/dashboard/server/model/spawns.ts";
import { errorsFirst } from "../../../../operator/dashboard/wire.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("a ring keeps the newest, within its count, its size and its age", () => {
  const ring = new Ring<{ seq: number; time: number; size: number }>(
    { count: 3, size: 10, age: 60 },
    ({ size }) => size,
  );
  const add = (time: number, size = 1) => ring.add((seq) => ({ seq, time, size }), time);
  const times = () => ring.latest(10).map(({ time }) => time);
  [0, 1, 2, 3].forEach((time) => add(time));
  assertEquals([times(), ring.evicted], [[1, 2, 3], 1]);
  add(4, 9);
  assertEquals(times(), [3, 4]);
  ring.expire(64);
  assertEquals([times(), ring.evicted], [[4], 3], "what is too old is not missed");
  assertEquals(ring.latest(1, ring.firstSeq).length, 0);
  add(65, 100);
  assertEquals(times(), [65], "one that is too large alone is kept: it is the newest");
});

Deno.test("a ring stays small however much goes through it", () => {
  const ring = new Ring<{ seq: number; time: number }>({ count: 100, size: 1e9, age: 60 }, () => 1);
  for (let index = 0; index < 10_000; index++) ring.add((seq) => ({ seq, time: index / 1000 }), index / 1000);
  assertEquals([ring.length, ring.latest(1)[0]?.time, ring.latest(100)[0]?.time], [100, 9.999, 9.9]);
});

Deno.test("entries of a ring have rising numbers, also at one time and after a restart with a clock set back", () => {
  const limits = { count: 100, size: 1e9, age: 1e9 };
  const ring = new Ring<{ seq: number; time: number }>(limits, () => 1);
  const add = (to: typeof ring, time: number) => to.add((seq) => ({ seq, time }), time).seq;
  const [first, second] = [add(ring, 1_790_000_000), add(ring, 1_790_000_000)];
  assertEquals([first, second], [1_790_000_000_000_000, 1_790_000_000_000_001]);
  const next = new Ring<{ seq: number; time: number }>(limits, () => 1);
  next.restore(ring.latest(10), ({ time }) => time);
  assert(add(next, 1_789_999_000) > second);
  assertEquals(next.latest(10).map(({ time }) => time), [1_790_000_000, 1_790_000_000, 1_789_999_000]);
});

Deno.test("a series keeps an hour of samples in order, and grows no further than its capacity", () => {
  const series = new Series(2, 40, 3600);
  for (let index = 0; index < 100; index++) series.add(index * 10, [index, index === 99 ? undefined : 20.9]);
  assertEquals([series.length, series.times()[0], series.lastTime], [40, 600, 990]);
  assertEquals(series.column(0, 3), [97, 98, 99]);
  assertEquals(series.column(1, 2), [20.9, null], "numbers come back as they were written");
  series.expire(600 + 3601);
  assertEquals(series.times()[0], 610);
});

Deno.test("a rate is that of the last few whole seconds", () => {
  const meter = new RateMeter(5);
  for (let index = 0; index < 500; index++) meter.add(index / 100);
  assertEquals(meter.perSecond(5), 100);
  assertEquals(meter.perSecond(20), 0);
});

const line = (agent: string, message = "text") => ({
  time: 0,
  node: "n",
  agent,
  actor_id: agent,
  level: "info" as const,
  message,
});

Deno.test("an agent that floods the log does not crowd out the others, and the loss is counted", () => {
  const book = new LogBook();
  for (let index = 0; index < 10_000; index++) book.add(line("loud", `line ${index}`), index / 5000);
  book.add(line("quiet"), 2);
  assertEquals(book.find({ agent: "quiet" }, 10).length, 1);
  const kept = book.find({ agent: "loud" }, 10_000).length;
  assert(kept >= 200 && kept <= 300, `${kept} kept`);
  const { log_lines, log_lines_not_kept } = book.drops(2);
  assertEquals(log_lines, log_lines_not_kept + kept + 1);
});

Deno.test("an agent's flood of lines pushes out none of its errors, nor anybody else's", () => {
  const book = new LogBook();
  const failure = (agent: string) => ({ ...line(agent, "it broke"), level: "error" as const });
  book.add(failure("loud"), 0);
  book.add(failure("quiet"), 0);
  for (let index = 0; index < 300_000; index++) book.add(line(`agent ${index % 100}`), 1 + index / 5000);
  for (let index = 0; index < 10_000; index++) book.add(line("loud"), 62 + index / 5000);
  book.add(failure("loud"), 64);
  assertEquals(book.find({ agent: "loud", level: "error" }, 10).map(({ message }) => message), [
    "it broke",
    "it broke",
  ]);
  const shown = book.find({}, 100);
  assertEquals(shown.length, 100);
  assertEquals(
    shown.filter(({ level }) => level === "error").length,
    3,
    "the errors are not pushed off the page",
  );
});

Deno.test("where there are too many lines, errors stay longest, but leave half of the room to others", () => {
  const of = (level: "error" | "info") => (_: unknown, index: number) => ({
    seq: index,
    ...line("a"),
    level,
  });
  const mixed = [...Array.from({ length: 80 }, of("error")), ...Array.from({ length: 80 }, of("info"))]
    .map((each, seq) => ({ ...each, seq }));
  const kept = errorsFirst(mixed, 40);
  assertEquals(kept.map(({ level }) => level).join(), `${"error,".repeat(20)}${"info,".repeat(19)}info`);
  assertEquals(kept.at(0)?.seq, 60, "the newest of them");
  assertEquals(errorsFirst(mixed, 200), mixed);
});

Deno.test("a log filter takes level, agent, node and any part of the text", () => {
  const warning = { seq: 1, ...line("a", "Too WARM"), level: "warning" as const };
  assert(matcher({})(warning));
  assert(matcher({ level: "warning", agent: "a", node: "n", text: "warm" })(warning));
  for (const other of [{ level: "error" as const }, { agent: "b" }, { node: "m" }, { text: "cold" }]) {
    assertEquals(matcher(other)(warning), false);
  }
});

Deno.test("numbers in what agents publish become readings, a few of each payload, not deeper than two levels", () => {
  assertEquals(numbersIn(21.5), [["", 21.5]]);
  assertEquals(numbersIn({ value: 1, timestamp: 9, unit: "C", in: { x: 2, deeper: { y: 3 } }, bad: NaN }), [
    ["value", 1],
    ["in.x", 2],
  ]);
  assertEquals(numbersIn([1, 2]), []);
  const readings = new Readings();
  for (let now = 0; now < 5000; now++) readings.add("t", bytes({ value: now }), now);
  const [reading] = readings.of(["t", "unknown"], 5000);
  assertEquals([reading?.topic, reading?.field, reading?.time.length], ["t", "value", 1200]);
  for (let index = 0; index < 3000; index++) readings.add(`topic/${index}`, bytes(1), 6000);
  assertEquals(readings.of(["t"], 6000), [], "the oldest topic has made room");
});

Deno.test("a spawn that was seen tells the code, and the state that a migration carries is not kept", () => {
  const spawns = new Spawns();
  spawns.add(bytes({ name: "a", code: "x", state: { secret: 1 }, _reply_topic: "r" }));
  spawns.add(bytes({ agents: [{ name: "b", code: "y" }, { name: "no code" }] }));
  spawns.add(new Uint8Array());
  assertEquals(["a", "b", "no code"].map((name) => spawns.of(name)?.config), [
    { name: "a", code: "x" },
    { name: "b", code: "y" },
    undefined,
  ]);
  const large = "x".repeat(6 * 1024 * 1024);
  for (const name of ["1", "2", "3"]) spawns.add(bytes({ name, code: large }));
  assertEquals(["a", "1", "3"].map((name) => spawns.of(name) !== undefined), [false, false, true]);
});

Deno.test("only what its node has told is what an agent is started with again; a spawn seen since makes it unsure", () => {
  const spawns = new Spawns();
  spawns.add(bytes({ name: "a", code: "of anybody" }));
  assertEquals([spawns.told("a"), spawns.isUnsure("a"), spawns.of("a")?.source], [undefined, true, "spawn"]);
  spawns.learn({ name: "a", code: "as it runs" });
  assertEquals([spawns.told("a")?.code, spawns.isUnsure("a"), spawns.of("a")?.source], [
    "as it runs",
    false,
    "node",
  ]);
  spawns.add(bytes({ name: "a", code: "of anybody" }));
  assertEquals([spawns.told("a")?.code, spawns.isUnsure("a"), spawns.of("a")?.config.code], [
    "as it runs",
    true,
    "of anybody",
  ]);
});

Deno.test("what agent.reading() publishes is shown with its unit, from the manifest's topics", () => {
  const model = new Model();
  const say = (topic: string, value: unknown, seconds = 1) =>
    model.apply(topic, bytes(value), seconds * 1000);
  const topic = topics.reading("1", "attic");
  say("agents/1/manifest", { name: "a", node: "n", publishes: [topic] });
  say(topic, { reading: "attic", kind: "temperature", value: 21.4, unit: "°C", name: "a", timestamp: 1 });
  assertEquals(model.readings("1", 2000), [
    { topic, field: "value", unit: "°C", time: [1], value: [21.4] },
  ]);
});

Deno.test("a reading has the unit that stands beside it in the payload", () => {
  const readings = new Readings();
  readings.add(
    "sensors/hall",
    bytes({ value: 21, unit: "°C", air: { humidity: 40, unit: "%" }, unit_of: 1 }),
    0,
  );
  assertEquals(readings.of(["sensors/hall"], 1).map(({ field, unit }) => [field, unit]), [
    ["value", "°C"],
    ["air.humidity", "%"],
    ["unit_of", "°C"],
  ]);
  readings.add("sensors/attic", bytes({ value: 21, unit: "x".repeat(500) }), 0);
  assertEquals(readings.of(["sensors/attic"], 1)[0]?.unit?.length, 12);
});
