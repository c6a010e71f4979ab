/** The time range of all charts: the last minutes, or a range selected in a chart. Stored in the URL. */
import type { JSX } from "preact";
import { type RangeName, RANGES } from "../logic/samples.ts";
import { useApp } from "../state/app.ts";
import { Button, Segments } from "./basics.tsx";
import type { TimeRange } from "./chart.tsx";

const WORDS: Readonly<Record<RangeName, string>> = { "5m": "5 min", "15m": "15 min", "1h": "1 hour" };
const CHOICES = Object.entries(WORDS) as [RangeName, string][];
/** Charts advance in steps of this many seconds, to redraw less often. */
const STEP_SECONDS = 5;

interface ChosenRange {
  readonly range: TimeRange;
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
  const now = Math.ceil(store.now.value / STEP_SECONDS) * STEP_SECONDS;
  return {
    range: isZoomed ? { from, to } : { from: now - RANGES[name], to: now, fits: true },
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
      {name === null
        ? <Button icon="back" label="Whole range" onClick={() => router.choose({ from: "", to: "" })} />
        : <span class="note desk-only">drag over a chart to enlarge</span>}
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
