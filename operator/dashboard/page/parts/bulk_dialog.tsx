/** Asks before an action on several agents, and shows its outcome for each. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { AgentDto } from "../../wire.ts";
import { BULK_ACTIONS, type BulkAction, type BulkOutcome, bulkSummary } from "../logic/bulk.ts";
import { plural } from "../logic/format.ts";
import { agentState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { act, apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { forEachOf } from "../state/each.ts";
import { Button } from "./basics.tsx";
import { Dialog } from "./dialog.tsx";
import { StateMark } from "./marks.tsx";

/** A node must not get hundreds of commands at once. */
const AT_ONCE = 4;

export function BulkDialog(
  { action, agents }: { readonly action: BulkAction; readonly agents: readonly AgentDto[] },
): JSX.Element {
  const app = useApp();
  const { store } = app;
  // As they were when the dialog opened: the action itself changes the states.
  const states = useRef(
    new Map(agents.map((agent) => [
      agent.actor_id,
      agentState(agent, store.nodes.get(agent.node ?? ""), store.judged.value),
    ])),
  );
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, BulkOutcome>>(new Map());
  const rule = BULK_ACTIONS[action];
  const fits = ({ actor_id }: AgentDto) => rule.fits(states.current.get(actor_id) ?? "unknown");
  const targets = agents.filter(fits);
  const isBegun = outcomes.size > 0;
  const isDone = isBegun && [...outcomes.values()].every((outcome) => outcome !== "busy");

  const perform = async (event: Event) => {
    event.preventDefault();
    const results = new Map<string, BulkOutcome>(targets.map(({ actor_id }) => [actor_id, "busy"]));
    setOutcomes(new Map(results));
    await forEachOf(targets, AT_ONCE, async ({ actor_id }) => {
      results.set(actor_id, await act(apiPath("agents", actor_id, action)));
      setOutcomes(new Map(results));
    });
    const isGood = [...results.values()].every((outcome) => outcome !== "busy" && outcome.ok);
    app.tell(bulkSummary(action, results.values()), isGood);
    if (isGood) app.selection.clear();
  };

  return (
    <Dialog title={`${rule.label} ${plural(targets.length, "agent")}?`}>
      <form onSubmit={(event) => void perform(event)}>
        {action === "delete" && <p>Their state files are removed. This cannot be undone.</p>}
        <ul class="bulk-list" aria-label="Agents" tabIndex={0}>
          {agents.map((agent) => (
            <li key={agent.actor_id} data-bulk={agent.name}>
              <b>{agent.name}</b>
              <span class="note">{agent.node ?? "no node"}</span>
              <StateMark state={states.current.get(agent.actor_id) ?? "unknown"} />
              <OutcomeText outcome={fits(agent) ? outcomes.get(agent.actor_id) : "left out"} />
            </li>
          ))}
        </ul>
        <footer class="dialog-foot">
          {isDone && <p role="status">{bulkSummary(action, outcomes.values())}</p>}
          <Button
            label={isBegun ? "Close" : "Cancel"}
            autofocus
            onClick={() => app.asked.value = null}
          />
          {!isBegun && (
            <Button
              type="submit"
              tone={action === "delete" ? "danger" : "primary"}
              label={rule.label}
              disabled={targets.length === 0}
            />
          )}
        </footer>
      </form>
    </Dialog>
  );
}

function OutcomeText(
  { outcome }: { readonly outcome: BulkOutcome | "left out" | undefined },
): JSX.Element | null {
  if (outcome === undefined) return null;
  if (outcome === "left out") return <span class="bulk-outcome note">left out: not in this state</span>;
  if (outcome === "busy") return <span class="bulk-outcome note">…</span>;
  return (
    <span class={`bulk-outcome ${outcome.ok ? "bulk-good" : "bulk-bad"}`}>
      {visible(outcome.message)}
    </span>
  );
}
