/** A time chart, drawn by uPlot in the page's colours. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { dayAndTime, timeOfDay } from "../logic/format.ts";
import { pointedAt, withGaps } from "../logic/samples.ts";
import { useApp } from "../state/app.ts";

const HEIGHT_PX = 132;
/** A chart with `fits` still spans at least this. */
const MIN_RANGE_SECONDS = 60;
/** A shorter selection is a click. */
const MIN_SELECT_PX = 8;

export interface TimeRange {
  /** Epoch seconds. */
  readonly from: number;
  readonly to: number;
  /** Whether to start the chart at the first value if that is later than `from`. */
  readonly fits?: boolean;
}

export function Chart(
  { title, time, values, tone, format, min = 0, range, onZoom }: {
    readonly title: string;
    /** Epoch seconds, rising. */
    readonly time: readonly number[];
    readonly values: readonly (number | null)[];
    readonly tone: "cpu" | "memory" | "reading";
    readonly format: (value: number) => string;
    /** Lower end of the axis; null for the smallest value. */
    readonly min?: number | null;
    readonly range: TimeRange;
    /** Called when a part of the chart was selected with the pointer. */
    readonly onZoom?: (range: TimeRange) => void;
  },
): JSX.Element {
  const app = useApp();
  const theme = app.theme.theme.value;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  /** For uPlot's callbacks, which would otherwise use the props of the first render. */
  const latest = useRef({ range, onZoom });
  latest.current = { range, onZoom };
  const data = useMemo(() => withGaps(time, values), [time, values]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const colours = coloursOf(element, tone);
    plot.current = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
        padding: [8, 22, 0, 0],
        scales: {
          x: { range: ({ data: [times] }) => shownRange(latest.current.range, times[0]) },
          y: { range: (_plot, low, high) => rangeOf(low, high, min) },
        },
        hooks: {
          setCursor: [({ cursor }) => setPointed(cursor.idx ?? null)],
          setSelect: [(chart) => {
            const { left, width } = chart.select;
            if (width < MIN_SELECT_PX) return;
            const [from, to] = [chart.posToVal(left, "x"), chart.posToVal(left + width, "x")];
            chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            latest.current.onZoom?.({ from, to });
          }],
        },
        axes: [
          {
            stroke: colours.text,
            grid: { stroke: colours.grid, width: 1 },
            ticks: { show: false },
            values: (_plot, splits) => splits.map((split) => axisTime(split, splits)),
            size: 26,
            font: colours.font,
            space: 86,
          },
          {
            stroke: colours.text,
            grid: { stroke: colours.grid, width: 1 },
            ticks: { show: false },
            size: 58,
            font: colours.font,
            space: 32,
            values: (_plot, splits) => splits.map(format),
          },
        ],
        series: [{}, {
          stroke: colours.line,
          fill: colours.fill,
          width: 1.5,
          spanGaps: false,
          points: { show: ({ data }) => data[0].length < 3 },
        }],
      },
      [[...data.time], [...data.values]],
      element,
    );
    const observer = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme, tone]);

  useEffect(
    () => plot.current?.setData([[...data.time], [...data.values]]),
    [data, range.from, range.to],
  );

  const newest = values.at(-1);
  const known = values.filter((value) => value !== null);
  const words = newest === undefined || newest === null
    ? "no values yet"
    : `now ${format(newest)}, from ${format(Math.min(...known))} to ${format(Math.max(...known))}`;
  const under = pointed === null ? undefined : pointedAt(data, pointed);
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        {under === undefined
          ? <b>{newest === undefined || newest === null ? "–" : format(newest)}</b>
          : (
            <b class="chart-pointed">
              {under.value === null ? "no value" : format(under.value)}
              <span class="note">
                {` at ${
                  range.to - range.from > DAY_SECONDS ? dayAndTime(under.time) : timeOfDay(under.time)
                }`}
              </span>
            </b>
          )}
      </figcaption>
      <div ref={box} class="chart-box" role="img" aria-label={`${title} over time: ${words}`} />
    </figure>
  );
}

const DAY_SECONDS = 86_400;

/** Includes seconds if the ticks are closer than a minute; a day where they reach over more than one. */
function axisTime(time: number, splits: readonly number[]): string {
  const step = (splits[1] ?? 60) - (splits[0] ?? 0);
  const isLong = (splits.at(-1) ?? 0) - (splits[0] ?? 0) > DAY_SECONDS;
  // 2026-11-27 14:05
  if (isLong) return dayAndTime(time).slice(5, step < DAY_SECONDS ? 16 : 10);
  return timeOfDay(time).slice(0, step < 60 ? 8 : 5);
}

function shownRange({ from, to, fits = false }: TimeRange, first: number | undefined): [number, number] {
  if (!fits || first === undefined) return [from, to];
  return [Math.max(from, Math.min(first, to - MIN_RANGE_SECONDS)), to];
}

function rangeOf(low: number, high: number, min: number | null): [number, number] {
  const bottom = min === null ? low : Math.min(min, low);
  const room = (high - bottom) * 0.12;
  return high > bottom
    ? [min === null ? bottom - room : bottom, high + room]
    : [bottom - (min === null ? 1 : 0), bottom + 1];
}

function coloursOf(element: Element, tone: string) {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: of(`--chart-${tone}`),
    fill: of(`--chart-${tone}-fill`),
    grid: of("--line-soft"),
    text: of("--text-soft"),
    font: `11px ${style.fontFamily}`,
  };
}
