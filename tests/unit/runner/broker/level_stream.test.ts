import { assertEquals, assertStringIncludes } from "@std/assert";
import { createConnection, createServer, type Socket } from "node:net";
import { Budget } from "../../../../runner/broker/budget.ts";
import { LevelStream } from "../../../../runner/broker/level_stream.ts";

/** Both ends of a connection: a client's socket, and what the broker sees of it. */
async function connected(): Promise<{ client: Socket; stream: LevelStream } & AsyncDisposable> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer(accepted.resolve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const client = createConnection(port, "127.0.0.1");
  const budget = new Budget(Infinity);
  const bounds = { maxPacketBytes: Infinity, maxQueuedBytes: 1 << 20, budget };
  const stream = new LevelStream(await accepted.promise, bounds);
  return {
    client,
    stream,
    async [Symbol.asyncDispose]() {
      client.destroy();
      stream.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Reads once for each `readable`, as the broker's library does, until `bytes` have come. */
function readOncePerEvent(stream: LevelStream, bytes: number): Promise<number> {
  return new Promise((resolve) => {
    let got = 0;
    stream.on("readable", () => {
      got += stream.read()?.length ?? 0;
      if (got >= bytes) resolve(got);
    });
  });
}

Deno.test("a message far larger than any buffer is read to its end, though nothing follows it", async () => {
  await using ends = await connected();
  for (const bytes of [1, 300_000, 9_000_000]) {
    const read = readOncePerEvent(ends.stream, bytes);
    ends.client.write(new Uint8Array(bytes));
    assertEquals(await read, bytes);
    ends.stream.removeAllListeners("readable");
  }
});

Deno.test("what is written goes to the client, and each end learns that the other is gone", async () => {
  await using ends = await connected();
  const heard = new Promise<string>((resolve) => ends.client.once("data", (data) => resolve(String(data))));
  ends.stream.write("hello");
  assertEquals(await heard, "hello");
  const closed = new Promise<void>((resolve) => ends.stream.once("close", () => resolve()));
  ends.client.destroy();
  await closed;
});

Deno.test("what has been written leaves before the end, however often that is asked for", async () => {
  await using ends = await connected();
  let heard = "";
  ends.client.on("data", (data) => heard += String(data));
  const closed = new Promise<void>((resolve) => ends.client.once("close", () => resolve()));
  for (const part of ["not ", "let ", "in"]) ends.stream.write(part);
  ends.stream.destroy();
  ends.stream.destroy(new Error("refused"));
  await closed;
  assertEquals(heard, "not let in");
});

Deno.test("a client that takes nothing is cut off when too much waits for it", async () => {
  await using ends = await connected();
  ends.client.pause();
  const closed = new Promise<Error>((resolve) => ends.stream.once("error", resolve));
  for (let n = 0; n < 1000 && !ends.stream.destroyed; n++) ends.stream.write(new Uint8Array(256 * 1024));
  assertStringIncludes((await closed).message, "reads more slowly");
});

Deno.test("of clients that hold too much together, the one that holds most goes", () => {
  const gone: string[] = [];
  const holder = (name: string) => ({ destroy: () => gone.push(name) });
  const [small, large, late] = ["small", "large", "late"].map(holder);
  const budget = new Budget(100);
  if (small === undefined || large === undefined || late === undefined) throw new Error("three");
  budget.set(small, 20);
  budget.set(large, 70);
  budget.set(small, 0);
  budget.set(small, 20);
  assertEquals(gone, []);
  budget.set(late, 30);
  assertEquals(gone, ["large"]);
  budget.set(late, 70);
  assertEquals(gone, ["large"]);
});
