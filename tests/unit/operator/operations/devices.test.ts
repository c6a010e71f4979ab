import { assertEquals } from "@std/assert";
import { Fleet } from "../../../../operator/fleet/fleet.ts";
import { missingDevice } from "../../../../operator/operations/devices.ts";

const SENSOR = { id: "w1/28-1", kind: "temperature", unit: "°C", name: "w1_therm", of: "surroundings" };

function nodeWith(sensors: unknown) {
  const fleet = new Fleet();
  fleet.apply("nodes/n/devices", new TextEncoder().encode(JSON.stringify({ node: "n", sensors })), 0);
  return fleet.node("n");
}

Deno.test("what a node says it has not is told before anything is sent", () => {
  const node = nodeWith([SENSOR]);
  assertEquals(missingDevice(node, { sensors: ["temperature", "w1/28-1"] }), undefined);
  assertEquals(
    missingDevice(node, { sensors: ["temperature", "humidity"] }),
    "devices.sensors 'humidity': there is no such sensor; it has temperature (w1/28-1)",
  );
});

Deno.test("a node that does not say what it has is asked", () => {
  assertEquals(missingDevice(undefined, { sensors: ["humidity"] }), undefined);
  assertEquals(missingDevice(nodeWith([SENSOR]), undefined), undefined);
  assertEquals(missingDevice(nodeWith([SENSOR]), { sensors: "humidity" }), undefined);
});

Deno.test("of what anybody may publish as an inventory only sensors are kept, with the kind that their id tells", () => {
  const others = [1, null, {}, { id: 1 }, { id: "x" }, { id: "w1/../x" }, { id: `w1/${"x".repeat(400)}` }];
  const odd = { id: "iio/a/temp", kind: "gold", unit: "kg", name: 7, of: "moon" };
  assertEquals(nodeWith([...others, odd])?.sensors, [
    { id: "iio/a/temp", kind: "temperature", unit: "°C", name: "", of: "surroundings" },
  ]);
  assertEquals(nodeWith("all")?.sensors, []);
  assertEquals(nodeWith(Array.from({ length: 1000 }, () => SENSOR))?.sensors?.length, 256);
});
