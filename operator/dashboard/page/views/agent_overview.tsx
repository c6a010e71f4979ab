/** An agent's resource use, readings, facts and manifest. */
import type { JSX } from "preact";
import type { AgentDto, ErrorEntry } from "../../wire.ts";
import { count, duration } from "../logic/format.ts";
import { reading, unitOf } from "../logic/samples.ts";
import { visible } from "../logic/visible.ts";
import { Empty, Facts, Panel } from "../parts/basics.tsx";
import { RangeChoice, useRange } from "../parts/time_range.tsx";
import { Chart } from "../parts/chart.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { ErrorList } from "../parts/entries.tsx";
import { Ago } from "../parts/marks.tsx";
import { UsageCharts } from "../parts/usage_charts.tsx";
import { apiPath } from "../state/api.ts";
import { href } from "../state/router.ts";
import { useReadings, useUsage } from "../state/usage.ts";

export function AgentOverview(
  { agent, errors }: { readonly agent: AgentDto; readonly errors: readonly ErrorEntry[] },
): JSX.Element {
  const { range, past, name, choose, zoom } = useRange();
  const path = apiPath("agents", agent.actor_id);
  const usage = useUsage(path, agent.last_seen, past);
  const readings = useReadings(path, past);
  // First what somebody looks for who opens the page of such an agent.
  const isInTrouble = agent.state === "failed" || agent.state === "restarting";
  const latestErrors = errors.length > 0 && (
    <Panel title="Latest errors" flush>
      <ErrorList entries={errors} limit={3} isOpen={isInTrouble} />
    </Panel>
  );
  return (
    <div class="columns">
      <div class="column-wide">
        {isInTrouble && latestErrors}
        <Panel
          title="Use of resources"
          aside={<RangeChoice name={name} onChoose={choose} />}
        >
          <UsageCharts usage={usage} range={range} onZoom={zoom} />
        </Panel>
        <Panel
          title="Readings"
          aside={<span class="note">numbers that it publishes, one every 3 s at most</span>}
        >
          {readings.length === 0
            ? <Empty title="No numbers yet">What it publishes is plotted here when it holds numbers.</Empty>
            : (
              <div class="charts">
                {readings.map(({ topic, field, unit, time, value }) => (
                  <Chart
                    key={`${topic} ${field}`}
                    title={visible(field === "" ? topic : `${topic} · ${field}`)}
                    time={time}
                    values={value}
                    tone="reading"
                    min={null}
                    format={(number) => reading(number, visible(unitOf(field, unit)))}
                    range={range}
                    onZoom={zoom}
                  />
                ))}
              </div>
            )}
        </Panel>
        {!isInTrouble && latestErrors}
      </div>
      <div class="column-narrow">
        <Panel title="Facts">
          <Facts
            facts={[
              [
                "Node",
                agent.node === null ? "–" : <a key="node" href={href("nodes", agent.node)}>{agent.node}</a>,
              ],
              ["Uptime", agent.uptime === null ? "–" : duration(agent.uptime)],
              ["Last heard", <Ago key="ago" time={agent.last_seen} />],
              ["Restarts", String(agent.restarts)],
              ["Calls that succeeded", count(agent.messages_processed)],
              ["Calls that failed", count(agent.errors)],
              [
                "Actor id",
                <span key="id">
                  <code class="id">{agent.actor_id}</code>{" "}
                  <CopyButton label="Copy the actor id" text={() => agent.actor_id} />
                </span>,
              ],
            ]}
          />
        </Panel>
        <Panel title="Manifest">
          {agent.description !== "" && <p class="description">{visible(agent.description)}</p>}
          <TagList label="Capabilities" tags={agent.capabilities} />
          <TagList label="Publishes to" tags={agent.topics} />
          {agent.description === "" && agent.capabilities.length === 0 && agent.topics.length === 0 && (
            <p class="note">It has told nothing of itself.</p>
          )}
        </Panel>
      </div>
    </div>
  );
}

function TagList(
  { label, tags }: { readonly label: string; readonly tags: readonly string[] },
): JSX.Element | null {
  if (tags.length === 0) return null;
  return (
    <div class="tag-list">
      <h3>{label}</h3>
      <ul class="tags">{tags.map((tag) => <li key={tag}>{visible(tag)}</li>)}</ul>
    </div>
  );
}
