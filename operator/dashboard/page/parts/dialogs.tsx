/** Confirmation dialogs. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ActionOutcome, AgentDto, Inspection } from "../../wire.ts";
import { apiPath, get } from "../state/api.ts";
import { VIEW_ROWS } from "../logic/views.ts";
import { useApp } from "../state/app.ts";
import { Button, JsonText } from "./basics.tsx";
import { Field, OutcomeBox } from "./form.tsx";
import { BulkDialog } from "./bulk_dialog.tsx";
import { Dialog } from "./dialog.tsx";
import { MoveDialog } from "./move_dialog.tsx";
import { RemoveRuleDialog } from "./remove_rule_dialog.tsx";

export function Dialogs(): JSX.Element | null {
  const app = useApp();
  const ask = app.asked.value;
  switch (ask?.kind) {
    case undefined:
      return null;
    case "migrate":
    case "start_elsewhere":
      return <MoveDialog kind={ask.kind} agent={ask.agent} target={ask.target} />;
    case "task":
      return <TaskDialog agent={ask.agent} />;
    case "stop":
      return <StopDialog agent={ask.agent} />;
    case "delete":
      return <DeleteDialog agent={ask.agent} />;
    case "stop_all":
      return <StopAllDialog node={ask.node} />;
    case "bulk":
      return <BulkDialog key={ask.action} action={ask.action} agents={ask.agents} />;
    case "remove_rule":
      return <RemoveRuleDialog rule={ask.rule} />;
    case "help":
      return <HelpDialog />;
    default:
      return ask satisfies never;
  }
}

function TaskDialog({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const app = useApp();
  const draft = `task ${agent.actor_id}`;
  const typed = app.drafts.get(draft);
  const text = typed === "" ? "{}" : typed;
  const [outcome, setOutcome] = useState<ActionOutcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const problem = jsonProblem(text);
  const call = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setOutcome(null);
    const body = { payload: JSON.parse(text) };
    setOutcome(await app.perform(`Calling ${agent.name}`, apiPath("agents", agent.actor_id, "task"), body));
    setBusy(false);
  };
  return (
    <Dialog title={`Call ${agent.name}`}>
      <form onSubmit={(event) => void call(event)}>
        <Field label="Payload of handle_task, JSON" problem={problem}>
          <textarea
            class="input mono"
            autofocus
            rows={6}
            spellcheck={false}
            value={text}
            aria-invalid={problem !== null}
            onInput={({ currentTarget }) => app.drafts.set(draft, currentTarget.value)}
          />
        </Field>
        <OutcomeBox outcome={outcome}>
          {outcome?.answer !== undefined && <JsonText value={outcome.answer} />}
        </OutcomeBox>
        <footer class="dialog-foot">
          <Button label="Close" onClick={() => app.asked.value = null} />
          <Button
            type="submit"
            tone="primary"
            icon="call"
            label={isBusy ? "Waiting…" : "Call"}
            disabled={problem !== null || isBusy}
          />
        </footer>
      </form>
    </Dialog>
  );
}

function StopDialog({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const app = useApp();
  const [known, setKnown] = useState<boolean | null>(null);
  useEffect(() => {
    get<Inspection>(apiPath("agents", agent.actor_id, "inspect")).then(
      ({ source }) => setKnown(source === "node"),
      () => setKnown(false),
    );
  }, []);
  const stop = (event: Event) => {
    event.preventDefault();
    app.asked.value = null;
    void app.command(agent, "stop");
  };
  return (
    <Dialog title={`Stop ${agent.name}?`}>
      <form onSubmit={stop}>
        <p>
          It ends on {agent.node}, and stays ended when the node starts again. Its state file is kept.
        </p>
        <p role="status">
          {known === null
            ? "Asking its node for its code…"
            : known
            ? "This server keeps its code and config in memory: Start brings it back as it is now."
            : (
              <strong class="bad">
                Its node does not tell its code: it cannot be started again from here.
              </strong>
            )}
        </p>
        <footer class="dialog-foot">
          <Button label="Cancel" autofocus onClick={() => app.asked.value = null} />
          <Button type="submit" tone="danger" icon="stop" label="Stop" />
        </footer>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const app = useApp();
  const remove = (event: Event) => {
    event.preventDefault();
    app.asked.value = null;
    void app.command(agent, "delete");
  };
  return (
    <Dialog title={`Delete ${agent.name}?`}>
      <form onSubmit={remove}>
        <p>It is stopped on {agent.node}, and its state file is removed. This cannot be undone.</p>
        <footer class="dialog-foot">
          <Button label="Cancel" autofocus onClick={() => app.asked.value = null} />
          <Button type="submit" tone="danger" icon="trash" label="Delete" />
        </footer>
      </form>
    </Dialog>
  );
}

function StopAllDialog({ node }: { readonly node: string }): JSX.Element {
  const app = useApp();
  const [typed, setTyped] = useState("");
  const end = (event: Event) => {
    event.preventDefault();
    app.asked.value = null;
    void app.perform(`Ending ${node}`, apiPath("nodes", node, "stop_all"), { confirm: typed });
  };
  return (
    <Dialog title={`Stop all agents and end ${node}?`}>
      <form onSubmit={end}>
        <p>
          Every agent of this node stops, and the node's process ends. They do not come back by themselves:
          somebody must start the node on its machine.
        </p>
        <Field label="Type the node's name to confirm">
          <input
            class="input"
            autofocus
            autocomplete="off"
            placeholder={node}
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </Field>
        <footer class="dialog-foot">
          <Button label="Cancel" onClick={() => app.asked.value = null} />
          <Button type="submit" tone="danger" icon="power" label="Stop all" disabled={typed !== node} />
        </footer>
      </form>
    </Dialog>
  );
}

const GO = VIEW_ROWS.filter(([, { key }]) => key !== undefined);
const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search in this view"],
  [`g then ${GO.map(([, { key }]) => key).join(" ")}`, GO.map(([, { label }]) => label).join(", ")],
  ["c", "Spawn an agent"],
  ["↑ ↓ Home End", "Move in the list of agents"],
  ["Enter", "Open the agent"],
  ["p", "Pause or resume the agent"],
  ["r", "Restart the agent"],
  ["m", "Migrate the agent"],
  ["x", "Select the agent, for an action on several"],
  ["d", "Light or dark colours"],
  ["?", "This list"],
  ["Esc", "Close"],
];

function HelpDialog(): JSX.Element {
  return (
    <Dialog title="Keyboard shortcuts">
      <dl class="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>{key.split(" ").map((part) => part === "then" ? " then " : <kbd key={part}>{part}</kbd>)}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** Why a text is not JSON, or null. */
function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `Not JSON: ${(error as Error).message}`;
  }
}
