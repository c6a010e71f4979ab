/** Reads the node's sensors for its agents: each at most once a second, with retries and a time limit. */
import type { Reading } from "../../protocol/devices/sensors.ts";
import type { Clock } from "../clock.ts";
import { DeviceError } from "./device_error.ts";
import { readNumber, readWire, rounded } from "./channels.ts";
import { findSensors, type FoundSensor } from "./inventory.ts";

/** The maximum age of a reading, and the minimum time between two readings of a sensor. */
const FRESH_MS = 1000;
/** The maximum age of the list of sensors. */
const LIST_MS = 1000;
const ATTEMPTS = 3;
/** Time limit for all attempts together. */
const TIME_LIMIT_MS = 10_000;

/** How long a sensor needs between two readings, by its data sheet, in milliseconds. */
function pauseMs({ source, name }: FoundSensor): number {
  // DHT22 (AM2302): at least 2 s between readings. DS18B20: a conversion takes up to 750 ms.
  if (name.startsWith("dht")) return 2000;
  return source === "w1" ? 1000 : 100;
}

interface Recent {
  readonly atMs: number;
  readonly reading: Promise<Reading>;
}

/**
 * Invariants: no sensor is read twice at the same time, even if a read hangs; callers during a read share its result.
 */
export class Sensors {
  #list: { readonly atMs: number; readonly found: Promise<FoundSensor[]> } | undefined;
  readonly #recent = new Map<string, Recent>();
  /** Reads that have not returned, by file: a read cannot be cancelled. */
  readonly #underWay = new Map<string, Promise<string>>();
  readonly #failures = new Map<string, number>();

  /** @param sys where the kernel shows its devices */
  constructor(private readonly sys: string, private readonly clock: Clock) {}

  /** All sensors, those that measure the surroundings first. */
  list(): Promise<readonly FoundSensor[]> {
    const now = this.clock.monotonicMs();
    if (this.#list === undefined || now - this.#list.atMs >= LIST_MS) {
      this.#list = { atMs: now, found: this.#find() };
    }
    return this.#list.found;
  }

  /** How many attempts to read the sensor have failed since it appeared. */
  failuresOf(id: string): number {
    return this.#failures.get(id) ?? 0;
  }

  /** @throws DeviceError */
  read(sensor: FoundSensor): Promise<Reading> {
    const now = this.clock.monotonicMs();
    const recent = this.#recent.get(sensor.id);
    if (recent !== undefined && now - recent.atMs < FRESH_MS) return recent.reading;
    const reading = this.#readInTime(sensor);
    const entry = { atMs: Infinity, reading };
    this.#recent.set(sensor.id, entry);
    const done = () => void this.#recent.set(sensor.id, { atMs: this.clock.monotonicMs(), reading });
    reading.then(done, done);
    return reading;
  }

  async #find(): Promise<FoundSensor[]> {
    const found = await findSensors(this.sys);
    const ids = new Set(found.map(({ id }) => id));
    for (const map of [this.#failures, this.#recent]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
    return found;
  }

  async #readInTime(sensor: FoundSensor): Promise<Reading> {
    const over = new AbortController();
    const late = this.clock.sleep(TIME_LIMIT_MS, over.signal).then((isLate): never | undefined => {
      if (!isLate) return undefined;
      this.#count(sensor);
      over.abort();
      throw new DeviceError(
        "timeout",
        `Cannot read ${sensor.id}: no answer within ${TIME_LIMIT_MS / 1000} s`,
      );
    });
    try {
      // `late` resolves only once the reading is there.
      return await Promise.race([this.#readAgain(sensor, over.signal), late]) as Reading;
    } finally {
      over.abort();
    }
  }

  async #readAgain(sensor: FoundSensor, signal: AbortSignal): Promise<Reading> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#readOnce(sensor);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound || codeOf(error) === "ENODEV") {
          throw new DeviceError("not_found", `Cannot read ${sensor.id}: it is no longer there`);
        }
        if (!signal.aborted) this.#count(sensor);
        const isLast = attempt >= ATTEMPTS || !await this.clock.sleep(pauseMs(sensor), signal);
        if (!isLast) continue;
        const { message } = error as Error;
        throw new DeviceError("failed", `Cannot read ${sensor.id}: ${message} (tried ${attempt} times)`);
      }
    }
  }

  async #readOnce({ id, kind, unit, source, file, channel }: FoundSensor): Promise<Reading> {
    const text = await this.#textOf(file);
    const number = source === "w1" ? readWire(text) : readNumber(text);
    const native = channel.isRaw ? await this.#scaled(file, number) : number;
    if (source === "hwmon" && await this.#isFaulty(file)) throw new Error("the sensor reports a fault");
    const timestamp = this.clock.epochSeconds();
    return { value: rounded(native * channel.factor), unit, kind, sensor: id, timestamp };
  }

  /** `(raw + offset) * scale`; a value shared by all channels of a kind is in a file without a channel number. */
  async #scaled(file: string, raw: number): Promise<number> {
    const setting = async (name: string, otherwise: number) => {
      for (const stem of [file.replace(/_raw$/, ""), file.replace(/\d{0,3}_raw$/, "")]) {
        const text = await Deno.readTextFile(`${stem}_${name}`).catch(() => undefined);
        if (text !== undefined) return readNumber(text);
      }
      return otherwise;
    };
    return (raw + await setting("offset", 0)) * await setting("scale", 1);
  }

  async #isFaulty(file: string): Promise<boolean> {
    const fault = await Deno.readTextFile(file.replace(/_input$/, "_fault")).catch(() => "0");
    return fault.trim() === "1";
  }

  #textOf(file: string): Promise<string> {
    const known = this.#underWay.get(file);
    if (known !== undefined) return known;
    const reading = Deno.readTextFile(file);
    this.#underWay.set(file, reading);
    const done = () => void this.#underWay.delete(file);
    reading.then(done, done);
    return reading;
  }

  #count({ id }: FoundSensor): void {
    this.#failures.set(id, this.failuresOf(id) + 1);
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
