import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  deviceCovers,
  deviceProblem,
  deviceRuleProblem,
  NO_DEVICES,
} from "../../../../protocol/devices/devices.ts";
import { withImplied } from "../../../../protocol/devices/implied.ts";
import { isDeviceRequest } from "../../../../protocol/devices/requests.ts";
import { noSuchSensor, sensorKindOf } from "../../../../protocol/devices/sensors.ts";

Deno.test("a package that only reads sensors asks for them, unless the config names its own", () => {
  const sensors = (install: string[], named: string[] = []) =>
    withImplied({ ...NO_DEVICES, sensors: named }, install).sensors;
  assertEquals(sensors(["pypi:Adafruit_CircuitPython_DHT>=4"]), ["temperature", "humidity"]);
  assertEquals(sensors(["adafruit-circuitpython-dht"], ["w1/28-1"]), ["w1/28-1"]);
  assertEquals(sensors(["npm:ms", "rich", "constructor", "pypi:constructor"]), []);
});

Deno.test("the id of a sensor tells its kind, and what is no id has none", () => {
  const kinds = [
    "w1/28-0316a2795fff",
    "thermal/thermal_zone0",
    "hwmon/0-0048/temp1",
    "hwmon/hwmon1/in0",
    "iio/dht11@4/humidityrelative",
    "iio/1-0076/pressure",
    "iio/iio:device0/illuminance",
  ].map(sensorKindOf);
  assertEquals(kinds, [
    "temperature",
    "temperature",
    "temperature",
    "voltage",
    "humidity",
    "pressure",
    "light",
  ]);
  const none = [
    "",
    "w1/",
    "w1/a/temp1",
    "hwmon/a",
    "hwmon/a/temp1/b",
    "hwmon/a b/temp1",
    "x/a/temp1",
    "hwmon/a/constructor",
    "iio/a/fan1",
    "/hwmon/a/temp1",
  ];
  assertEquals(none.filter((id) => sensorKindOf(id) !== undefined), []);
});

Deno.test("a kind covers the sensors of that kind, a pattern covers ids alone", () => {
  const covered = (rule: string, entry: string) => deviceCovers("sensors", [rule], entry);
  assert(covered("temperature", "temperature"));
  assert(covered("temperature", "w1/28-0316a2795fff"));
  assert(covered("*", "power"));
  assert(covered("w1/*", "w1/28-0316a2795fff"));
  assert(covered("w1/28-0316a2795fff", "w1/28-0316a2795fff"));
  assert(!covered("w1/28-0316a2795fff", "temperature"));
  assert(!covered("w1/*", "temperature"));
  assert(!covered("temperature", "hwmon/a/power1"));
  assert(!covered("w1/*", "iio/a/temp"));
  assert(!deviceCovers("sensors", [], "temperature"));
});

Deno.test("entries and rules have the form of a kind, of an id, or of a pattern", () => {
  assertEquals(deviceProblem("sensors", "light"), undefined);
  assertEquals(deviceRuleProblem("sensors", "iio/*/temp"), undefined);
  assertEquals(deviceRuleProblem("sensors", "*"), undefined);
  assertStringIncludes(
    String(deviceProblem("sensors", `w1/${"x".repeat(300)}`)),
    "must have at most 200 characters",
  );
  for (const rule of ["temp*", "/sys/*", `w1/${"*".repeat(300)}`]) assert(deviceRuleProblem("sensors", rule));
});

Deno.test("only requests of the protocol are requests", () => {
  assert(isDeviceRequest({ op: "sensors" }));
  assert(isDeviceRequest({ op: "read", sensor: "temperature" }));
  const others = [null, 1, "sensors", [], {}, { op: "write" }, { op: "read" }, { op: "read", sensor: 1 }];
  for (const other of [...others, { op: "read", sensor: "x".repeat(201) }]) assert(!isDeviceRequest(other));
});

Deno.test("a node says what it has in place of what it has not", () => {
  assertEquals(noSuchSensor([]), "there is no such sensor; it has none at all");
  assertEquals(
    noSuchSensor([{ id: "w1/28-1", kind: "temperature" }]),
    "there is no such sensor; it has temperature (w1/28-1)",
  );
  const many = Array.from({ length: 12 }, (_, n) => ({ id: `w1/${n}`, kind: "temperature" as const }));
  assert(noSuchSensor(many).endsWith("temperature (w1/9), …"));
});
