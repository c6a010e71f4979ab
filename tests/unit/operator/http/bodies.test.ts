/** Bodies of requests: whole, or refused before they cost anything. */
import { assertEquals, assertRejects } from "@std/assert";
import { Bodies, RequestError } from "../../../../operator/http/bodies.ts";

/** A request whose body comes as it is told to. */
class Slow {
  readonly #controller = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  readonly request: Request;
  isCancelled = false;

  constructor(headers: HeadersInit = {}) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => this.#controller.resolve(controller),
      cancel: () => void (this.isCancelled = true),
    });
    this.request = new Request("http://x/", { method: "POST", body, headers });
  }

  async send(bytes: number): Promise<void> {
    (await this.#controller.promise).enqueue(new Uint8Array(bytes));
  }

  async end(): Promise<void> {
    (await this.#controller.promise).close();
  }
}

const LIMITS = { totalBytes: 200_000, patienceMs: 60_000 };
const codeOf = async (reading: Promise<unknown>) => (await assertRejects(() => reading, RequestError)).code;

Deno.test("a body comes whole, in as many pieces as it likes", async () => {
  const bodies = new Bodies(LIMITS);
  const slow = new Slow();
  const reading = bodies.read(slow.request, 100);
  for (const bytes of [60, 0, 40]) await slow.send(bytes);
  await slow.end();
  assertEquals((await reading).length, 100);
  assertEquals((await bodies.read(new Request("http://x/", { method: "POST" }), 100)).length, 0);
});

Deno.test("a body that says, or shows, that it is too large is refused at once", async () => {
  const bodies = new Bodies(LIMITS);
  const announced = new Slow({ "content-length": "101" });
  assertEquals(await codeOf(bodies.read(announced.request, 100)), "too_large");
  const growing = new Slow();
  const reading = bodies.read(growing.request, 100);
  await growing.send(101);
  assertEquals([await codeOf(reading), growing.isCancelled], ["too_large", true]);
});

Deno.test("a body that does not end is given up", async () => {
  const bodies = new Bodies({ ...LIMITS, patienceMs: 1 });
  const slow = new Slow();
  await slow.send(10);
  assertEquals([await codeOf(bodies.read(slow.request, 100)), slow.isCancelled], ["usage", true]);
});

Deno.test("all bodies together have a bound, which small ones do not feel, and which is free again", async () => {
  const bodies = new Bodies(LIMITS);
  const read = async (bytes: number) => {
    const slow = new Slow();
    const reading = bodies.read(slow.request, 1_000_000);
    reading.catch(() => {});
    await slow.send(bytes);
    return { slow, reading };
  };
  const first = await read(150_000);
  const second = await read(150_000);
  assertEquals(await codeOf(second.reading), "busy");
  const small = await read(1000);
  await small.slow.end();
  assertEquals((await small.reading).length, 1000);
  await first.slow.end();
  assertEquals((await first.reading).length, 150_000);
  const third = await read(150_000);
  await third.slow.end();
  assertEquals((await third.reading).length, 150_000);
});
