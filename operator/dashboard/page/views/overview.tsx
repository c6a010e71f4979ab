/** The fleet's health at a glance. */
import type { JSX } from "preact";
import { countStates } from "../logic/agent_rows.ts";
import { megabytes, percent, plural, zoneWords } from "../logic/format.ts";
import { nodeState } from "../logic/states.ts";
import { Empty, PageHead, Panel } from "../parts/basics.tsx";
import { AlertList, EventList } from "../parts/entries.tsx";
import { Ago, StateMark } from "../parts/marks.tsx";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";

/** Entries in each list. */
const SHOWN = 12;

export function Overview(): JSX.Element {
  const { store } = useApp();
  store.watchFleet();
  const now = store.judged.value;
  const nodes = [...store.nodes.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const online = nodes.filter((node) => nodeState(node, now) === "online").length;
  const states = countStates(store.agents.values(), store.nodes, now);
  const of = (...names: readonly string[]) =>
    [...states].reduce((sum, [state, count]) => names.includes(state) ? sum + count : sum, 0);
  const troubled = of("restarting", "unresponsive", "lost");
  return (
    <div class="view">
      <PageHead title="Overview" note={`${store.broker.value?.url ?? ""} · times in ${zoneWords()}`} />
      <div class="tiles">
        <Tile
          label="Nodes online"
          value={`${online}`}
          of={`of ${nodes.length}`}
          link={href("nodes")}
          bad={online < nodes.length}
        />
        <Tile
          label="Agents running"
          value={`${of("running")}`}
          of={`of ${store.agents.size}`}
          link={href("agents", undefined, { state: "running" })}
        />
        <Tile
          label="In trouble"
          value={`${troubled}`}
          of="restarting or lost"
          link={href("agents", undefined, { state: "restarting,unresponsive,lost" })}
          warn={troubled > 0}
        />
        <Tile
          label="Failed"
          value={`${of("failed")}`}
          of="ended for good"
          link={href("agents", undefined, { state: "failed" })}
          bad={of("failed") > 0}
        />
        <Tile
          label="Alerts"
          value={`${store.alerts.value.length}`}
          of="in the last hour"
          link={href("alerts")}
          warn={store.alerts.value.length > 0}
        />
        <Tile
          label="Log lines"
          value={store.drops.value.log_rate.toLocaleString("en-US")}
          of="a second"
          link={href("logs")}
        />
      </div>
      <div class="columns">
        <div class="column-wide">
          <Panel title="What happened" flush aside={<a href={href("timeline")}>Timeline</a>}>
            <EventList entries={store.events.value.filter(({ kind }) => kind !== "note")} limit={SHOWN} />
          </Panel>
        </div>
        <div class="column-narrow">
          <Panel title="Nodes" flush aside={<a href={href("nodes")}>All nodes</a>}>
            {nodes.length === 0 ? <Empty title="No node has reported yet" /> : (
              <ul class="mini-nodes">
                {nodes.slice(0, SHOWN).map((node) => (
                  <li key={node.name}>
                    <a class="mini-name" href={href("nodes", node.name)}>{node.name}</a>
                    <StateMark state={nodeState(node, now)} />
                    <span class="note">
                      {nodeState(node, now) === "offline"
                        ? "its agents are lost"
                        : `${plural(node.agents.length, "agent")} · ${percent(node.cpu)} · ${
                          megabytes(node.memory_mb)
                        }`}
                    </span>
                    <span class="note mini-ago">
                      <Ago time={node.last_seen} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
          <Panel title="Alerts" flush aside={<a href={href("alerts")}>All alerts</a>}>
            <AlertList entries={store.alerts.value} limit={6} />
          </Panel>
        </div>
      </div>
    </div>
  );
}

function Tile(
  { label, value, of, link, bad = false, warn = false }: {
    readonly label: string;
    readonly value: string;
    readonly of: string;
    readonly link: string;
    readonly bad?: boolean;
    readonly warn?: boolean;
  },
): JSX.Element {
  return (
    <a class={`tile${bad ? " tile-bad" : warn ? " tile-warn" : ""}`} href={link}>
      <span class="tile-label">{label}</span>
      <span class="tile-value">{value}</span>
      <span class="tile-of">{of}</span>
    </a>
  );
}
