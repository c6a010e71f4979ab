import { assertEquals } from "@std/assert";
import { findSensors } from "../../../../runner/devices/inventory.ts";
import { BOARD, withSys } from "../../../support/made_up_sys.ts";

const listed = async (root: string) => (await findSensors(root)).map(({ id, name }) => `${id} ${name}`);

Deno.test("the inventory has every sensor once, those of the machine itself last", async () => {
  await withSys(BOARD, async ({ root }) => {
    assertEquals(await listed(root), [
      "iio/dht11@4/humidityrelative dht11@4",
      "iio/dht11@4/temp dht11@4",
      "iio/1-0076/pressure bme280",
      "iio/1-0076/temp bme280",
      "w1/28-0316a2795fff w1_therm",
      "hwmon/1-0048/temp1 lm75",
      "hwmon/hwmon1/in1 ina219",
      "hwmon/hwmon1/power1 ina219",
      "thermal/thermal_zone0 cpu-thermal",
    ]);
    const [first, ...others] = await findSensors(root);
    assertEquals([first?.kind, first?.unit, first?.of], ["humidity", "%", "surroundings"]);
    assertEquals(others.at(-1)?.of, "machine");
  });
});

Deno.test("what the kernel shows a second time as hwmon is listed once", async () => {
  await withSys(BOARD, async ({ root, set, link }) => {
    await set({ "class/hwmon/hwmon2/name": "w1_slave_temp\n", "class/hwmon/hwmon2/temp1_input": "23125\n" });
    await link("class/hwmon/hwmon2/device", `${root}/bus/w1/devices/28-0316a2795fff`);
    await set({ "class/hwmon/hwmon3/name": "cpu_thermal\n", "class/hwmon/hwmon3/temp1_input": "48312\n" });
    await link("class/hwmon/hwmon3/device", `${root}/class/thermal/thermal_zone0`);
    assertEquals((await listed(root)).filter((line) => /28-0316|thermal_zone0/.test(line)), [
      "w1/28-0316a2795fff w1_therm",
      "thermal/thermal_zone0 cpu-thermal",
    ]);
  });
});

Deno.test("the processor's thermometer is the machine's, also where hwmon has it", async () => {
  await withSys(
    { "class/hwmon/hwmon0/name": "k10temp\n", "class/hwmon/hwmon0/temp1_input": "1\n" },
    async (sys) => {
      assertEquals((await findSensors(sys.root)).map(({ of }) => of), ["machine"]);
    },
  );
});

Deno.test("a value that the driver computes goes before the converter's", async () => {
  const folder = "devices/a/iio:device0";
  await withSys(
    { [`${folder}/in_temp_raw`]: "1\n", [`${folder}/in_temp_input`]: "2\n" },
    async ({ root, link }) => {
      await link("bus/iio/devices/iio:device0", `${root}/${folder}`);
      assertEquals((await findSensors(root)).map(({ file }) => file.split("/").at(-1)), ["in_temp_input"]);
    },
  );
});

Deno.test("a machine without sensors, or without /sys, has none", async () => {
  await withSys({}, async ({ root }) => assertEquals(await findSensors(root), []));
  assertEquals(await findSensors("/nonexistent"), []);
});
