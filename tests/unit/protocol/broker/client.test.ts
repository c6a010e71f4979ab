/** How the MQTT libraries are used. */
import { assertEquals } from "@std/assert";
import { PassThrough } from "node:stream";
import mqttPacket from "mqtt-packet";
import "../../../../protocol/broker/client.ts";

Deno.test("packets are written without a table of all numbers of two bytes, which takes 7 MB and 10 ms", async () => {
  assertEquals(mqttPacket.writeToStream.cacheNumbers, false);
  const before = Deno.memoryUsage().heapUsed;
  const stream = new PassThrough();
  mqttPacket.writeToStream({ cmd: "unsubscribe", messageId: 0x1234, unsubscriptions: ["a"] }, stream);
  // The library uncorks the stream in the next turn.
  await new Promise((resolve) => stream.once("readable", resolve));
  stream.end();
  const written = await Array.fromAsync(stream);
  assertEquals(written.flatMap((chunk) => [...chunk]), [0xa2, 5, 0x12, 0x34, 0, 1, 97]);
  assertEquals(Deno.memoryUsage().heapUsed - before < 4e6, true);
});

Deno.test("the client writes by the very library that is set so", async () => {
  const lock = JSON.parse(await Deno.readTextFile(new URL("../../../../deno.lock", import.meta.url)));
  const versions = Object.keys(lock.npm).filter((name) => name.startsWith("mqtt-packet@"));
  assertEquals(versions.length, 1, versions.join());
});
