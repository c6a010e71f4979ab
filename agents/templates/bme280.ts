/**
 * Reads a BME280 (temperature, humidity, pressure) or a BMP280 (no humidity) on an I2C bus, and publishes what it measures.
 * The node opens the address for it. Registers and formulas are those of Bosch's data sheet. With `simulate` it makes
 * readings up, for trying things out.
 */
import type { Agent, I2cDevice } from "../types.d.ts";

interface Parameters {
  /** The N of /dev/i2c-N. */
  readonly bus: number;
  /** Address of the sensor on the bus. */
  readonly address: "0x76" | "0x77";
  /** Whether to publish made-up readings, without a sensor. */
  readonly simulate: boolean;
  /** Topic for readings. */
  readonly topic: string;
}

/** Degrees Celsius, percent and hectopascals. */
interface Measured {
  readonly temperature: number;
  readonly humidity?: number;
  readonly pressure: number;
  /** It is made up. */
  readonly simulated?: true;
}

/** What the sensor was calibrated to, as the data sheet names it: T1 to T3, P1 to P9, H1 to H6. */
interface Calibration {
  readonly t: readonly number[];
  readonly p: readonly number[];
  /** Of a BME280. */
  readonly h: readonly number[] | undefined;
}

const PARAMETERS: Parameters = {
  "bus": 1,
  "address": "0x76",
  "simulate": false,
  "topic": "sensors/weather",
};

const BME280 = 0x60;
const BMP280 = 0x58;

export async function setup(agent: Agent): Promise<void> {
  const { temperature } = await measure(agent);
  const what = PARAMETERS.simulate ? "made-up readings" : `${PARAMETERS.bus}:${PARAMETERS.address}`;
  await agent.set_status(`reading ${what}`);
  await agent.log(`BME280 ready (${what}): ${temperature} C`);
}

export async function process(agent: Agent): Promise<void> {
  const measured = await measure(agent);
  const { temperature, humidity, pressure } = measured;
  await agent.reading("temperature", temperature);
  if (humidity !== undefined) await agent.reading("humidity", humidity);
  await agent.reading("pressure", pressure);
  await agent.publish(PARAMETERS.topic, { ...measured, node: agent.node });
}

export async function handle_task(agent: Agent): Promise<Measured> {
  return await measure(agent);
}

async function measure(agent: Agent): Promise<Measured> {
  if (PARAMETERS.simulate) return madeUp();
  const { bus, address } = PARAMETERS;
  const chip = (agent.state.chip ??= await agent.i2c(bus, Number(address))) as I2cDevice;
  const calibration = (agent.state.calibration ??= await calibrationOf(chip)) as Calibration;
  // Humidity, then temperature and pressure: each once, then the sensor sleeps again.
  if (calibration.h !== undefined) await chip.write([0xf2, 0x01]);
  await chip.write([0xf4, 0x25]);
  await measured(chip);
  return valuesOf(await registers(chip, 0xf7, 8), calibration);
}

/** A measurement takes up to 9.3 ms. */
async function measured(chip: I2cDevice): Promise<void> {
  for (let look = 0; look < 10; look++) {
    await new Promise((done) => setTimeout(done, 5));
    const [status = 0] = await registers(chip, 0xf3, 1);
    if ((status & 0x08) === 0) return;
  }
  throw new Error("The sensor does not finish its measurement: is it powered?");
}

async function calibrationOf(chip: I2cDevice): Promise<Calibration> {
  const [id = 0] = await registers(chip, 0xd0, 1);
  if (id !== BME280 && id !== BMP280) {
    throw new Error(`There is no BME280 at this address: its id is 0x${id.toString(16)}, not 0x60 or 0x58`);
  }
  const first = new DataView((await registers(chip, 0x88, 26)).buffer);
  const signed = (at: number) => first.getInt16(at, true);
  const unsigned = (at: number) => first.getUint16(at, true);
  const t = [unsigned(0), signed(2), signed(4)];
  const p = [unsigned(6), ...Array.from({ length: 8 }, (_, index) => signed(8 + 2 * index))];
  if (id === BMP280) return { t, p, h: undefined };
  const more = new DataView((await registers(chip, 0xe1, 7)).buffer);
  const shared = more.getUint8(4);
  const h4 = more.getInt8(3) * 16 + (shared & 0x0f);
  const h5 = more.getInt8(5) * 16 + (shared >> 4);
  const h = [first.getUint8(25), more.getInt16(0, true), more.getUint8(2), h4, h5, more.getInt8(6)];
  return { t, p, h };
}

async function registers(chip: I2cDevice, first: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const [bytes] = await chip.transfer([{ write: [first] }, { read: count }]);
  return bytes ?? new Uint8Array(count);
}

/** @param data of the registers from 0xF7 */
function valuesOf(data: Uint8Array, { t, p, h }: Calibration): Measured {
  const twenty = (at: number) =>
    ((data[at] ?? 0) << 12) | ((data[at + 1] ?? 0) << 4) | ((data[at + 2] ?? 0) >> 4);
  const fine = fineTemperature(twenty(3), t);
  const humidity = h === undefined ? {} : {
    humidity: rounded(relativeHumidity(((data[6] ?? 0) << 8) | (data[7] ?? 0), fine, h)),
  };
  return {
    temperature: rounded(fine / 5120),
    ...humidity,
    pressure: rounded(pascals(twenty(0), fine, p) / 100),
  };
}

function fineTemperature(adc: number, [t1 = 0, t2 = 0, t3 = 0]: readonly number[]): number {
  return (adc / 16_384 - t1 / 1024) * t2 + (adc / 131_072 - t1 / 8192) ** 2 * t3;
}

function pascals(
  adc: number,
  fine: number,
  [p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0, p8 = 0, p9 = 0]: readonly number[],
): number {
  const x = fine / 2 - 64_000;
  const offset = (x * x * p6 / 32_768 + x * p5 * 2) / 4 + p4 * 65_536;
  const scale = (1 + (p3 * x * x / 524_288 + p2 * x) / 524_288 / 32_768) * p1;
  if (scale === 0) throw new Error("The sensor's calibration cannot be read: it is all zeros");
  const pressure = (1_048_576 - adc - offset / 4096) * 6250 / scale;
  return pressure + (p9 * pressure * pressure / 2_147_483_648 + pressure * p8 / 32_768 + p7) / 16;
}

function relativeHumidity(
  adc: number,
  fine: number,
  [h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0]: readonly number[],
): number {
  const x = fine - 76_800;
  const raw = (adc - (h4 * 64 + h5 / 16_384 * x)) *
    (h2 / 65_536 * (1 + h6 / 67_108_864 * x * (1 + h3 / 67_108_864 * x)));
  return Math.min(100, Math.max(0, raw * (1 - h1 * raw / 524_288)));
}

/** A room: warmer by day than by night, and a little noise. */
function madeUp(): Measured {
  const day = Math.sin(Date.now() / 86_400_000 * 2 * Math.PI);
  return {
    temperature: rounded(21 - 2 * day + Math.random() * 0.4),
    humidity: rounded(45 + 5 * day + Math.random()),
    pressure: rounded(1013 + 4 * day + Math.random() * 0.2),
    simulated: true,
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
