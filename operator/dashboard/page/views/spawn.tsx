/** Spawns an agent: the code in an editor, the other fields in a form. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ActionOutcome } from "../../wire.ts";
import { type Language, LANGUAGES } from "../../../../protocol/language.ts";
import { editorLanguageOf } from "../logic/code_language.ts";
import {
  configOf,
  EMPTY_FORM,
  installOf,
  type Problems,
  problemsOf,
  type SpawnForm,
} from "../logic/spawn_form.ts";
import { nodeState } from "../logic/states.ts";
import { Button, Empty, PageHead, Panel, Select } from "../parts/basics.tsx";
import { Field, OutcomeBox } from "../parts/form.tsx";
import { LazyEditor } from "../parts/lazy_editor.tsx";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { TEMPLATES } from "./templates.ts";

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  python: "Python",
  typescript: "TypeScript",
  javascript: "JavaScript",
};

export function Spawn(): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const online = [...store.nodes.values()].filter((node) => nodeState(node, store.judged.value) === "online")
    .map(({ name }) => name).sort();
  const [form, setForm] = useState<SpawnForm>({ ...EMPTY_FORM, code: TEMPLATES[0]?.code ?? "" });
  const [template, setTemplate] = useState(TEMPLATES[0]?.name ?? "");
  const [isTried, setTried] = useState(false);
  const [outcome, setOutcome] = useState<ActionOutcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const node = form.node === "" ? online[0] ?? "" : form.node;
  const filled = { ...form, node };
  const problems = problemsOf(filled);
  const shown: Problems = isTried ? problems : {};
  const set = (change: Partial<SpawnForm>) => setForm((before) => ({ ...before, ...change }));
  const fields = { form, set };

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
  const spawn = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    setOutcome(null);
    setOutcome(
      await app.perform(
        `Spawning ${form.name} on ${node}`,
        apiPath("nodes", node, "spawn"),
        configOf(filled),
      ),
    );
    setBusy(false);
  };

  return (
    <div class="view">
      <PageHead title="Spawn an agent">
        <Select
          label="Template"
          value={template}
          options={TEMPLATES.map(({ name }) => [name, `Template: ${name}`])}
          onChange={takeTemplate}
        />
      </PageHead>
      <form class="columns spawn" onSubmit={(event) => void spawn(event)} noValidate>
        <div class="column-wide">
          <Panel title="Code" aside={<span class="note">Ctrl-Space completes</span>} flush>
            <LazyEditor
              code={form.code}
              version={template}
              language={editorLanguageOf(form.language, form.code, installOf(form))}
              label="Code of the agent"
              tall
              onChange={(code) => set({ code })}
            />
          </Panel>
          {shown.code !== undefined && <p class="problem">{shown.code}</p>}
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
              label={isBusy ? "Spawning…" : "Spawn"}
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
