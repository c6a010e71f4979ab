/** A folder that looks like `/sys`, with the sensors that a test says. */
import { dirname, join } from "@std/path";
import { withFolder } from "./temp_folder.ts";

/** Reading this file at its beginning fails with EIO, as a sensor that does not answer. */
export const FAILS_WITH_EIO = "/proc/self/mem";

export interface MadeUpSys {
  readonly root: string;
  /** Writes files by their paths below the root; `undefined` removes one. */
  set(files: Readonly<Record<string, string | undefined>>): Promise<void>;
  /** Makes a link below the root. */
  link(path: string, target: string): Promise<void>;
}

/** A DHT22, a DS18B20, a BME280 with raw channels, an LM75, a battery, and the processor's thermometer. */
export const BOARD: Readonly<Record<string, string>> = {
  "devices/platform/dht11@4/iio:device0/name": "dht11@4\n",
  "devices/platform/dht11@4/iio:device0/in_temp_input": "21400\n",
  "devices/platform/dht11@4/iio:device0/in_humidityrelative_input": "48200\n",
  "devices/i2c-1/1-0076/iio:device1/name": "bme280\n",
  "devices/i2c-1/1-0076/iio:device1/in_pressure_input": "101.325000000\n",
  "devices/i2c-1/1-0076/iio:device1/in_temp_raw": "512\n",
  "devices/i2c-1/1-0076/iio:device1/in_temp_offset": "-12\n",
  "devices/i2c-1/1-0076/iio:device1/in_temp_scale": "50.5\n",
  "bus/w1/devices/28-0316a2795fff/w1_slave":
    "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n",
  "bus/w1/devices/w1_bus_master1/w1_master_name": "w1_bus_master1\n",
  "devices/i2c-1/1-0048/name": "lm75\n",
  "class/hwmon/hwmon0/name": "lm75\n",
  "class/hwmon/hwmon0/temp1_input": "25500\n",
  "class/hwmon/hwmon0/temp1_max": "80000\n",
  "class/hwmon/hwmon1/name": "ina219\n",
  "class/hwmon/hwmon1/in1_input": "3301\n",
  "class/hwmon/hwmon1/power1_input": "1250000\n",
  "class/thermal/thermal_zone0/type": "cpu-thermal\n",
  "class/thermal/thermal_zone0/temp": "48312\n",
};

const LINKS: Readonly<Record<string, string>> = {
  "bus/iio/devices/iio:device0": "devices/platform/dht11@4/iio:device0",
  "bus/iio/devices/iio:device1": "devices/i2c-1/1-0076/iio:device1",
  "class/hwmon/hwmon0/device": "devices/i2c-1/1-0048",
};

/** Calls `work` with a folder that has these files, and the links of a board where it is one. */
export async function withSys(
  files: Readonly<Record<string, string>>,
  work: (sys: MadeUpSys) => Promise<void>,
): Promise<void> {
  await withFolder(async (root) => {
    const sys: MadeUpSys = {
      root,
      async set(files) {
        for (const [path, text] of Object.entries(files)) {
          const file = join(root, path);
          if (text === undefined) await Deno.remove(file, { recursive: true });
          else {
            await Deno.mkdir(dirname(file), { recursive: true });
            await Deno.writeTextFile(file, text);
          }
        }
      },
      async link(path, target) {
        const file = join(root, path);
        await Deno.mkdir(dirname(file), { recursive: true });
        await Deno.remove(file).catch(() => {});
        await Deno.symlink(target, file);
      },
    };
    await sys.set(files);
    for (const [path, target] of Object.entries(LINKS)) {
      if (Object.keys(files).some((file) => file.startsWith(`${target}/`))) {
        await sys.link(path, join(root, target));
      }
    }
    await work(sys);
  });
}
