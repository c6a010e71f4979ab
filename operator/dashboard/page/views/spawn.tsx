/** Spawns an agent: the code in an editor, the other fields in a form. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ActionOutcome, CodeCheck, CodeProblem, Inspection } from "../../wire.ts";
import { type Language, LANGUAGES } from "../../../../protocol/language.ts";
import { editorLanguageOf } from "../logic/code_language.ts";
import {
  configOf,
  EMPTY_FORM,
  formInDraft,
  formOf,
  installOf,
  type Problems,
  problemsOf,
  type SpawnForm,
} from "../logic/spawn_form.ts";
import { nodeState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { Button, Empty, PageHead, Panel, Select } from "../parts/basics.tsx";
import { Difference } from "../parts/difference.tsx";
import { Field, OutcomeBox } from "../parts/form.tsx";
import { LazyEditor } from "../parts/lazy_editor.tsx";
import { apiPath, ask, get } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { TEMPLATES } from "./templates.ts";

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  python: "Python",
  typescript: "TypeScript",
  javascript: "JavaScript",
};

/** The form for a new agent, or for editing the existing one named by `?from=`. */
export function Spawn(): JSX.Element {
  const { router } = useApp();
  const from = router.query("from");
  return <SpawnForms key={from} from={from} />;
}

const NEW_FORM: SpawnForm = { ...EMPTY_FORM, code: TEMPLATES[0]?.code ?? "" };

/** The form's contents, saved as a draft until they are deployed. */
function useForm(from: string) {
  const { drafts, store } = useApp();
  const draft = from === "" ? "spawn" : `edit ${from}`;
  const [form, setForm] = useState(() => formInDraft(drafts.get(draft)) ?? NEW_FORM);
  /** The form's initial contents, which changes are compared with. */
  const [before, setBefore] = useState<SpawnForm | null>(from === "" ? NEW_FORM : null);
  const [problem, setProblem] = useState<string | null>(null);
  /** Increased to make the editor load new text. */
  const [version, setVersion] = useState(0);
  useEffect(() => {
    if (from === "") return;
    get<Inspection>(apiPath("agents", from, "inspect")).then(({ config, code, note }) => {
      const agent = store.agents.get(from);
      if (config === null || code === null) {
        setProblem(note ?? "Its code is not known here, or not shown: see --show-code");
        return;
      }
      const isLive = agent !== undefined && agent.state !== "failed" && agent.state !== "stopped";
      const there = formOf(config, code, agent?.node ?? "", isLive);
      setBefore(there);
      if (formInDraft(drafts.get(draft)) === undefined) setForm(there);
      setVersion((number) => number + 1);
    }, (error) => setProblem((error as Error).message));
  }, []);
  /** The editor's callback belongs to the render that created it: without this ref it would restore that old form. */
  const latest = useRef({ form, before });
  latest.current = { form, before };
  const keep = (next: SpawnForm) => {
    const { before } = latest.current;
    latest.current = { form: next, before };
    setForm(next);
    drafts.set(draft, JSON.stringify(next) === JSON.stringify(before) ? "" : JSON.stringify(next));
  };
  return {
    form,
    before,
    problem,
    version,
    isDraft: drafts.get(draft) !== "",
    set: (change: Partial<SpawnForm>) => keep({ ...latest.current.form, ...change }),
    discard: () => {
      keep(before ?? NEW_FORM);
      drafts.set(draft, "");
      setVersion(version + 1);
    },
    deployed: () => {
      drafts.set(draft, "");
      if (from !== "") setBefore({ ...form, replace: true });
    },
  };
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
  const { form, before, problem, version, isDraft, set, discard, deployed } = useForm(from);
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
  const fields = { form, set };

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
            <TextField label="Name" field="name" {...fields} problem={shown.name} />
            <Field label="Node" problem={shown.node}>
              <select
                class="select"
                name="node"
                value={node}
                onChange={({ currentTarget }) => set({ node: currentTarget.value })}
              >
                {online.map((name) => <option key={name} value={name}>{name}</option>)}
              </select>
            </Field>
            <Field label="Language">
              <select
                class="select"
                name="language"
                value={form.language}
                onChange={({ currentTarget }) =>
                  set({ language: LANGUAGES.find((known) => known === currentTarget.value) ?? "" })}
              >
                <option value="">as the code tells</option>
                {LANGUAGES.map((language) => (
                  <option key={language} value={language}>{LANGUAGE_NAMES[language]}</option>
                ))}
              </select>
            </Field>
            <TextField label="Description" field="description" {...fields} />
            <TextField
              label="Capabilities"
              hint="separated by commas"
              field="capabilities"
              {...fields}
            />
            <TextField
              label="Install"
              hint="npm:, jsr: and pypi: packages"
              field="install"
              {...fields}
            />
            <div class="field-row">
              <TextField
                label="Poll, s"
                field="poll_interval"
                {...fields}
                problem={shown.poll_interval}
              />
              <TextField
                label="Restarts"
                field="max_restarts"
                {...fields}
                problem={shown.max_restarts}
              />
              <TextField
                label="Delay, s"
                field="restart_delay"
                {...fields}
                problem={shown.restart_delay}
              />
            </div>
            <label class="check">
              <input
                type="checkbox"
                name="replace"
                checked={form.replace}
                onChange={({ currentTarget }) => set({ replace: currentTarget.checked })}
              />
              <span>Replace a running agent of that name; the old code comes back if the new one fails</span>
            </label>
            <Field label="Other fields" hint="a JSON object" problem={shown.extra}>
              <textarea
                class="input mono"
                name="extra"
                rows={3}
                spellcheck={false}
                placeholder='{"permissions": {"net": ["example.org"]}}'
                value={form.extra}
                onInput={({ currentTarget }) => set({ extra: currentTarget.value })}
              />
            </Field>
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

type TextKey = Exclude<keyof SpawnForm, "replace" | "language">;

function TextField(
  { label, hint, field, form, set, problem }: {
    readonly label: string;
    readonly hint?: string;
    readonly field: TextKey;
    readonly form: SpawnForm;
    readonly set: (change: Partial<SpawnForm>) => void;
    readonly problem?: string | undefined;
  },
): JSX.Element {
  return (
    <Field label={label} problem={problem} hint={hint}>
      <input
        class="input"
        name={field}
        autocomplete="off"
        spellcheck={false}
        value={form[field]}
        aria-invalid={problem !== undefined}
        onInput={({ currentTarget }) => set({ [field]: currentTarget.value })}
      />
    </Field>
  );
}
