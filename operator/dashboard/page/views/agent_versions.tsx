/** The versions of an agent's config: what changed, and how to bring one back. */
import type { JSX } from "preact";
import type { AgentDto, AgentVersion, Inspection, VersionContent } from "../../wire.ts";
import { dayAndTime } from "../logic/format.ts";
import { formOf } from "../logic/spawn_form.ts";
import { lastRun, originWords, type Pair, pairIn, pairWords } from "../logic/versions.ts";
import { visible } from "../logic/visible.ts";
import { editHref } from "../parts/agent_actions.ts";
import { Button, Empty, Panel, Select } from "../parts/basics.tsx";
import { Difference } from "../parts/difference.tsx";
import { Ago } from "../parts/marks.tsx";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { useFetched } from "../state/fetched.ts";

export function AgentVersions({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const { router, store } = useApp();
  // What happens to the agent may have made a version.
  const news = store.events.value.filter(({ actor_id }) => actor_id === agent.actor_id).at(-1)?.seq;
  const path = apiPath("agents", agent.actor_id, "versions");
  // Its node then tells what runs, and the server notes it.
  const inspected = useFetched<Inspection>(apiPath("agents", agent.actor_id, "inspect"), news);
  const versions = useFetched<{ readonly versions: readonly AgentVersion[] }>(path, inspected)?.versions;
  if (versions === undefined) return <p class="note" role="status">Looking…</p>;
  if (versions.length === 0) {
    return (
      <Panel>
        <Empty title="No version is kept">
          This dashboard keeps what it sees spawned, and what nodes report.
        </Empty>
      </Panel>
    );
  }
  const pair = pairIn(router.query("compare"), versions);
  const compare = (chosen: Pair) => router.choose({ compare: pairWords(chosen) });
  return (
    <div class="column-wide">
      <Panel title="Versions" aside={<span class="note">newest first; 50 at most are kept</span>} flush>
        <ol class="versions">
          {versions.map((version, index) => (
            <VersionRow
              key={version.id}
              agent={agent}
              version={version}
              isLast={version.id === lastRun(versions)?.id}
              isNewest={index === 0}
              onCompare={versions.length < 2 ? null : () => {
                const previous = versions[index + 1];
                compare(
                  previous === undefined
                    ? { from: version.id, to: versions[0]?.id ?? version.id }
                    : { from: previous.id, to: version.id },
                );
              }}
            />
          ))}
        </ol>
      </Panel>
      {pair !== null && <Comparison agent={agent} versions={versions} pair={pair} onChoose={compare} />}
    </div>
  );
}

function VersionRow(
  { agent, version, isLast, isNewest, onCompare }: {
    readonly agent: AgentDto;
    readonly version: AgentVersion;
    /** Whether it is the newest that its node has run, as far as is known. */
    readonly isLast: boolean;
    readonly isNewest: boolean;
    readonly onCompare: (() => void) | null;
  },
): JSX.Element {
  const app = useApp();
  const hasEnded = agent.state === "failed" || agent.state === "stopped";
  const mayReturn = app.mayControl && app.store.session.value?.show_code === true && (!isLast || hasEnded);
  return (
    <li class="version" data-version={version.id}>
      <span class="version-id">{`Version ${version.id}`}</span>
      <span class="version-when">
        {dayAndTime(version.time)}{" "}
        <span class="note">
          (<Ago time={version.time} />)
        </span>
      </span>
      <span class="version-origin">
        {visible(originWords(version))}
        {isLast && (
          <span class="badge" title="The newest that its node has run">
            {isNewest && !hasEnded ? "runs now" : "last seen running"}
          </span>
        )}
        {!version.ran && (
          <span class="badge badge-warn" title="No node has reported that it ran">not seen running</span>
        )}
      </span>
      <span class="version-tools">
        {onCompare !== null && <Button label="What changed" onClick={onCompare} />}
        {mayReturn && (
          <Button
            icon="back"
            label="Bring back…"
            title="Opens it in the editor, to check and deploy"
            onClick={() => app.router.go(editHref(agent, version.id))}
          />
        )}
      </span>
    </li>
  );
}

function Comparison(
  { agent, versions, pair, onChoose }: {
    readonly agent: AgentDto;
    readonly versions: readonly AgentVersion[];
    readonly pair: Pair;
    readonly onChoose: (pair: Pair) => void;
  },
): JSX.Element {
  const { store } = useApp();
  const before = useContent(agent, pair.from);
  const after = useContent(agent, pair.to);
  const options = versions.map(({ id, time }) => [String(id), `Version ${id}, ${dayAndTime(time)}`] as const);
  return (
    <Panel
      title="What changed"
      aside={
        <span class="version-choice">
          <Select
            label="Older version"
            value={String(pair.from)}
            options={options}
            onChange={(id) => onChoose({ ...pair, from: Number(id) })}
          />
          <span aria-hidden="true">→</span>
          <Select
            label="Newer version"
            value={String(pair.to)}
            options={options}
            onChange={(id) => onChoose({ ...pair, to: Number(id) })}
          />
        </span>
      }
    >
      {store.session.value?.show_code !== true && (
        <p class="note">
          Code is not shown here: the operator of this dashboard can show it with --show-code.
        </p>
      )}
      {before === null || after === null
        ? <p class="note" role="status">Looking…</p>
        : <Difference before={before} after={after} nothing="These two are the same." />}
    </Panel>
  );
}

function useContent(agent: AgentDto, version: number) {
  const path = apiPath("agents", agent.actor_id, "versions", String(version));
  const content = useFetched<VersionContent>(path, version);
  return content && formOf(content.config, content.code ?? "", "", false);
}
