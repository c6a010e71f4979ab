import { assertEquals } from "@std/assert";
import { entry } from "../../../../runner/link/entry.ts";
import { Outbox } from "../../../../runner/link/outbox.ts";

const LIMITS = { messages: 1000, bytes: 1_000_000 };

/** An outbox of telemetry; messages are named `source:number`. */
function outbox(limits = LIMITS) {
  const dropped: unknown[] = [];
  const box = new Outbox(limits, ({ message }) => dropped.push(message.payload));
  const make = (name: string) => {
    const [source = ""] = name.split(":");
    const whose = source === "" ? {} : { source };
    return entry(
      { topic: "t", payload: name, qos: 1, retain: false, class: "telemetry", ...whose },
      () => {},
    );
  };
  const push = (...names: string[]) => names.forEach((name) => box.push(make(name)));
  const take = (count = Infinity) => {
    const names: unknown[] = [];
    while (names.length < count) {
      const next = box.shift();
      if (next === undefined) break;
      names.push(next.message.payload);
    }
    return names;
  };
  return { box, make, push, take, dropped };
}

Deno.test("a source that says little does not wait for one that floods", () => {
  const { push, take } = outbox();
  push(...Array.from({ length: 500 }, (_, n) => `flood:${n}`), "calm:0", "calm:1", "other:0");
  assertEquals(take(6), ["flood:0", "calm:0", "other:0", "flood:1", "calm:1", "flood:2"]);
});

Deno.test("messages of one source leave in their order, however sources come and go", () => {
  const { push, take } = outbox();
  const seen: unknown[] = [];
  for (let n = 0; n < 300; n++) {
    push(`a:${n}`, ...(n % 2 === 0 ? [`b:${n}`] : []), ...(n % 7 === 0 ? [`c:${n}`] : []));
    seen.push(...take(n % 3));
  }
  seen.push(...take());
  for (const source of ["a", "b", "c"]) {
    const numbers = seen.filter((name) => String(name).startsWith(source)).map((name) =>
      Number(String(name).slice(2))
    );
    assertEquals(numbers, numbers.toSorted((x, y) => x - y));
  }
});

Deno.test("when too much waits, it is the flood that loses, oldest first", () => {
  const { push, take, dropped, box } = outbox({ ...LIMITS, messages: 5 });
  push("calm:0", "flood:0", "flood:1", "flood:2", "flood:3", "flood:4", "flood:5");
  assertEquals([dropped, box.dropped, box.size], [["flood:0", "flood:1"], 2, 5]);
  assertEquals(take(), ["calm:0", "flood:2", "flood:3", "flood:4", "flood:5"]);
});

Deno.test("where size is the limit, the source that holds most bytes loses", () => {
  const { push, dropped } = outbox({ ...LIMITS, bytes: 1500 });
  push("calm:0", "calm:1", "calm:2", `big:${"x".repeat(900)}`, "calm:3");
  assertEquals(dropped.map((name) => String(name).slice(0, 4)), []);
  push(`big:${"y".repeat(300)}`);
  assertEquals(dropped.map((name) => String(name).slice(0, 5)), ["big:x"]);
});

Deno.test("what is put back is the next to leave, and what an earlier process has left goes before all", () => {
  const { box, make, push, take } = outbox();
  push("a:1", "b:1");
  box.putBack([make("b:0"), make("a:0")]);
  assertEquals(take(), ["b:0", "a:0", "b:1", "a:1"]);
  push("a:2", ":old1", ":old2");
  assertEquals(take(), [":old1", ":old2", "a:2"]);
});
