import { assertEquals } from "@std/assert";
import { Journal } from "../../../../runner/broker/journal.ts";
import type { Change } from "../../../../runner/broker/message_file.ts";
import { FakeClock, settled } from "../../../support/fake_clock.ts";

const change = (topic: string): Change => ({ kind: "clear", values: [topic] });
const topics = (changes: readonly Change[]) => changes.map(({ values }) => values[0]);

class Scene implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly written: unknown[] = [];
  readonly said: string[] = [];
  memory: Change[] = [];
  isFull = false;
  readonly journal = new Journal({
    clock: this.clock,
    file: {
      write: (changes) => this.#take(topics(changes)),
      replace: (changes) => this.#take({ all: topics(changes) }),
    },
    snapshot: () => Promise.resolve(this.memory),
    say: (message) => this.said.push(message),
  });

  #take(what: unknown): void {
    if (this.isFull) throw new Error("disk full");
    this.written.push(what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.journal[Symbol.asyncDispose]();
    await this.clock.advance(10);
    await ended;
  }
}

Deno.test("changes that an acknowledgement waits for share a write, at once", async () => {
  await using scene = new Scene();
  const { journal, clock, written } = scene;
  for (const topic of ["a", "b", "c"]) journal.add(change(topic), topic === "b");
  let isDone = false;
  void journal.committed().then(() => isDone = true);
  await settled();
  assertEquals([isDone, written], [false, []]);
  await clock.advance(1);
  assertEquals([isDone, written], [true, [["a", "b", "c"]]]);
});

Deno.test("changes that nobody waits for are written a little later, and hold nobody up", async () => {
  await using scene = new Scene();
  const { journal, clock, written } = scene;
  journal.add(change("a"), false);
  await journal.committed();
  await clock.advance(50);
  assertEquals(written, []);
  await clock.advance(60);
  assertEquals(written, [["a"]]);
});

Deno.test("what is left is written at the end", async () => {
  const scene = new Scene();
  scene.journal.add(change("a"), false);
  await scene[Symbol.asyncDispose]();
  assertEquals(scene.written, [["a"]]);
});

Deno.test("a full disk is said once, holds nobody up, and is made good when there is room", async () => {
  await using scene = new Scene();
  const { journal, clock, written, said } = scene;
  scene.isFull = true;
  for (const topic of ["a", "b"]) {
    journal.add(change(topic), true);
    const committed = journal.committed();
    await clock.advance(1);
    await committed;
  }
  await clock.advance(20_000);
  assertEquals([written.length, said.length], [0, 1]);
  scene.isFull = false;
  scene.memory = [change("a"), change("b"), change("c")];
  await clock.advance(6000);
  assertEquals([written, said.length], [[{ all: ["a", "b", "c"] }], 2]);
  journal.add(change("d"), true);
  await clock.advance(1);
  assertEquals(written.at(-1), ["d"]);
});

Deno.test("nothing may change while everything is written from memory", async () => {
  await using scene = new Scene();
  const { journal, clock } = scene;
  scene.isFull = true;
  journal.add(change("a"), true);
  await clock.advance(1);
  assertEquals(journal.gate, undefined);
  await clock.advance(5000);
  assertEquals(journal.gate instanceof Promise, true);
  await clock.advance(1);
  assertEquals(journal.gate, undefined);
});
