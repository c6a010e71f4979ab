import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DeviceError } from "../../../../runner/devices/device_error.ts";
import { Sensors } from "../../../../runner/devices/sensors.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { BOARD, FAILS_WITH_EIO, type MadeUpSys, withSys } from "../../../support/made_up_sys.ts";
import { untilSettled } from "../../../support/until.ts";

async function found(sensors: Sensors, id: string) {
  const sensor = (await sensors.list()).find((one) => one.id === id);
  assert(sensor !== undefined, `there is no ${id}`);
  return sensor;
}

async function withSensors(
  work: (here: { sensors: Sensors; clock: FakeClock; sys: MadeUpSys }) => Promise<void>,
): Promise<void> {
  await withSys(BOARD, async (sys) => {
    const clock = new FakeClock();
    await work({ sensors: new Sensors(sys.root, clock), clock, sys });
  });
}

const W1 = "bus/w1/devices/28-0316a2795fff/w1_slave";
const LM75 = "class/hwmon/hwmon0/temp1_input";

Deno.test("each source is read in its own unit", async () => {
  await withSensors(async ({ sensors, clock }) => {
    const values: Record<string, string> = {};
    for (const sensor of await sensors.list()) {
      const { value, unit, kind, sensor: id, timestamp } = await sensors.read(sensor);
      values[sensor.id] = `${value} ${unit}`;
      assertEquals([kind, id, timestamp], [sensor.kind, sensor.id, clock.epochSeconds()]);
    }
    assertEquals(values, {
      "iio/dht11@4/humidityrelative": "48.2 %",
      "iio/dht11@4/temp": "21.4 °C",
      "iio/1-0076/pressure": "1013.25 hPa",
      // (512 - 12) * 50.5 thousandths of a degree.
      "iio/1-0076/temp": "25.25 °C",
      "w1/28-0316a2795fff": "23.125 °C",
      "hwmon/1-0048/temp1": "25.5 °C",
      "hwmon/hwmon1/in1": "3.301 V",
      "hwmon/hwmon1/power1": "1.25 W",
      "thermal/thermal_zone0": "48.312 °C",
    });
  });
});

Deno.test("a sensor is read once a second at the most, whoever asks", async () => {
  await withSensors(async ({ sensors, clock, sys }) => {
    const lm75 = await found(sensors, "hwmon/1-0048/temp1");
    assertEquals((await sensors.read(lm75)).value, 25.5);
    await sys.set({ [LM75]: "30000\n" });
    await clock.advance(999);
    assertEquals((await sensors.read(lm75)).value, 25.5);
    await clock.advance(1);
    assertEquals((await sensors.read(lm75)).value, 30);
  });
});

Deno.test("a sensor that answers with EIO is tried again after the pause of its data sheet, and counted", async () => {
  await withSensors(async ({ sensors, clock, sys }) => {
    const dht = "devices/platform/dht11@4/iio:device0/in_temp_input";
    await sys.link(dht, FAILS_WITH_EIO);
    const reading = sensors.read(await found(sensors, "iio/dht11@4/temp"));
    await untilSettled("the first attempt has failed", () => sensors.failuresOf("iio/dht11@4/temp") === 1);
    // The time limit of all attempts, and the pause of a DHT22.
    await untilSettled("it waits for the next attempt", () => clock.pendingMs.length === 2);
    assertEquals(clock.pendingMs, [2000, 10_000]);
    await sys.set({ [dht]: undefined });
    await sys.set({ [dht]: "19900\n" });
    await clock.advance(2000);
    assertEquals((await reading).value, 19.9);
    assertEquals(sensors.failuresOf("iio/dht11@4/temp"), 1);
  });
});

Deno.test("after three attempts the agent is told what is wrong", async () => {
  await withSensors(async ({ sensors, clock, sys }) => {
    await sys.set({ [W1]: "ff ff : crc=00 NO\nff ff t=85000\n" });
    const sensor = await found(sensors, "w1/28-0316a2795fff");
    const failing = assertRejects(() => sensors.read(sensor), DeviceError);
    for (const failures of [1, 2]) {
      await untilSettled(
        "it waits",
        () => sensors.failuresOf(sensor.id) === failures && clock.pendingMs.length === 2,
      );
      await clock.advance(1000);
    }
    const { reason, message } = await failing;
    assertEquals(reason, "failed");
    assertEquals(
      message,
      "Cannot read w1/28-0316a2795fff: the checksum of the reading is wrong (tried 3 times)",
    );
    assertEquals(sensors.failuresOf(sensor.id), 3);
  });
});

Deno.test("a fault that the driver tells of is no reading", async () => {
  await withSensors(async ({ sensors, clock, sys }) => {
    await sys.set({ "class/hwmon/hwmon0/temp1_fault": "1\n" });
    const sensor = await found(sensors, "hwmon/1-0048/temp1");
    const failing = assertRejects(() => sensors.read(sensor), DeviceError, "reports a fault");
    for (const failures of [1, 2]) {
      await untilSettled(
        "it waits",
        () => sensors.failuresOf(sensor.id) === failures && clock.pendingMs.length === 2,
      );
      await clock.advance(100);
    }
    await failing;
  });
});

Deno.test("a sensor that is unplugged is said to be gone, and is read again once it is back", async () => {
  await withSensors(async ({ sensors, clock, sys }) => {
    const sensor = await found(sensors, "w1/28-0316a2795fff");
    await sys.set({ "bus/w1/devices/28-0316a2795fff": undefined });
    const { reason, message } = await assertRejects(() => sensors.read(sensor), DeviceError);
    assertEquals(reason, "not_found");
    assertStringIncludes(message, "it is no longer there");
    await clock.advance(1000);
    assertEquals((await sensors.list()).filter(({ id }) => id.startsWith("w1/")), []);
    await sys.set({ [W1]: BOARD[W1] });
    await clock.advance(1000);
    assertEquals((await sensors.read(await found(sensors, sensor.id))).value, 23.125);
  });
});

Deno.test("a driver that does not answer is given up after ten seconds, and is not asked a second time meanwhile", async () => {
  await withSensors(async ({ sensors, clock, sys }) => {
    await sys.set({ [LM75]: undefined });
    // Opening a pipe for reading waits for somebody who writes.
    const pipe = `${sys.root}/${LM75}`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const sensor = await found(sensors, "hwmon/1-0048/temp1");
    const failing = assertRejects(() => sensors.read(sensor), DeviceError, "no answer within 10 s");
    await clock.advance(10_000);
    assertEquals((await failing).reason, "timeout");
    await clock.advance(1000);
    const again = sensors.read(sensor);
    // One writer is enough for both: the second call has joined the first's read.
    await Deno.writeTextFile(pipe, "26000\n");
    assertEquals((await again).value, 26);
  });
});
