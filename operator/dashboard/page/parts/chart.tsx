/** A time chart, drawn by uPlot in the page's colours. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { timeOfDay } from "../logic/format.ts";
import { useApp } from "../state/app.ts";

const HEIGHT_PX = 132;

export function Chart(
  { title, time, values, tone, format, min = 0 }: {
    readonly title: string;
    /** Epoch seconds, rising. */
    readonly time: readonly number[];
    readonly values: readonly (number | null)[];
    readonly tone: "cpu" | "memory" | "reading";
    readonly format: (value: number) => string;
    /** Lower end of the axis; null for the smallest value. */
    readonly min?: number | null;
  },
): JSX.Element {
  const app = useApp();
  const theme = app.theme.theme.value;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const colours = coloursOf(element, tone);
    plot.current = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        padding: [8, 22, 0, 0],
        scales: { y: { range: (_plot, low, high) => rangeOf(low, high, min) } },
        axes: [
          {
            stroke: colours.text,
            grid: { stroke: colours.grid, width: 1 },
            ticks: { show: false },
            values: (_plot, splits) => splits.map((split) => axisTime(split, splits)),
            size: 26,
            font: colours.font,
            space: 70,
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
          points: { show: ({ data }) => data[0].length < 3 },
        }],
      },
      [[...time], [...values]],
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

  useEffect(() => plot.current?.setData([[...time], [...values]]), [time, values]);

  const newest = values.at(-1);
  const known = values.filter((value) => value !== null);
  const words = newest === undefined || newest === null
    ? "no values yet"
    : `now ${format(newest)}, from ${format(Math.min(...known))} to ${format(Math.max(...known))}`;
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <b>{newest === undefined || newest === null ? "–" : format(newest)}</b>
      </figcaption>
      <div ref={box} class="chart-box" role="img" aria-label={`${title} over time: ${words}`} />
    </figure>
  );
}

/** Includes seconds if the ticks are closer than a minute. */
function axisTime(time: number, splits: readonly number[]): string {
  const step = (splits[1] ?? 60) - (splits[0] ?? 0);
  return timeOfDay(time).slice(0, step < 60 ? 8 : 5);
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
