/** Lists of events, alerts and errors; newest first. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { AlertEntry, Entry, ErrorEntry, TimelineEvent } from "../../wire.ts";
import { visible } from "../logic/visible.ts";
import { href } from "../state/router.ts";
import { Button, Empty } from "./basics.tsx";
import { CopyButton } from "./copy.tsx";
import { Clock, KindMark, LevelMark } from "./marks.tsx";

const PAGE = 100;

function EntryList<T extends Entry>(
  { entries, nothing, render, limit, older }: {
    readonly entries: readonly T[];
    readonly nothing: string;
    readonly render: (entry: T) => ComponentChildren;
    /** Shows only this many of the newest, without a button for more. */
    readonly limit?: number;
    /** Loads earlier entries from the history. @returns whether there were any */
    readonly older?: (before: number) => Promise<boolean>;
  },
): JSX.Element {
  const [shown, setShown] = useState(PAGE);
  const [isEnd, setEnd] = useState(false);
  if (entries.length === 0) return <Empty title={nothing} />;
  const newest = entries.slice(-(limit ?? shown)).reverse();
  const more = async () => {
    if (shown < entries.length) return setShown(shown + PAGE);
    const first = entries[0];
    if (older === undefined || first === undefined) return;
    const found = await older(first.seq);
    setEnd(!found);
    setShown(shown + PAGE);
  };
  // Entry numbers start at 1: nothing is older than entry 1.
  const mayHaveOlder = older !== undefined && !isEnd && (entries[0]?.seq ?? 1) > 1;
  const hasMore = limit === undefined && (shown < entries.length || mayHaveOlder);
  return (
    <>
      <ol class="entries">
        {newest.map((entry) => <li key={entry.seq}>{render(entry)}</li>)}
      </ol>
      {hasMore && (
        <div class="more">
          <Button label="Show older" icon="down" onClick={() => void more()} />
        </div>
      )}
    </>
  );
}

/** A link to the agent that an entry is about, or else to its node. */
export function Source({ entry }: { readonly entry: Entry }): JSX.Element {
  return (
    <span class="source">
      {entry.agent !== null && entry.actor_id !== null
        ? <a href={href("agents", entry.actor_id)}>{entry.agent}</a>
        : <span>{entry.agent ?? entry.node ?? "broker"}</span>}
      {entry.agent !== null && entry.node !== null && <span class="source-node">{entry.node}</span>}
    </span>
  );
}

interface ListProps<T> {
  readonly entries: readonly T[];
  readonly limit?: number;
  readonly older?: (before: number) => Promise<boolean>;
}

export function EventList(props: ListProps<TimelineEvent>): JSX.Element {
  return (
    <EntryList
      {...props}
      nothing="Nothing has happened in the last hour"
      render={(entry) => (
        <div class="entry">
          <Clock time={entry.time} />
          <KindMark kind={entry.kind} />
          <Source entry={entry} />
          <span class="entry-text">{visible(entry.message)}</span>
        </div>
      )}
    />
  );
}

export function AlertList(props: ListProps<AlertEntry>): JSX.Element {
  return (
    <EntryList
      {...props}
      nothing="No alert in the last hour"
      render={(entry) => (
        <div class={`entry entry-${entry.severity}`}>
          <Clock time={entry.time} />
          <LevelMark level={entry.severity} />
          <Source entry={entry} />
          <span class="entry-text">{visible(entry.message)}</span>
        </div>
      )}
    />
  );
}

/** The text of an error for the clipboard. */
function errorText({ time, node, agent, phase, error, traceback }: ErrorEntry): string {
  const stack = traceback === null ? "" : `\n${traceback}`;
  return `${new Date(time * 1000).toISOString()} ${node ?? "?"}/${agent ?? "-"} ${phase}: ${error}${stack}`;
}

/** @param isOpen whether the newest error shows its stack at once */
export function ErrorList(
  { isOpen = false, ...props }: ListProps<ErrorEntry> & { readonly isOpen?: boolean },
): JSX.Element {
  const opened = isOpen ? props.entries.findLast(({ traceback }) => traceback !== null)?.seq : undefined;
  return (
    <EntryList
      {...props}
      nothing="No error in the last hour"
      render={(entry) => (
        <div class="entry entry-tall">
          <Clock time={entry.time} />
          <LevelMark level={entry.severity} />
          <Source entry={entry} />
          <div class="entry-text">
            <span class="phase">{visible(entry.phase)}</span> {visible(entry.error)}
            {entry.consecutive !== null && <span class="note">{` · ${entry.consecutive} in a row`}</span>}
            {entry.restart_count !== null && <span class="note">{` · restart ${entry.restart_count}`}</span>}
            <CopyButton label="Copy this error" text={() => errorText(entry)} />
            {entry.traceback !== null && (
              <details open={entry.seq === opened}>
                <summary>Stack</summary>
                <pre class="code-block">{visible(entry.traceback)}</pre>
              </details>
            )}
          </div>
        </div>
      )}
    />
  );
}
