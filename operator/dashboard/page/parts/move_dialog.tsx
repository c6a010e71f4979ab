/** Asks on which node an agent should go on: moved there, or started there while its own node is off. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { riskOf } from "../../../operations/risk.ts";
import type { AgentDto, NodeDto } from "../../wire.ts";
import { nodeState } from "../logic/states.ts";
import { useApp } from "../state/app.ts";
import { Button } from "./basics.tsx";
import { Dialog } from "./dialog.tsx";
import { StateMark } from "./marks.tsx";

const WORDS = {
  migrate: {
    title: "Migrate",
    button: "Migrate",
    explain: ({ node }: AgentDto) =>
      `Its code, config and state file go along. It runs on ${
        node ?? "its node"
      } until the other node has it.`,
  },
  start_elsewhere: {
    title: "Start elsewhere:",
    button: "Start there",
    explain: ({ name, node }: AgentDto) => `${riskOf(name, node ?? "")}.`,
  },
} as const;

export function MoveDialog(
  { kind, agent, target: wanted }: {
    readonly kind: keyof typeof WORDS;
    readonly agent: AgentDto;
    /** The node chosen at first; otherwise the first that is online. */
    readonly target: string | undefined;
  },
): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const targets = [...store.nodes.values()].filter(({ name }) => name !== agent.node)
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const ready = targets.filter((node) => nodeState(node, store.judged.value) === "online");
  const first = wanted === undefined ? ready[0]?.name : ready.find(({ name }) => name === wanted)?.name;
  const [target, setTarget] = useState(first ?? "");
  const move = (event: Event) => {
    event.preventDefault();
    app.asked.value = null;
    void (kind === "migrate" ? app.migrate(agent, target) : app.startElsewhere(agent, target));
  };
  const { title, button, explain } = WORDS[kind];
  return (
    <Dialog title={`${title} ${agent.name}`}>
      <form onSubmit={move}>
        <p>{explain(agent)}</p>
        <fieldset class="choices">
          <legend>To which node</legend>
          {targets.length === 0 && <p class="note">There is no other node.</p>}
          {targets.length > 0 && ready.length === 0 && (
            <p class="note">No other node is online: it can move once one is.</p>
          )}
          {targets.map((node) => (
            <NodeChoice
              key={node.name}
              node={node}
              isChosen={node.name === target}
              onChoose={() => setTarget(node.name)}
            />
          ))}
        </fieldset>
        <footer class="dialog-foot">
          <Button label="Cancel" onClick={() => app.asked.value = null} />
          <Button type="submit" tone="primary" icon="move" label={button} disabled={target === ""} />
        </footer>
      </form>
    </Dialog>
  );
}

function NodeChoice(
  { node, isChosen, onChoose }: {
    readonly node: NodeDto;
    readonly isChosen: boolean;
    readonly onChoose: () => void;
  },
): JSX.Element {
  const state = nodeState(node, useApp().store.judged.value);
  return (
    <label class="choice">
      <input
        type="radio"
        name="target"
        value={node.name}
        checked={isChosen}
        autofocus={isChosen}
        disabled={state !== "online"}
        onChange={onChoose}
      />
      <span class="choice-name">{node.name}</span>
      <span class="note">{node.agents.length} agents</span>
      <StateMark state={state} />
    </label>
  );
}
