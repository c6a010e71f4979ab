/** The capabilities of agents, and the topics they publish to. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AgentDto } from "../../wire.ts";
import { plural } from "../logic/format.ts";
import { agentState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { Empty, JsonText, PageHead, SearchField } from "../parts/basics.tsx";
import { StateMark } from "../parts/marks.tsx";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { useFetched } from "../state/fetched.ts";
import { href } from "../state/router.ts";

/** Maximum manifests shown; the search finds the others. */
const SHOWN = 100;

export function Manifests(): JSX.Element {
  const { store, router } = useApp();
  store.watchFleet();
  const text = router.query("q");
  const words = text.trim().toLowerCase();
  const found = [...store.agents.values()]
    .filter((agent) => words === "" || haystack(agent).includes(words))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  return (
    <div class="view">
      <PageHead title="Manifests" note={plural(found.length, "agent")}>
        <SearchField
          label="Search names, capabilities, topics"
          value={text}
          onInput={(q) => router.choose({ q }, "typing")}
        />
      </PageHead>
      {found.length === 0 ? <Empty title="No manifest fits" /> : (
        <div class="cards">
          {found.slice(0, SHOWN).map((agent) => <Manifest key={agent.actor_id} agent={agent} />)}
        </div>
      )}
      {found.length > SHOWN && <p class="note">{found.length - SHOWN} more: search for them.</p>}
    </div>
  );
}

function haystack({ name, description, capabilities, topics }: AgentDto): string {
  return [name, description, ...capabilities, ...topics].join(" ").toLowerCase();
}

function Manifest({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const { store } = useApp();
  const [isOpen, setOpen] = useState(false);
  const state = agentState(agent, store.nodes.get(agent.node ?? ""), store.judged.value);
  return (
    <article class="card" aria-label={`Manifest of ${agent.name}`}>
      <header class="card-head">
        <h2>
          <a href={href("agents", agent.actor_id)}>{agent.name}</a>
        </h2>
        <StateMark state={state} />
        <span class="note">{agent.node}</span>
      </header>
      <p class="description">
        {agent.description === "" ? <span class="note">no description</span> : visible(agent.description)}
      </p>
      {agent.capabilities.length > 0 && (
        <ul class="tags" aria-label="Capabilities">
          {agent.capabilities.map((tag) => <li key={tag}>{visible(tag)}</li>)}
        </ul>
      )}
      {agent.topics.length > 0 && (
        <ul class="topics" aria-label="Publishes to">
          {agent.topics.map((topic) => <li key={topic}>{visible(topic)}</li>)}
        </ul>
      )}
      <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>Whole manifest</summary>
        {isOpen && <WholeManifest agent={agent} />}
      </details>
    </article>
  );
}

function WholeManifest({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const found = useFetched<{ readonly manifest: unknown }>(
    apiPath("agents", agent.actor_id),
    agent.topics.length,
  );
  return found === null ? <p class="note">…</p> : <JsonText value={found.manifest} />;
}
