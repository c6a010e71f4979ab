/** The template on a sensor that is a table of registers. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { handle_task } from "../../../../agents/templates/bme280.ts";
import type { Agent, I2cPart } from "../../../../agents/types.d.ts";

/** The example of the data sheet of the BMP280 (Bosch BST-BMP280-DS001, "Calculating pressure and temperature"). */
const EXAMPLE = {
  t: [27_504, 26_435, -1000],
  p: [36_477, -10_685, 3024, 2855, 140, -7, 15_500, -14_600, 6000],
  adcT: 519_888,
  adcP: 415_148,
  temperature: 25.08,
  pressure: 1006.53,
};

/** A common calibration of a BME280's humidity: H1 to H6. */
const HUMIDITY = [75, 362, 0, 324, 50, 30] as const;
const ADC_H = 28_000;

function registersOf(id: number): Uint8Array {
  const registers = new Uint8Array(256);
  const view = new DataView(registers.buffer);
  registers[0xd0] = id;
  [...EXAMPLE.t, ...EXAMPLE.p].forEach((value, index) => view.setInt16(0x88 + 2 * index, value, true));
  const [h1, h2, h3, h4, h5, h6] = HUMIDITY;
  registers[0xa1] = h1;
  view.setInt16(0xe1, h2, true);
  registers[0xe3] = h3;
  registers.set([h4 >> 4, (h4 & 0x0f) | ((h5 & 0x0f) << 4), h5 >> 4, h6], 0xe4);
  const twenty = (at: number, adc: number) =>
    registers.set([adc >> 12, (adc >> 4) & 0xff, (adc & 0x0f) << 4], at);
  twenty(0xf7, EXAMPLE.adcP);
  twenty(0xfa, EXAMPLE.adcT);
  view.setUint16(0xfd, ADC_H);
  return registers;
}

/** @param written what the agent writes @param looks how often the sensor is still busy */
function agentWith(registers: Uint8Array, written: (readonly number[])[] = [], looks = 0): Agent {
  const transfer = ([select, read]: readonly I2cPart[]) => {
    assert(select !== undefined && "write" in select && read !== undefined && "read" in read);
    const [first = 0] = select.write;
    const bytes = registers.slice(first, first + read.read);
    if (first === 0xf3) bytes[0] = looks-- > 0 ? 0x08 : 0;
    return Promise.resolve([bytes]);
  };
  const write = (bytes: Uint8Array | readonly number[]) => Promise.resolve(void written.push([...bytes]));
  const i2c = (bus: number, address: number) => {
    assertEquals([bus, address], [1, 0x76]);
    return Promise.resolve({ transfer, write });
  };
  return { state: {}, i2c } as unknown as Agent;
}

/** The data sheet's formula in whole numbers, in percent. */
function wholeHumidity(fine: number): number {
  const [h1, h2, h3, h4, h5, h6] = HUMIDITY;
  const x = fine - 76_800;
  const left = ((ADC_H << 14) - (h4 << 20) - h5 * x + 16_384) >> 15;
  const right = ((((((x * h6) >> 10) * (((x * h3) >> 11) + 32_768)) >> 10) + 2_097_152) * h2 + 8192) >> 14;
  const raw = left * right;
  const y = raw - (((((raw >> 15) * (raw >> 15)) >> 7) * h1) >> 4);
  return (Math.min(Math.max(y, 0), 419_430_400) >> 12) / 1024;
}

Deno.test("a BMP280 gives the values of the data sheet's example, once it has measured", async () => {
  const written: (readonly number[])[] = [];
  const { temperature, pressure, humidity } = await handle_task(agentWith(registersOf(0x58), written, 2));
  assertEquals([temperature, pressure, humidity], [EXAMPLE.temperature, EXAMPLE.pressure, undefined]);
  assertEquals(written, [[0xf4, 0x25]]);
});

Deno.test("a BME280 gives humidity, too, as the data sheet's formula in whole numbers does", async () => {
  const written: (readonly number[])[] = [];
  const { temperature, humidity = NaN } = await handle_task(agentWith(registersOf(0x60), written));
  assertEquals([temperature, written], [EXAMPLE.temperature, [[0xf2, 0x01], [0xf4, 0x25]]]);
  assert(humidity > 5 && humidity < 95, `humidity is ${humidity}`);
  // 128,422 is the example's fine temperature.
  assert(Math.abs(humidity - wholeHumidity(128_422)) < 0.05, `${humidity} and ${wholeHumidity(128_422)}`);
});

Deno.test("another chip, and one that does not finish, are told", async () => {
  await assertRejects(
    () => handle_task(agentWith(registersOf(0x61))),
    Error,
    "its id is 0x61, not 0x60 or 0x58",
  );
  await assertRejects(() => handle_task(agentWith(registersOf(0x60), [], 100)), Error, "does not finish");
});
