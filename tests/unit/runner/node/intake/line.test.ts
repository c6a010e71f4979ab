import { assert, assertEquals } from "@std/assert";
import { Lanes } from "../../../../../runner/node/intake/lanes.ts";
import { Line, type Turn } from "../../../../../runner/node/intake/line.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";

const room = { messages: 1000, bytes: 1000 };

Deno.test("one command at a time is checked, and a stop behind a thousand forgeries is the next one", async () => {
  const line = new Line(new FakeClock());
  const first = await line.wait("known", 1);
  assert(first !== undefined);
  const begun: (readonly [string, Turn | undefined])[] = [];
  const wait = (name: string) => void line.wait("known", 1).then((turn) => begun.push([name, turn]));
  for (let n = 0; n < 1000; n++) wait(`forged ${n}`);
  await settled();
  assertEquals(begun, []);
  first.passed(true);
  for (let n = 0; n < 31; n++) {
    await settled();
    begun.at(-1)?.[1]?.passed(true);
  }
  wait("stop");
  await settled();
  begun.at(-1)?.[1]?.passed(true);
  await settled();
  assertEquals(begun.at(-1)?.[0], "stop");
  assertEquals(begun.length, 33);
});

Deno.test("a command that has no room gets no turn", async () => {
  const line = new Line(new FakeClock(), new Lanes({ known: room, rest: { messages: 1, bytes: 1 } }));
  const [first, second] = [line.wait("rest", 1), line.wait("rest", 1)];
  assertEquals(await line.wait("rest", 1), undefined);
  (await first)?.passed(false);
  assert(await second !== undefined);
});

Deno.test("after some milliseconds of checks, what has come meanwhile is read first", async () => {
  const clock = new FakeClock();
  const line = new Line(clock);
  const turn = await line.wait("rest", 1);
  let isNext = false;
  void line.wait("rest", 1).then(() => isNext = true);
  await clock.advance(6);
  turn?.passed(false);
  await settled();
  assertEquals([isNext, clock.pendingMs], [false, [1]]);
  await clock.advance(1);
  assertEquals(isNext, true);
});

Deno.test("in a flood of what is not urgent the node reads longer, until a command comes that names a key", async () => {
  const clock = new FakeClock();
  const line = new Line(clock);
  const turn = await line.wait("rest", 1);
  const begun: string[] = [];
  for (let n = 0; n < 100; n++) void line.wait("rest", 1).then(() => begun.push("list"));
  await clock.advance(6);
  turn?.passed(false);
  await settled();
  assertEquals([begun, clock.pendingMs], [[], [50]]);
  void line.wait("known", 1).then(() => begun.push("stop"));
  await settled();
  assertEquals(begun, ["stop"]);
});

Deno.test("a command that was checked after a later one about the same agent is not obeyed", async () => {
  const line = new Line(new FakeClock());
  const first = await line.wait("known", 1);
  const agent = { id: "agent" };
  const [spawn, stop] = [line.wait("known", 1), line.wait("known", 1)];
  for (let n = 0; n < 31; n++) void line.wait("rest", 1);
  first?.passed(false);
  const second = await spawn;
  assertEquals(second?.obey(agent), true);
  second?.passed(false);
  assertEquals((await stop)?.obey(agent), true);
  assertEquals(second?.obey(agent), false);
});
