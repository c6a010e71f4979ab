import { assertEquals } from "@std/assert";
import { Fleet } from "../../../../operator/fleet/fleet.ts";
import { missingDevice } from "../../../../operator/operations/devices.ts";

const SENSOR = { id: "w1/28-1", kind: "temperature", unit: "°C", name: "w1_therm", of: "surroundings" };

function nodeWith(sensors: unknown, gpio?: unknown) {
  const fleet = new Fleet();
  fleet.apply("nodes/n/devices", new TextEncoder().encode(JSON.stringify({ node: "n", sensors, gpio })), 0);
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
  assertEquals(nodeWith([...others, odd])?.devices?.sensors, [
    { id: "iio/a/temp", kind: "temperature", unit: "°C", name: "", of: "surroundings" },
  ]);
  assertEquals(nodeWith("all")?.devices?.sensors, []);
  assertEquals(nodeWith(Array.from({ length: 1000 }, () => SENSOR))?.devices?.sensors?.length, 256);
});

Deno.test("a line that a node says it has not is told, with the lines that it has", () => {
  const node = nodeWith([], [{ chip: "gpiochip0", names: ["GPIO0", "GPIO1"] }, { chip: "mem" }, 1]);
  assertEquals(missingDevice(node, { gpio: ["GPIO1", "gpiochip0:40"] }), undefined);
  assertEquals(
    missingDevice(node, { gpio: ["GPIO17"] }),
    "devices.gpio 'GPIO17': there is no such line; gpiochip0 has GPIO0, GPIO1",
  );
  assertEquals(missingDevice(nodeWith([]), { gpio: ["GPIO17"] }), undefined);
  assertEquals(
    missingDevice(nodeWith([], []), { gpio: ["GPIO17"] }),
    "devices.gpio 'GPIO17': there is no GPIO chip that its kernel knows",
  );
});

Deno.test("who has a line, and why a chip cannot be used, is kept of an inventory, and nothing else", () => {
  const chip = {
    chip: "gpiochip0",
    names: ["GPIO0"],
    holders: { 0: "lamp", x: "a", 1: "no name!" },
    problem: { code: "hidden", more: 1 },
  };
  assertEquals(nodeWith([], [chip])?.devices?.gpio, [
    { chip: "gpiochip0", names: ["GPIO0"], holders: { "0": "lamp" }, problem: { code: "hidden" } },
  ]);
});

Deno.test("a bus and a port that a node says it has not are told, with what it has", () => {
  const fleet = new Fleet();
  const has = {
    i2c: [{ bus: 0, name: "SMBus" }],
    serial: [{ path: "/dev/ttyACM0", links: ["/dev/serial/by-id/usb-x"] }],
  };
  fleet.apply("nodes/n/devices", new TextEncoder().encode(JSON.stringify(has)), 0);
  const missing = (devices: object) => missingDevice(fleet.node("n"), devices);
  assertEquals(missing({ i2c: ["0:0x76"], serial: ["/dev/serial/by-id/usb-x", "/dev/ttyACM0"] }), undefined);
  assertEquals(missing({ i2c: ["1:0x76"] }), "devices.i2c '1:0x76': there is no such bus; it has 0 (SMBus)");
  assertEquals(
    missing({ serial: ["/dev/ttyUSB0"] }),
    "devices.serial '/dev/ttyUSB0': there is no such port; it has /dev/serial/by-id/usb-x",
  );
  // Names that a node does not list may lead to a port: it looks itself.
  assertEquals(missing({ serial: ["/dev/serial0"] }), undefined);
});
