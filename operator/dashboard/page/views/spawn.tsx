/** Spawns a new agent: the code in an editor, the other fields in a form. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Empty, PageHead, Select } from "../parts/basics.tsx";
import { DeployForm } from "../parts/deploy_form.tsx";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { useSpawnDraft } from "../state/spawn_draft.ts";
import { TEMPLATES } from "./templates.ts";

export function Spawn(): JSX.Element {
  const app = useApp();
  const draft = useSpawnDraft(null, TEMPLATES[0]?.code ?? "");
  const { form, isDraft, set, discard } = draft;
  const [template, setTemplate] = useState(TEMPLATES[0]?.name ?? "");
  if (!app.mayControl) {
    return (
      <div class="view">
        <Empty title="This dashboard is read-only">Its operator can change that with --allow-control.</Empty>
      </div>
    );
  }
  const takeTemplate = (name: string) => {
    const taken = TEMPLATES.find((known) => known.name === name);
    if (taken === undefined) return;
    const keepsName = form.name !== "" && !TEMPLATES.some(({ agent }) => agent === form.name);
    setTemplate(name);
    set({
      code: taken.code,
      install: taken.install ?? "",
      language: "",
      ...(keepsName ? {} : { name: taken.agent }),
    });
  };
  return (
    <div class="view">
      <PageHead
        title="Spawn an agent"
        note={isDraft ? "a draft: it is kept until it is deployed" : undefined}
      >
        {isDraft && <Button icon="back" label="Discard the draft" onClick={discard} />}
        <Select
          label="Template"
          value={template}
          options={TEMPLATES.map(({ name }) => [name, `Template: ${name}`])}
          onChange={takeTemplate}
        />
      </PageHead>
      <DeployForm draft={draft} isEdit={false} textVersion={template}>
        <p>
          <a href={href("agents", form.name)}>Open {form.name}</a>
        </p>
      </DeployForm>
    </div>
  );
}
