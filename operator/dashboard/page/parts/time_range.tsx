/** The time range of all charts: the last minutes, days or year, or a range selected in a chart. Stored in the URL. */
import type { JSX } from "preact";
import { isPast, movingEnd, type RangeName, RANGES } from "../logic/samples.ts";
import { useApp } from "../state/app.ts";
import { Button, Segments } from "./basics.tsx";
import type { TimeRange } from "./chart.tsx";

const WORDS: Readonly<Record<RangeName, string>> = {
  "5m": "5 min",
  "15m": "15 min",
  "1h": "Hour",
  "1d": "Day",
  "7d": "Week",
  "30d": "Month",
  "1y": "Year",
};
const CHOICES = Object.entries(WORDS) as [RangeName, string][];
interface ChosenRange {
  readonly range: TimeRange;
  /** The query for what the server has kept; null while what it has in memory is enough. */
  readonly past: string | null;
  /** Null for a range selected in a chart. */
  readonly name: RangeName | null;
  readonly choose: (name: RangeName) => void;
  readonly zoom: (range: TimeRange) => void;
}

export function useRange(): ChosenRange {
  const { router, store } = useApp();
  const [from, to] = [Number(router.query("from")), Number(router.query("to"))];
  const isZoomed = from > 0 && to > from;
  const name = CHOICES.map(([each]) => each).find((each) => each === router.query("range")) ?? "1h";
  const end = movingEnd(store.now.value, RANGES[name]);
  const range = isZoomed ? { from, to } : { from: end - RANGES[name], to: end, fits: true };
  return {
    range,
    past: isPast(range.from, store.now.value)
      ? `?from=${Math.floor(range.from)}&to=${Math.ceil(range.to)}`
      : null,
    name: isZoomed ? null : name,
    choose: (range) => router.choose({ range: range === "1h" ? "" : range, from: "", to: "" }),
    zoom: (range) => router.choose({ from: range.from.toFixed(0), to: Math.ceil(range.to).toFixed(0) }),
  };
}

export function RangeChoice(
  { name, onChoose }: { readonly name: RangeName | null; readonly onChoose: (name: RangeName) => void },
): JSX.Element {
  const { router } = useApp();
  return (
    <>
      {name === null && (
        <Button
          icon="back"
          label="Whole range"
          onClick={() => router.choose({ from: "", to: "" })}
        />
      )}
      <Segments
        label="Time range"
        value={name ?? ""}
        options={CHOICES}
        onChange={(chosen) => {
          if (chosen !== "") onChoose(chosen);
        }}
      />
    </>
  );
}
