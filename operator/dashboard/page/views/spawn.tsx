/** Spawns an agent: the code in an editor, the other fields in a form. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ActionOutcome, CodeCheck, CodeProblem } from "../../wire.ts";
import { editorLanguageOf } from "../logic/code_language.ts";
import { configOf, installOf, type Problems, problemsOf } from "../logic/spawn_form.ts";
import { nodeState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { Button, Empty, PageHead, Panel, Select } from "../parts/basics.tsx";
import { ConfigFields } from "../parts/config_fields.tsx";
import { Difference } from "../parts/difference.tsx";
import { OutcomeBox } from "../parts/form.tsx";
import { LazyEditor } from "../parts/lazy_editor.tsx";
import { apiPath, ask } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { useSpawnDraft } from "../state/spawn_draft.ts";
import { TEMPLATES } from "./templates.ts";

/** The form for a new agent, or for editing the existing one named by `?from=`. */
export function Spawn(): JSX.Element {
  const { router } = useApp();
  const from = router.query("from");
  return <SpawnForms key={from} from={from} />;
}

const NO_PROBLEMS: readonly CodeProblem[] = [];

/** The findings of a check. */
function Found({ check: { problems, notes } }: { readonly check: CodeCheck }): JSX.Element {
  return (
    <div class={`outcome outcome-${problems.length === 0 ? "good" : "bad"} found`} role="status">
      {problems.length === 0 && <p>The check has found no problem.</p>}
      <ul>
        {problems.map(({ line, message }) => (
          <li key={`${line} ${message}`}>
            {line !== null && <b>{`line ${line}: `}</b>}
            {visible(message)}
          </li>
        ))}
        {notes.map((note) => <li key={note} class="note">{visible(note)}</li>)}
      </ul>
    </div>
  );
}

function SpawnForms({ from }: { readonly from: string }): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const { form, before, problem, version, isDraft, set, discard, deployed } = useSpawnDraft(
    from,
    TEMPLATES[0]?.code ?? "",
  );
  const isEdit = from !== "";
  const online = [...store.nodes.values()].filter((node) => nodeState(node, store.judged.value) === "online")
    .map(({ name }) => name).sort();
  const [template, setTemplate] = useState(TEMPLATES[0]?.name ?? "");
  const [isTried, setTried] = useState(false);
  const [outcome, setOutcome] = useState<ActionOutcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [checkFound, setCheck] = useState<CodeCheck | null>(null);
  const [isChecking, setChecking] = useState(false);
  const node = form.node === "" ? online[0] ?? "" : form.node;
  const filled = { ...form, node };
  const problems = problemsOf(filled);
  const shown: Problems = isTried ? problems : {};

  if (!app.mayControl) {
    return (
      <div class="view">
        <Empty title="This dashboard is read-only">Its operator can change that with --allow-control.</Empty>
      </div>
    );
  }
  if (isEdit && before === null && !isDraft) {
    return (
      <div class="view">
        <PageHead title="Edit an agent">
          <Button icon="agents" label="The agent" onClick={() => app.router.go(href("agents", from))} />
        </PageHead>
        {problem === null
          ? <p class="loading" role="status">Asking its node for its code…</p>
          : <Empty title="Its code is not known">{problem}</Empty>}
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
  const check = async () => {
    setChecking(true);
    setCheck(null);
    const { code, language } = filled;
    try {
      const body = { code, install: installOf(filled), ...(language === "" ? {} : { language }) };
      setCheck(await ask<CodeCheck>("/api/check", body));
    } catch (error) {
      setCheck({ problems: [{ line: null, message: (error as Error).message }], notes: [] });
    }
    setChecking(false);
  };
  const spawn = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    setOutcome(null);
    const told = await app.perform(
      `${isEdit ? "Deploying" : "Spawning"} ${form.name} on ${node}`,
      apiPath("nodes", node, "spawn"),
      configOf(filled),
    );
    setOutcome(told);
    if (told.ok) deployed();
    setBusy(false);
  };

  return (
    <div class="view">
      <PageHead
        title={isEdit ? `Edit ${form.name}` : "Spawn an agent"}
        note={isDraft ? "a draft: it is kept until it is deployed" : undefined}
      >
        {isDraft && <Button icon="back" label="Discard the draft" onClick={discard} />}
        {isEdit
          ? <Button icon="agents" label="The agent" onClick={() => app.router.go(href("agents", from))} />
          : (
            <Select
              label="Template"
              value={template}
              options={TEMPLATES.map(({ name }) => [name, `Template: ${name}`])}
              onChange={takeTemplate}
            />
          )}
      </PageHead>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      <form class="columns spawn" onSubmit={(event) => void spawn(event)} noValidate>
        <div class="column-wide">
          <Panel
            title="Code"
            aside={
              <>
                <span class="note desk-only">Ctrl-Space completes</span>
                <Button
                  icon="check"
                  label={isChecking ? "Checking…" : "Check"}
                  title="Checks the code without running any of it"
                  disabled={isChecking}
                  onClick={() => void check()}
                />
              </>
            }
            flush
          >
            <LazyEditor
              code={form.code}
              version={`${template} ${version}`}
              language={editorLanguageOf(form.language, form.code, installOf(form))}
              label="Code of the agent"
              tall
              problems={checkFound?.problems ?? NO_PROBLEMS}
              onChange={(code) => set({ code })}
            />
            {checkFound !== null && <Found check={checkFound} />}
          </Panel>
          {shown.code !== undefined && <p class="problem">{shown.code}</p>}
          {isEdit && before !== null && (
            <Panel title="What changes">
              <Difference before={before} after={filled} />
            </Panel>
          )}
        </div>
        <div class="column-narrow">
          <Panel title="Config">
            <ConfigFields form={filled} set={set} nodes={online} problems={shown} />
            <Button
              type="submit"
              tone="primary"
              icon="spawn"
              label={isBusy ? "Waiting for its node…" : isEdit ? "Deploy" : "Spawn"}
              disabled={isBusy}
            />
            <OutcomeBox outcome={outcome}>
              {outcome?.ok && (
                <p>
                  <a href={href("agents", form.name)}>Open {form.name}</a>
                </p>
              )}
            </OutcomeBox>
          </Panel>
        </div>
      </form>
    </div>
  );
}
