/** What charts show: the past hour as it comes, or a longer time as the server has kept it. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { History, PastReading, PastUsage, Reading } from "../../wire.ts";
import type { Samples } from "../logic/samples.ts";
import { useFetched } from "./fetched.ts";

const READINGS_MS = 3000;

export interface Usage {
  readonly cpu: Samples;
  /** Megabytes. */
  readonly memory: Samples;
}

/** @param path of an agent or a node @param version changes when there is a new sample @param past the query of a long range */
export function useUsage(path: string, version: unknown, past: string | null): Usage | null {
  const fetched = useFetched<History | PastUsage>(
    `${path}/history${past ?? ""}`,
    past === null ? version : past,
  );
  return useMemo(() => fetched && usageOf(fetched), [fetched]);
}

function usageOf(fetched: History | PastUsage): Usage {
  if ("time" in fetched) {
    const { time, cpu, memory_mb } = fetched;
    return { cpu: { time, values: cpu }, memory: { time, values: memory_mb } };
  }
  const of = ({ time, value }: PastUsage["cpu"]) => ({ time, values: value });
  return { cpu: of(fetched.cpu), memory: of(fetched.memory_mb) };
}

/** The numbers that an agent publishes. @param path of the agent */
export function useReadings(path: string, past: string | null): readonly (Reading | PastReading)[] {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((value) => value + 1), READINGS_MS);
    return () => clearInterval(timer);
  }, []);
  const fetched = useFetched<{ readonly readings: readonly (Reading | PastReading)[] }>(
    `${path}/readings${past ?? ""}`,
    past === null ? tick : past,
  );
  return fetched?.readings ?? [];
}
