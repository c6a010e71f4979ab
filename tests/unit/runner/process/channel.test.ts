import { assertEquals } from "@std/assert";
import { type AgentFrame, encodeFrame, MAX_FRAME_BYTES } from "../../../../protocol/frames.ts";
import { MAX_PARTS } from "../../../../protocol/json.ts";
import { type Amount, type Brake, Channel } from "../../../../runner/process/channel.ts";
import { settled as aTurn } from "../../../support/fake_clock.ts";

/** Resolves when all that follows by itself is done: acknowledgements go out at the end of a turn of the event loop. */
async function settled(): Promise<void> {
  await aTurn();
  await aTurn();
}

/** A channel over streams in memory, and all that it hands out. */
function open(
  options: { settleFrames?: boolean; blocked?: Promise<void>; brake?: Brake; nowMs?: () => number } = {},
) {
  const out = controlled();
  const err = controlled();
  const written: string[] = [];
  const seen: string[] = [];
  const waiting: (() => void)[] = [];
  const stdin = new WritableStream<Uint8Array>({
    async write(chunk) {
      await options.blocked;
      written.push(...new TextDecoder().decode(chunk).split("\n").filter((line) => line !== ""));
    },
  });
  const channel = new Channel(
    { stdin, stdout: out.stream, stderr: err.stream },
    {
      onFrame(frame) {
        seen.push(frame.t);
        if (options.settleFrames !== false) return;
        return new Promise<void>((resolve) => waiting.push(resolve));
      },
      onOutput: (stream, line) => void seen.push(`${stream}: ${line}`),
      onOversize: (start, limit) => void seen.push(`oversize: ${start.length}, ${limit}`),
    },
    options.brake,
    options.nowMs,
  );
  const end = async () => {
    out.end();
    err.end();
    await channel.ended;
    await channel.close();
  };
  return { channel, out, err, written, seen, waiting, end };
}

/** A stream of bytes, as a process has it, that gives what it is told. */
function controlled() {
  let controller: ReadableByteStreamController | undefined;
  const stream = new ReadableStream({ type: "bytes", start: (given) => void (controller = given) });
  return {
    stream,
    give: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    // The stream takes what it is given away from the giver.
    giveBytes: (bytes: Uint8Array<ArrayBuffer>) => controller?.enqueue(bytes.slice()),
    end: () => {
      controller?.close();
      // A read that waits is told only so.
      (controller?.byobRequest as ReadableStreamBYOBRequest | null)?.respond(0);
    },
    /** Bytes that nobody has read yet. */
    unread: () => -(controller?.desiredSize ?? 0),
  };
}

const LOG: AgentFrame = { t: "log", level: "info", message: "m" };
const frames = (count: number, frame: AgentFrame = LOG) => encodeFrame(frame).repeat(count);
const acknowledged = (written: readonly string[]) =>
  written.map((line) => JSON.parse(line)).filter((frame) => frame.t === "ack")
    .reduce((sum: number, frame: { n: number }) => sum + frame.n, 0);

Deno.test("frames and output are told apart, in the order they come", async () => {
  const { out, seen, end } = open();
  out.give(
    `printed${encodeFrame({ t: "loaded", process: true })}more\n{"t":"log","level":"info"}\n${
      encodeFrame(LOG)
    }`,
  );
  await settled();
  assertEquals(seen, [
    "stdout: printed",
    "loaded",
    "stdout: more",
    'stdout: {"t":"log","level":"info"}',
    "log",
  ]);
  await end();
});

Deno.test("stderr is output, even where it looks like a frame", async () => {
  const { err, seen, end } = open();
  err.give(`${encodeFrame({ t: "loaded", process: true })}warning`);
  await end();
  assertEquals(seen, ['stderr: {"t":"loaded","process":true}', "stderr: warning"]);
});

Deno.test("a last line without its end is handled when the stream ends", async () => {
  const { out, seen, end } = open();
  out.give('{"t":"ready"}');
  await settled();
  assertEquals(seen, []);
  await end();
  assertEquals(seen, ["ready"]);
});

Deno.test("each frame of the window is acknowledged exactly once, and no other frame is", async () => {
  const { out, written, end } = open();
  out.give(frames(100) + frames(10, { t: "processed" }) + frames(3, { t: "status", text: "x" }));
  out.give(frames(50, { t: "result", data: 1 }) + "printed\n");
  await settled();
  assertEquals(acknowledged(written), 150);
  await end();
  assertEquals(acknowledged(written), 150);
});

Deno.test("frames that settle together are acknowledged in one line", async () => {
  const { out, written, end } = open();
  out.give(frames(100));
  await settled();
  assertEquals(written, ['{"t":"ack","n":100}']);
  await end();
});

Deno.test("a frame is acknowledged when it and all before it have settled, not before", async () => {
  const { out, written, waiting, end } = open({ settleFrames: false });
  out.give(frames(3));
  await settled();
  assertEquals(written, []);
  waiting[1]?.();
  await settled();
  assertEquals(written, []);
  waiting[0]?.();
  await settled();
  assertEquals(acknowledged(written), 2);
  waiting[2]?.();
  await settled();
  assertEquals(acknowledged(written), 3);
  await end();
});

Deno.test("reading stops at 1024 frames under way, and goes on when half of them have settled", async () => {
  const { out, seen, waiting, written, end } = open({ settleFrames: false });
  for (let n = 0; n < 30; n++) out.give(frames(100));
  await settled();
  assertEquals(seen.length, 1024);
  assertEquals(out.unread() > 0, true, "the rest waits in the pipe");
  for (const settle of waiting.splice(0, 512)) settle();
  await settled();
  assertEquals(seen.length, 1024);
  for (const settle of waiting.splice(0, 1)) settle();
  await settled();
  assertEquals(seen.length, 1024 + 513);
  while (waiting.length > 0) {
    for (const settle of waiting.splice(0)) settle();
    await settled();
  }
  assertEquals([seen.length, acknowledged(written)], [3000, 3000]);
  await end();
});

Deno.test("an oversize line is told once, and the frames after it come through", async () => {
  const { out, seen, end } = open();
  const chunk = new Uint8Array(1024 * 1024).fill(0x78);
  for (let n = 0; n <= MAX_FRAME_BYTES / chunk.length + 3; n++) out.giveBytes(chunk);
  out.give(encodeFrame(LOG));
  await end();
  assertEquals(seen, ["oversize: 200, length", "log"]);
});

Deno.test("binary output is output, and does not hurt the frames after it", async () => {
  const { out, seen, end } = open();
  out.giveBytes(Uint8Array.from([0xff, 0x00, 0xc3]));
  out.give(encodeFrame(LOG));
  await end();
  assertEquals(seen, ["stdout: \uFFFD\u0000\uFFFD", "log"]);
});

Deno.test("frames go out in the order of send", async () => {
  const { channel, written, end } = open();
  for (let n = 0; n < 100; n++) channel.send({ t: "ping", n });
  await end();
  assertEquals(written.map((line) => JSON.parse(line).n), Array.from({ length: 100 }, (_, n) => n));
});

Deno.test("an agent that does not read is sent no more than a bound, but control gets through", async () => {
  const gate = Promise.withResolvers<void>();
  const { channel, written, end } = open({ blocked: gate.promise });
  const payload = "x".repeat(4 * 1024 * 1024);
  const accepted = Array.from({ length: 8 }, (_, id) => channel.send({ t: "task", id, payload }));
  assertEquals(accepted, [true, true, true, true, false, false, false, false]);
  assertEquals(channel.send({ t: "shutdown" }), true);
  gate.resolve();
  await settled();
  await settled();
  assertEquals(channel.send({ t: "task", id: 9, payload: "small again" }), true);
  await end();
  assertEquals(written.map((line) => JSON.parse(line).t), [
    "task",
    "task",
    "task",
    "task",
    "shutdown",
    "task",
  ]);
});

Deno.test("nothing is sent once the channel is closed", async () => {
  const { channel, end } = open();
  await end();
  assertEquals(channel.send({ t: "ping", n: 1 }), false);
});

Deno.test("a frame of too many parts is passed over without being parsed; other output of that kind is not", async () => {
  const { out, seen, end } = open();
  const parts = "[],".repeat(MAX_PARTS);
  out.give(`{"t":"result","data":[${parts}1]}\n[${parts}1]\n{"t":"ready"}\n`);
  await end();
  assertEquals(seen.map((line) => line.slice(0, 20)), [
    "oversize: 200, parts",
    "stdout: [[],[],[],[]",
    "ready",
  ]);
});

Deno.test("what long lines cost is told, of short ones nothing is measured", async () => {
  let nowMs = 0;
  const amounts: Amount[] = [];
  const brake = (amount: Amount) => Promise.resolve(void amounts.push(amount));
  const { out, end } = open({ brake, nowMs: () => nowMs += 7 });
  out.give("short\n");
  out.give(`${"x".repeat(40_000)}\n`);
  await end();
  assertEquals(amounts.reduce((sum, { workMs }) => sum + workMs, 0), 7);
  assertEquals(amounts.reduce((sum, { lines }) => sum + lines, 0), 2);
});

Deno.test("a broken pipe is no error of the runner: sending says no", async () => {
  const stdin = new WritableStream<Uint8Array>({ write: () => Promise.reject(new Error("EPIPE")) });
  const out = controlled();
  const err = controlled();
  const channel = new Channel({ stdin, stdout: out.stream, stderr: err.stream }, {
    onFrame: () => {},
    onOutput: () => {},
    onOversize: () => {},
  });
  assertEquals(channel.send({ t: "ping", n: 1 }), true);
  await settled();
  assertEquals(channel.send({ t: "ping", n: 2 }), false);
  out.end();
  err.end();
  await channel.ended;
  await channel.close();
});

Deno.test("reads that bring no end of a line are counted, by the room they leave in the buffer", async () => {
  const amounts: Amount[] = [];
  const brake = (amount: Amount) => Promise.resolve(void amounts.push(amount));
  const { out, end } = open({ brake });
  for (const chunk of ["x".repeat(16 * 1024), "x".repeat(4 * 1024), "a whole line\n"]) {
    out.give(chunk);
    await settled();
  }
  await end();
  assertEquals(amounts.map(({ fragments }) => fragments), [0, 0.75, 0]);
});

Deno.test("the time is measured in which a stream is not read", async () => {
  let nowMs = 0;
  const gates: PromiseWithResolvers<void>[] = [];
  const brake = () => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  };
  const { channel, out, err, end } = open({ brake, nowMs: () => nowMs });
  const at = async (time: number, act: () => void) => {
    nowMs = time;
    act();
    await settled();
  };
  await at(100, () => out.give(frames(1)));
  await at(110, () => err.give("a\n"));
  await at(130, () => {});
  assertEquals(channel.heldBackMs, 30, "still held back");
  await at(140, () => gates[0]?.resolve());
  await at(150, () => gates[1]?.resolve());
  await at(900, () => {});
  assertEquals(channel.heldBackMs, 50);
  await end();
});
