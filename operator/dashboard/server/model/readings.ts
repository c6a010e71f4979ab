/** Series of the numbers that agents published in the last hour. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { MAX_UNIT_CHARS } from "../../../../protocol/readings.ts";
import { filterMatches } from "../../../../protocol/topics.ts";
import type { Reading } from "../../wire.ts";
import { readJson, textOf } from "./fields.ts";
import { Series } from "./series.ts";

/** One value every three seconds for an hour. */
const MIN_STEP_SECONDS = 3;
const CAPACITY = 1200;
const AGE_SECONDS = 3600;
/** Maximum series of all topics together; those that have been silent longest are dropped first. */
const MAX_SERIES = 2500;
/** Maximum numbers tracked from one payload. */
const MAX_FIELDS = 8;
/** How deep objects are searched: `{"reading": {"value": 1}}`, and no deeper. */
const MAX_DEPTH = 2;
/** A larger payload is an image or a document, not a reading. */
const MAX_PAYLOAD_BYTES = 16 * 1024;
/** Fields that hold times or ids, not measurements. */
const NOT_MEASURED = new Set(["timestamp", "time", "ts", "seq", "id"]);

/** The newest value of a series. */
export interface LatestReading {
  readonly topic: string;
  readonly field: string;
  readonly value: number;
  readonly unit: string | null;
  /** Epoch seconds. */
  readonly time: number;
}

/** A number in a payload. */
export interface NewReading {
  readonly field: string;
  readonly value: number;
  readonly unit: string | null;
}

export class Readings {
  readonly #topics = new Map<string, Map<string, Series>>();
  /** By topic and field. */
  readonly #units = new Map<string, ReadonlyMap<string, string>>();
  #series = 0;

  /** Processes a payload. @param now epoch seconds @returns what it added */
  add(topic: string, payload: Uint8Array, now: number): readonly NewReading[] {
    const known = this.#topics.get(topic);
    if (known !== undefined && !isDue(known, now)) return [];
    if (payload.length > MAX_PAYLOAD_BYTES) return [];
    const json = readJson(payload);
    const numbers = numbersIn(json);
    if (numbers.length === 0) return [];
    const fields = known ?? new Map<string, Series>();
    for (const [field, value] of numbers) {
      let series = fields.get(field);
      if (series === undefined) {
        if (fields.size >= MAX_FIELDS) continue;
        series = new Series(1, CAPACITY, AGE_SECONDS);
        fields.set(field, series);
        this.#series += 1;
      }
      series.add(now, [value]);
    }
    this.#topics.delete(topic);
    this.#topics.set(topic, fields);
    this.#noteUnits(topic, json, [...fields.keys()]);
    while (this.#series > MAX_SERIES) this.#dropOldest();
    return numbers.filter(([field]) => fields.has(field)).map(([field, value]) => ({
      field,
      value,
      unit: unitBeside(json, field) ?? null,
    }));
  }

  /** The series of these topics. */
  of(topics: readonly string[], now: number): Reading[] {
    return topics.flatMap((topic) =>
      [...this.#topics.get(topic) ?? []].map(([field, series]) => {
        series.expire(now);
        const value = series.column(0).map((number) => number ?? 0);
        const unit = this.#units.get(topic)?.get(field) ?? null;
        return { topic, field, unit, time: series.times(), value };
      })
    );
  }

  /** The newest values on the topics that match the filter, of the field. */
  latest(filter: string, field: string): LatestReading[] {
    const topics = /[+#]/.test(filter)
      ? [...this.#topics.keys()].filter((topic) => filterMatches(filter, topic))
      : [filter];
    return topics.flatMap((topic): LatestReading[] => {
      const series = this.#topics.get(topic)?.get(field);
      const [value] = series?.column(0, 1) ?? [];
      if (series === undefined || value === undefined || value === null) return [];
      return [{
        topic,
        field,
        value,
        unit: this.#units.get(topic)?.get(field) ?? null,
        time: series.lastTime,
      }];
    });
  }

  #dropOldest(): void {
    const [oldest] = this.#topics.keys();
    if (oldest === undefined) return;
    this.#series -= this.#topics.get(oldest)?.size ?? 0;
    this.#topics.delete(oldest);
    this.#units.delete(oldest);
  }

  #noteUnits(topic: string, json: unknown, fields: readonly string[]): void {
    const units = fields.flatMap((field): [string, string][] => {
      const unit = unitBeside(json, field);
      return unit === undefined ? [] : [[field, unit]];
    });
    if (units.length > 0) this.#units.set(topic, new Map(units));
  }
}

/** The `unit` in the object that holds a field: `{"value": 21, "unit": "°C"}`. */
function unitBeside(json: unknown, field: string): string | undefined {
  const parents = field.split(".").slice(0, -1);
  let holder: unknown = json;
  for (const key of parents) holder = isJsonObject(holder) ? holder[key] : undefined;
  return isJsonObject(holder) ? textOf(holder.unit, MAX_UNIT_CHARS) : undefined;
}

function isDue(fields: ReadonlyMap<string, Series>, now: number): boolean {
  for (const series of fields.values()) if (now - series.lastTime >= MIN_STEP_SECONDS) return true;
  return fields.size === 0;
}

/** `{"a":1,"b":{"c":2}}` → `[["a",1],["b.c",2]]`. */
export function numbersIn(value: unknown, path = "", depth = 0): [string, number][] {
  if (typeof value === "number" && Number.isFinite(value)) return [[path, value]];
  if (!isJsonObject(value) || depth >= MAX_DEPTH) return [];
  return Object.entries(value)
    .filter(([key]) => !NOT_MEASURED.has(key))
    .flatMap(([key, inner]) => numbersIn(inner, path === "" ? key : `${path}.${key}`, depth + 1))
    .slice(0, MAX_FIELDS);
}
