/** Live log lines, filtered by the server and sampled when there are too many to read. */
import type { CSSProperties, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { LogFilter, LogLine } from "../../wire.ts";
import { plural, preciseTime, zoneWords } from "../logic/format.ts";
import { visible } from "../logic/visible.ts";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { Button, Empty } from "./basics.tsx";
import { CopyButton } from "./copy.tsx";
import { LevelMark } from "./marks.tsx";
import { VirtualList } from "./virtual.tsx";

const ROW_PX = 26;
const HISTORY_LINES = 1000;
/** Delay after the last keystroke before the server is asked. */
const TYPING_MS = 250;

export function LogList(
  { filter, showAgent }: { readonly filter: LogFilter; readonly showAgent: boolean },
): JSX.Element {
  const app = useApp();
  const { store } = app;
  const [held, setHeld] = useState<readonly LogLine[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const key = JSON.stringify(filter);
  const wanted = useRef(key);

  useEffect(() => {
    wanted.current = key;
    const timer = setTimeout(async () => {
      store.clearLogs();
      app.connection.wantLogs(filter);
      const query = new URLSearchParams({ ...filter, limit: String(HISTORY_LINES) });
      try {
        const { logs } = await get<{ readonly logs: readonly LogLine[] }>(`/api/logs?${query}`);
        if (wanted.current === key) store.addLogs(logs);
        setProblem(null);
      } catch (error) {
        setProblem((error as Error).message);
      }
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [key]);
  useEffect(() => () => app.connection.wantLogs(null), []);

  const lines = held ?? store.logs.value;
  const leftOut = store.logsLeftOut.value;
  const { log_rate, log_lines_not_kept } = store.drops.value;
  return (
    <div class="log-box">
      <div class="log-bar">
        <span class="note" role="status">
          {plural(lines.length, "line")}
          {log_rate > 0 && ` · ${log_rate.toLocaleString("en-US")} a second from all agents`}
          {leftOut > 0 && (
            <strong class="warn">
              {` · sampled: ${leftOut.toLocaleString("en-US")} more fit, but came too fast to show`}
            </strong>
          )}
          {log_lines_not_kept > 0 && (
            <span title="Beyond 20 lines a second of one agent, or 20,000 lines of all, lines are counted, not kept.">
              {` · ${log_lines_not_kept.toLocaleString("en-US")} not in the history`}
            </span>
          )}
        </span>
        <span class="note zone desk-only">{zoneWords()}</span>
        <CopyButton label="Copy all lines" text={() => lines.map(lineText).join("\n")} />
        <Button
          icon={held === null ? "pause" : "play"}
          label={held === null ? "Hold" : "Follow"}
          title={held === null ? "Hold the view where it is" : "Show what comes"}
          onClick={() => setHeld(held === null ? store.logs.value : null)}
        />
      </div>
      {problem !== null && <p class="problem">{problem}</p>}
      {lines.length === 0
        ? <Empty title="No log line fits">Lines appear here as agents write them.</Empty>
        : (
          <VirtualList
            items={lines}
            heightOf={lineHeight}
            keyOf={({ seq }) => seq}
            role="log"
            label="Log lines"
            follow={held === null}
            render={(line, _index, style) => <Line line={line} style={style} showAgent={showAgent} />}
          />
        )}
    </div>
  );
}

/** The text of a line for the clipboard, with its date and source. */
function lineText({ time, level, agent, node, message }: LogLine): string {
  return `${new Date(time * 1000).toISOString()} ${level} ${node ?? "?"}/${agent ?? "-"} ${message}`;
}

function lineHeight(): number {
  return ROW_PX;
}

function Line(
  { line, style, showAgent }: {
    readonly line: LogLine;
    readonly style: CSSProperties;
    readonly showAgent: boolean;
  },
): JSX.Element {
  return (
    <div class={`log-line log-${line.level}`} style={style}>
      <time>{preciseTime(line.time)}</time>
      <LevelMark level={line.level} />
      {showAgent && (
        <span class="log-source" title={`${line.agent ?? "the node"} on ${line.node ?? "?"}`}>
          {line.agent !== null && line.actor_id !== null
            ? <a href={href("agents", line.actor_id)} tabIndex={-1}>{line.agent}</a>
            : line.node}
        </span>
      )}
      <span class="log-text" title={visible(line.message)}>{visible(line.message)}</span>
      <CopyButton label="Copy this line" text={() => lineText(line)} />
    </div>
  );
}
