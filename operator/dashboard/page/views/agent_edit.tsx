/** Edits an agent on its own page: code and config, what changes, deployment. */
import type { JSX } from "preact";
import type { AgentDto } from "../../wire.ts";
import { Button, Empty } from "../parts/basics.tsx";
import { DeployForm } from "../parts/deploy_form.tsx";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { useSpawnDraft } from "../state/spawn_draft.ts";

export function AgentEdit({ agent }: { readonly agent: AgentDto }): JSX.Element {
  const { router, mayControl } = useApp();
  const version = router.query("version");
  if (!mayControl) {
    return (
      <Empty title="This dashboard is read-only">Its operator can change that with --allow-control.</Empty>
    );
  }
  return <EditForm key={version} agent={agent} version={version} />;
}

function EditForm({ agent, version }: { readonly agent: AgentDto; readonly version: string }): JSX.Element {
  const draft = useSpawnDraft({ agent, version }, "");
  if (!draft.isReady) {
    return draft.problem === null
      ? <p class="loading" role="status">Asking its node for its code…</p>
      : <Empty title="Its code is not known">{draft.problem}</Empty>;
  }
  const about = [
    ...(version === "" ? [] : [`version ${version}, as it was`]),
    ...(draft.isDraft ? ["a draft: it is kept until it is deployed"] : []),
  ];
  return (
    <div class="column-wide">
      {about.length > 0 && (
        <div class="edit-bar">
          <p class="note">{about.join("; ")}</p>
          {draft.isDraft && <Button icon="back" label="Discard the draft" onClick={draft.discard} />}
        </div>
      )}
      {draft.problem !== null && <p class="problem" role="alert">{draft.problem}</p>}
      <DeployForm draft={draft} isEdit>
        <p>
          <a href={href("agents", agent.actor_id, { tab: "logs" })}>See its log</a>
          {" · "}
          <a href={href("agents", agent.actor_id, { tab: "versions" })}>Bring an earlier version back</a>
        </p>
      </DeployForm>
    </div>
  );
}
