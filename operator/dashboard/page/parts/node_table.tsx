/** A table of many nodes: only the visible rows are rendered. */
import type { CSSProperties, JSX } from "preact";
import { count, duration, megabytes, percent } from "../logic/format.ts";
import type { NodeOptions, NodeRow, NodeSortKey } from "../logic/node_rows.ts";
import { visible } from "../logic/visible.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { StateMark } from "./marks.tsx";
import { SortHead } from "./sort_head.tsx";
import { VirtualList } from "./virtual.tsx";

const ROW_PX = 40;
const COLUMNS: readonly (readonly [NodeSortKey, string])[] = [
  ["name", "Node"],
  ["state", "State"],
  ["agents", "Agents"],
  ["trouble", "In trouble"],
  ["cpu", "CPU"],
  ["memory", "Memory"],
  ["queue", "Outbox"],
  ["uptime", "Uptime"],
  ["version", "Version"],
];
/** High numbers first: people look for those. */
const DESCENDING_FIRST: ReadonlySet<NodeSortKey> = new Set(["agents", "trouble", "cpu", "memory", "queue"]);

export function NodeTable(
  { rows, options }: { readonly rows: readonly NodeRow[]; readonly options: NodeOptions },
): JSX.Element {
  return (
    <div class="table nodes" role="table" aria-label="Nodes" aria-rowcount={rows.length + 1}>
      <VirtualList
        items={rows}
        heightOf={rowHeight}
        keyOf={({ node }) => node.name}
        header={<Head options={options} />}
        render={(row, index, style) => <Row row={row} index={index} style={style} />}
      />
    </div>
  );
}

function rowHeight(): number {
  return ROW_PX;
}

function Head({ options }: { readonly options: NodeOptions }): JSX.Element {
  const { router } = useApp();
  const sortBy = (sort: NodeSortKey) => {
    const isDescending = options.sort === sort ? !options.descending : DESCENDING_FIRST.has(sort);
    router.choose({ sort: sort === "name" ? "" : sort, order: isDescending ? "desc" : "" });
  };
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" class="row row-head row-node">
        {COLUMNS.map(([key, label]) => {
          return (
            <SortHead
              key={key}
              label={label}
              class={`n-${key}`}
              isSorted={options.sort === key}
              descending={options.descending}
              onSort={() => sortBy(key)}
            />
          );
        })}
        <span role="columnheader" class="n-labels">Labels</span>
      </div>
    </div>
  );
}

function Row(
  { row: { node, state, agents, troubled }, index, style }: {
    readonly row: NodeRow;
    readonly index: number;
    readonly style: CSSProperties;
  },
): JSX.Element {
  const { router } = useApp();
  const labels = visible(Object.entries(node.labels).map(([key, value]) => `${key}=${value}`).join(" "));
  return (
    <div
      role="row"
      class="row row-link row-node"
      style={style}
      aria-rowindex={index + 2}
      data-node={node.name}
      onClick={() => router.go(href("nodes", node.name))}
    >
      <span role="cell" class="n-name c-name">
        <a href={href("nodes", node.name)} onClick={(event) => event.stopPropagation()}>{node.name}</a>
      </span>
      <span role="cell" class="n-state">
        <StateMark state={state} />
      </span>
      <span role="cell" class="n-agents num">{agents}</span>
      <span role="cell" class={`n-trouble num${troubled > 0 ? " bad" : ""}`}>{troubled}</span>
      <span role="cell" class="n-cpu num">{percent(node.cpu)}</span>
      <span role="cell" class="n-memory num">{megabytes(node.memory_mb)}</span>
      <span role="cell" class={`n-queue num${(node.queue ?? 0) > 0 ? " warn" : ""}`}>
        {count(node.queue)}
      </span>
      <span role="cell" class="n-uptime num">{node.uptime === null ? "–" : duration(node.uptime)}</span>
      <span role="cell" class="n-version">{visible(node.version ?? "–")}</span>
      <span role="cell" class="n-labels note" title={labels}>{labels}</span>
    </div>
  );
}
