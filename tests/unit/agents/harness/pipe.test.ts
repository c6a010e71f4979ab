import { assertEquals, assertThrows } from "@std/assert";
import { Pipe } from "../../../../agents/harness/pipe.ts";
import {
  MAX_FRAME_BYTES,
  WINDOW_BYTES,
  WINDOW_FRAMES,
  type WindowedFrame,
} from "../../../../protocol/frames.ts";
import { settled } from "../../../support/fake_clock.ts";

/** A pipe that takes at most `piece` bytes at once, and the frames that came out of it. */
function open(piece = Infinity, durable = false) {
  let text = "";
  const pipe = new Pipe((bytes) => {
    const taken = bytes.subarray(0, Math.min(piece, bytes.length));
    text += new TextDecoder().decode(taken);
    return taken.length;
  }, durable);
  const messages = () =>
    text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)).map((frame) =>
      frame.message ?? frame.t
    );
  return { pipe, messages };
}

const log = (message: string): WindowedFrame => ({ t: "log", level: "info", message });
const count = (n: number) => Array.from({ length: n }, (_, index) => String(index));

Deno.test("a frame is written whole, however little the pipe takes at once", () => {
  const { pipe, messages } = open(7);
  pipe.send({ t: "loaded", process: true });
  void pipe.sendInWindow(log("x".repeat(20_000)));
  assertEquals(messages(), ["loaded", "x".repeat(20_000)]);
});

Deno.test("the window holds 512 frames, and the next waits for an acknowledgement", async () => {
  const { pipe, messages } = open();
  const written: string[] = [];
  for (const message of count(WINDOW_FRAMES + 3)) {
    void pipe.sendInWindow(log(message)).then(() => written.push(message));
  }
  await settled();
  assertEquals([messages(), written], [count(WINDOW_FRAMES), count(WINDOW_FRAMES)]);
  pipe.acknowledge(2);
  await settled();
  assertEquals([messages(), written], [count(WINDOW_FRAMES + 2), count(WINDOW_FRAMES + 2)]);
  pipe.acknowledge(1);
  await settled();
  assertEquals([messages(), written], [count(WINDOW_FRAMES + 3), count(WINDOW_FRAMES + 3)]);
});

Deno.test("the window holds 1 MiB, and a larger frame goes alone", async () => {
  const { pipe, messages } = open();
  const half = "h".repeat(WINDOW_BYTES / 2);
  const large = "l".repeat(WINDOW_BYTES * 2);
  for (const message of [half, half, large, "small"]) void pipe.sendInWindow(log(message));
  assertEquals(messages(), [half]);
  pipe.acknowledge(1);
  assertEquals(messages(), [half, half]);
  pipe.acknowledge(1);
  assertEquals(messages(), [half, half, large]);
  pipe.acknowledge(1);
  assertEquals(messages(), [half, half, large, "small"]);
  await pipe.drained();
});

Deno.test("a small frame does not overtake a large one that waits", () => {
  const { pipe, messages } = open();
  void pipe.sendInWindow(log("first"));
  const large = "l".repeat(WINDOW_BYTES);
  void pipe.sendInWindow(log(large));
  void pipe.sendInWindow(log("small"));
  assertEquals(messages(), ["first"]);
  pipe.acknowledge(1);
  assertEquals(messages(), ["first", large]);
});

Deno.test("frames that wait keep their content while others are written", () => {
  const { pipe, messages } = open();
  for (const message of count(WINDOW_FRAMES + 5)) void pipe.sendInWindow(log(message));
  pipe.send({ t: "status", text: "in between" });
  pipe.acknowledge(5);
  assertEquals(messages().slice(-5), count(WINDOW_FRAMES + 5).slice(-5));
});

Deno.test("frames outside the window do not wait for it", () => {
  const { pipe, messages } = open();
  for (const message of count(WINDOW_FRAMES + 1)) void pipe.sendInWindow(log(message));
  pipe.send({ t: "pong", n: 1 });
  pipe.sendWithoutWaiting(log("console"));
  assertEquals(messages().slice(WINDOW_FRAMES), ["pong", "console"]);
});

Deno.test("what console has written takes its place in the window", () => {
  const { pipe, messages } = open();
  for (const message of count(WINDOW_FRAMES)) pipe.sendWithoutWaiting(log(message));
  void pipe.sendInWindow(log("published"));
  assertEquals(messages().length, WINDOW_FRAMES);
  pipe.acknowledge(1);
  assertEquals(messages().at(-1), "published");
});

Deno.test("drained resolves when nothing waits any more, and at once when nothing did", async () => {
  const { pipe } = open();
  await pipe.drained();
  for (const message of count(WINDOW_FRAMES + 1)) void pipe.sendInWindow(log(message));
  let drained = false;
  const waiting = pipe.drained().then(() => drained = true);
  await settled();
  assertEquals(drained, false);
  pipe.acknowledge(1);
  await waiting;
});

Deno.test("a frame larger than the other side accepts is refused, and takes no place", () => {
  const { pipe, messages } = open();
  const size = MAX_FRAME_BYTES + 1;
  assertThrows(
    () => pipe.send({ t: "status", text: "x".repeat(size) }),
    RangeError,
    `the limit is ${MAX_FRAME_BYTES}`,
  );
  assertThrows(() => pipe.sendWithoutWaiting(log("x".repeat(size))), RangeError, "the message needs");
  for (const message of count(WINDOW_FRAMES)) void pipe.sendInWindow(log(message));
  assertEquals(messages().length, WINDOW_FRAMES);
});

Deno.test("more acknowledgements than frames do no harm", () => {
  const { pipe, messages } = open();
  pipe.acknowledge(10);
  void pipe.sendInWindow(log("a"));
  pipe.acknowledge(1000);
  void pipe.sendInWindow(log("b"));
  assertEquals(messages(), ["a", "b"]);
});

Deno.test("in a durable pipe a frame is done when it is acknowledged, in the order they were sent", async () => {
  const { pipe, messages } = open(Infinity, true);
  const done: string[] = [];
  for (const message of count(WINDOW_FRAMES + 2)) {
    void pipe.sendInWindow(log(message)).then(() => done.push(message));
  }
  await settled();
  assertEquals([done, messages().length], [[], WINDOW_FRAMES]);
  pipe.acknowledge(2);
  await settled();
  assertEquals([done, messages().length], [["0", "1"], WINDOW_FRAMES + 2]);
  pipe.acknowledge(WINDOW_FRAMES);
  await settled();
  assertEquals(done, count(WINDOW_FRAMES + 2));
});

Deno.test("a message that is larger than the node's policy allows does not leave, all else does", () => {
  const written: string[] = [];
  const pipe = new Pipe((bytes) => written.push(new TextDecoder().decode(bytes)) && bytes.length, false, 10);
  const refusal = "the message has 11 bytes, the node's policy allows 10";
  const publish = { t: "publish", topic: "a", qos: 1, retain: false } as const;
  assertThrows(() => pipe.sendInWindow({ ...publish, text: "ééééé." }), RangeError, refusal);
  assertThrows(() => pipe.sendInWindow({ ...publish, base64: "AAAAAAAAAAAAAAA=" }), RangeError, refusal);
  assertThrows(() => pipe.sendInWindow({ t: "result", data: "123456789" }), RangeError, refusal);
  assertThrows(() => pipe.send({ t: "task_done", id: 1, value: "123456789" }), RangeError, refusal);
  assertEquals(written, []);
  void pipe.sendInWindow({ ...publish, text: "ééééé" });
  void pipe.sendInWindow(log("longer than ten bytes"));
  assertEquals(written.length, 2);
});
