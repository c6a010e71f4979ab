/** Small marks: states, levels, times, sparklines. None relies on colour alone: each has a shape or a word. */
import type { JSX } from "preact";
import type { EventKind } from "../../wire.ts";
import { ago, timeOfDay } from "../logic/format.ts";
import { type AgentState, type NodeState, STATE_HELP } from "../logic/states.ts";
import { useApp } from "../state/app.ts";

/** A state as a dot and a word. */
export function StateMark({ state }: { readonly state: AgentState | NodeState }): JSX.Element {
  return <span class={`state state-${state}`} title={STATE_HELP[state]}>{state}</span>;
}

const SEVERITIES: readonly string[] = ["debug", "info", "warning", "error", "critical", "fatal"];

export function LevelMark({ level }: { readonly level: string }): JSX.Element {
  const known = SEVERITIES.includes(level) ? level : "info";
  return <span class={`level level-${known}`}>{level}</span>;
}

const KIND_WORDS: Readonly<Record<EventKind, string>> = {
  spawned: "spawned",
  installing: "installing",
  running: "running",
  restarting: "restarted",
  failed: "failed",
  stopped: "stopped",
  paused: "paused",
  unresponsive: "unresponsive",
  killed: "killed",
  rolled_back: "rolled back",
  migrated: "migrated",
  migration_failed: "not migrated",
  online: "online",
  offline: "offline",
  refused: "refused",
  note: "note",
};

export function KindMark({ kind }: { readonly kind: EventKind }): JSX.Element {
  return <span class={`kind kind-${kind}`}>{KIND_WORDS[kind] ?? kind}</span>;
}

/** `12s ago`, with the exact time as a tooltip. */
export function Ago({ time }: { readonly time: number | null }): JSX.Element {
  const { store } = useApp();
  const title = time === null ? "" : new Date(time * 1000).toLocaleString();
  return <time title={title}>{ago(time, store.now.value)}</time>;
}

export function Clock({ time }: { readonly time: number }): JSX.Element {
  return (
    <time
      class="clock"
      dateTime={new Date(time * 1000).toISOString()}
      title={new Date(time * 1000).toLocaleString()}
    >
      {timeOfDay(time)}
    </time>
  );
}

const WIDTH = 64;
const HEIGHT = 18;

/** A sparkline of the latest values. Hidden from screen readers: the number beside it is the newest value. */
export function SparkChart(
  { values, tone, floor = 1 }: {
    readonly values: readonly number[];
    readonly tone: "cpu" | "memory";
    /** The smallest maximum of the scale, so that small values look small. */
    readonly floor?: number;
  },
): JSX.Element {
  const max = Math.max(floor, ...values);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, index) =>
    `${(index * step).toFixed(1)},${(HEIGHT - 1.5 - (value / max) * (HEIGHT - 3)).toFixed(1)}`
  );
  return (
    <svg
      class={`spark spark-${tone}`}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
      preserveAspectRatio="none"
    >
      {points.length > 1 && (
        <>
          <polygon points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
          <polyline points={points.join(" ")} />
        </>
      )}
    </svg>
  );
}
