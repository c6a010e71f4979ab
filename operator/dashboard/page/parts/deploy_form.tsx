/** Code and config of a new or an edited agent: check, difference, deployment. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ActionOutcome, CodeCheck, CodeProblem } from "../../wire.ts";
import { editorLanguageOf } from "../logic/code_language.ts";
import { configOf, installOf, type Problems, problemsOf } from "../logic/spawn_form.ts";
import { nodeState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { act, apiPath, ask } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import type { SpawnDraft } from "../state/spawn_draft.ts";
import { Button, Panel } from "./basics.tsx";
import { ConfigFields } from "./config_fields.tsx";
import { Difference } from "./difference.tsx";
import { OutcomeBox } from "./form.tsx";
import { LazyEditor } from "./lazy_editor.tsx";

const NO_PROBLEMS: readonly CodeProblem[] = [];

export function DeployForm(
  { draft, isEdit, textVersion = "", children }: {
    readonly draft: SpawnDraft;
    /** Whether the agent exists. */
    readonly isEdit: boolean;
    /** Change this to load the draft's code into the editor. */
    readonly textVersion?: string;
    /** Shown when it has been deployed. */
    readonly children: ComponentChildren;
  },
): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const { form, before, version, set, deployed } = draft;
  const online = [...store.nodes.values()].filter((node) => nodeState(node, store.judged.value) === "online")
    .map(({ name }) => name).sort();
  const [isTried, setTried] = useState(false);
  const [outcome, setOutcome] = useState<ActionOutcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [checkFound, setCheck] = useState<CodeCheck | null>(null);
  const [isChecking, setChecking] = useState(false);
  const isGone = useRef(false);
  useEffect(() => () => {
    isGone.current = true;
  }, []);
  const node = form.node === "" ? online[0] ?? "" : form.node;
  const filled = { ...form, node };
  const problems = problemsOf(filled);
  const shown: Problems = isTried ? problems : {};

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
    const told = await act(apiPath("nodes", node, "spawn"), configOf(filled));
    setOutcome(told);
    // The form shows it, if it is still there; a message in the corner would cover the links in it.
    if (isGone.current) app.tell(told.message, told.ok);
    if (told.ok) deployed();
    setBusy(false);
  };

  return (
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
            version={`${textVersion} ${version}`}
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
            <Difference before={before} after={filled} nothing="Nothing has changed yet." />
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
          <OutcomeBox outcome={outcome}>{outcome?.ok === true && children}</OutcomeBox>
        </Panel>
      </div>
    </form>
  );
}

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
