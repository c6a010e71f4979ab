import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type DeviceParts, Handles } from "../../../../agents/harness/device_parts.ts";
import { openLine } from "../../../../agents/harness/gpio.ts";
import { createPythonApi } from "../../../../agents/harness/python/api.ts";
import type { Agent, GpioEdge, GpioLineOptions } from "../../../../agents/types.d.ts";
import type { DeviceRequest } from "../../../../protocol/devices/requests.ts";
import type { Edge } from "../../../../protocol/devices/gpio.ts";
import { settled } from "../../../support/fake_clock.ts";

function setUp() {
  const asked: DeviceRequest[] = [];
  const stopping = new AbortController();
  const handles = new Handles();
  const parts: DeviceParts = {
    ask: (request) => {
      asked.push(request);
      return Promise.resolve(request.op === "open" ? 7 : 1);
    },
    call: (work) => void work(),
    signal: stopping.signal,
    handles,
  };
  const lines = { open: (line: string, options: GpioLineOptions) => openLine(parts, line, options) };
  const edges = (edges: readonly Edge[], lost = 0) =>
    handles.receive({ t: "device_event", handle: 7, event: { edges, lost } });
  return { asked, lines, edges, stopping, handles };
}

Deno.test("a line is read, written and closed by its handle", async () => {
  const { lines, asked } = setUp();
  const line = await lines.open("GPIO17", { direction: "out", safe: 0 });
  assertEquals(await line.read(), 1);
  await line.write(true);
  await line.close();
  await line.close();
  assertEquals(asked.slice(1), [
    { op: "act", handle: 7, action: { do: "level" } },
    { op: "act", handle: 7, action: { do: "set", value: 1 } },
    { op: "close", handle: 7 },
  ]);
  await assertRejects(() => line.write(2 as 1), TypeError, "the value must be 0 or 1");
  await assertRejects(
    () => lines.open("GPIO17", { direction: "out" }),
    TypeError,
    "Cannot open line GPIO17: safe",
  );
});

Deno.test("an iterator gets the changes in order, those from before it began too, until the line is closed", async () => {
  const { lines, edges } = setUp();
  const line = await lines.open("GPIO17", { edges: "both" });
  edges([[1, 1], [2, 0]]);
  const seen: GpioEdge[] = [];
  const reading = (async () => {
    for await (const edge of line.edges()) seen.push(edge);
  })();
  await settled();
  edges([[3, 1]], 2);
  await settled();
  await line.close();
  await reading;
  assertEquals(seen.map(({ timestamp, value }) => [timestamp, value]), [[1, 1], [2, 0], [3, 1]]);
  assertEquals(line.lost, 2);
});

Deno.test("a handler gets each change until it is taken back", async () => {
  const { lines, edges } = setUp();
  const line = await lines.open("GPIO17", { edges: "both" });
  const seen: number[] = [];
  const end = line.onEdge(({ timestamp }) => seen.push(timestamp));
  edges([[1, 1], [2, 0]]);
  end();
  edges([[3, 1]]);
  assertEquals(seen, [1, 2]);
  assertThrows(() => line.onEdge(1 as never), TypeError, "the handler must be a function");
});

Deno.test("of changes that nobody takes the newest 1024 wait, and the others are counted", async () => {
  const { lines, edges } = setUp();
  const line = await lines.open("GPIO17", { edges: "both" });
  for (let index = 0; index < 2000; index++) edges([[index, 1]]);
  assertEquals(line.lost, 2000 - 1024);
  assertEquals((await line.edges().next()).value?.timestamp, 2000 - 1024);
});

Deno.test("changes that come before the answer to the opening are not lost", async () => {
  const { lines, edges } = setUp();
  edges([[1, 1]]);
  const line = await lines.open("GPIO17", { edges: "both" });
  assertEquals((await line.edges().next()).value, { value: 1, timestamp: 1 });
});

Deno.test("an iterator ends with the agent, and fails with the device host", async () => {
  const stopped = setUp();
  const one = await stopped.lines.open("GPIO17", { edges: "both" });
  const ending = one.edges().next();
  stopped.stopping.abort();
  assertEquals((await ending).done, true);
  const gone = setUp();
  const other = await gone.lines.open("GPIO17", { edges: "both" });
  const failing = assertRejects(() => other.edges().next(), Error, "the device host has ended");
  gone.handles.fail(7, new Error("the device host has ended"));
  await failing;
});

Deno.test("Python gets a line as functions, and changes as JSON", async () => {
  const { lines, edges } = setUp();
  const agent = { gpio: (line: string, options: never) => lines.open(line, options) } as unknown as Agent;
  const line = await createPythonApi(agent).gpio?.("GPIO17", '{"edges":"both"}') as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  edges([[1.5, 1]]);
  assertEquals([await line.read?.(), await line.next_edge?.()], [1, '{"value":1,"timestamp":1.5}']);
  await line.close?.();
  assertEquals(await line.next_edge?.(), undefined);
});
