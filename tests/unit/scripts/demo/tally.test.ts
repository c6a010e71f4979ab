import { assertEquals } from "@std/assert";
import { Tally } from "../../../../scripts/demo/tally.ts";

const SENSOR_ID = "17561c67-335f-5ec9-ae51-71d168d17181";
const arrival = (topic: string, value: unknown) => ({
  topic,
  payload: new TextEncoder().encode(JSON.stringify(value)),
});
const open = () => new Tally("pi", "sensor", "sensors/temperature");

Deno.test("tally misses everything before anything has arrived", () => {
  assertEquals(open().missing(), [
    "the node's birth message on nodes/pi/status",
    "heartbeats of sensor",
    "readings on sensors/temperature",
  ]);
});

Deno.test("tally misses nothing once the node, the sensor's heartbeat and a reading have arrived", () => {
  const tally = open();
  tally.add(arrival("nodes/pi/status", { status: "online" }));
  tally.add(arrival(`agents/${SENSOR_ID}/heartbeat`, { state: "running" }));
  tally.add(arrival("sensors/temperature", { value: 0 }));
  assertEquals([tally.missing(), tally.isOnline], [[], true]);
  assertEquals(tally.summary(), "1 reading and 1 heartbeat arrived");
});

Deno.test("tally counts nothing that only looks like it", () => {
  const tally = open();
  tally.add(arrival("nodes/pi/status", { status: "offline" }));
  tally.add(arrival(`agents/${SENSOR_ID}/heartbeat`, { state: "failed" }));
  tally.add(arrival("agents/another/heartbeat", { state: "running" }));
  tally.add(arrival("sensors/temperature", { value: "warm" }));
  tally.add(arrival("sensors/temperature", null));
  tally.add({ topic: "sensors/temperature", payload: new Uint8Array([0xff]) });
  assertEquals([tally.missing().length, tally.isOnline], [3, false]);
  assertEquals(tally.summary(), "0 readings and 0 heartbeats arrived");
});
