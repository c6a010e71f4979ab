/** CPU and memory of nodes and agents over the last hour. Pure. */
import type { History, Spark } from "../../wire.ts";
import { Series } from "./series.ts";

/** Room for a heartbeat every ten seconds, and one at each change of state. */
const SAMPLES = 400;
const SPARK_SAMPLES = 30;
const MAX_SERIES = 10_000;
const CPU = 0;
const MEMORY = 1;

/** Invariant: at most `MAX_SERIES` series; others are ignored. */
export class Usage {
  readonly #series = new Map<string, Series>();

  constructor(private readonly ageSeconds: number) {}

  /** @param key an agent's `actor_id`, or a node's name */
  add(key: string, cpu: number | undefined, memoryMb: number | undefined, now: number): void {
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= MAX_SERIES) return;
      series = new Series(2, SAMPLES, this.ageSeconds);
      this.#series.set(key, series);
    }
    series.add(now, [cpu, memoryMb]);
  }

  history(key: string, now: number): History {
    const series = this.#series.get(key);
    series?.expire(now);
    return series === undefined
      ? { time: [], cpu: [], memory_mb: [] }
      : { time: series.times(), cpu: series.column(CPU), memory_mb: series.column(MEMORY) };
  }

  /** The latest samples, for small charts. */
  spark(key: string): Spark | undefined {
    const series = this.#series.get(key);
    return series === undefined ? undefined : { cpu: tenths(series, CPU), memory: tenths(series, MEMORY) };
  }

  forget(key: string): void {
    this.#series.delete(key);
  }
}

function tenths(series: Series, column: number): number[] {
  return series.column(column, SPARK_SAMPLES).map((value) => Math.round((value ?? 0) * 10) / 10);
}
