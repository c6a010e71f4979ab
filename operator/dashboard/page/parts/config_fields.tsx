/** The fields of an agent's config, beside its code. */
import type { JSX } from "preact";
import { type Language, LANGUAGES } from "../../../../protocol/language.ts";
import type { Problems, SpawnForm } from "../logic/spawn_form.ts";
import { Field, TextInput } from "./form.tsx";

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  python: "Python",
  typescript: "TypeScript",
  javascript: "JavaScript",
};

interface ConfigFieldsProps {
  readonly form: SpawnForm;
  readonly set: (change: Partial<SpawnForm>) => void;
  /** The nodes to choose from. */
  readonly nodes: readonly string[];
  readonly problems: Problems;
}

export function ConfigFields({ form, set, nodes, problems }: ConfigFieldsProps): JSX.Element {
  const fields = { form, set };
  return (
    <>
      <TextField label="Name" field="name" {...fields} problem={problems.name} />
      <Field label="Node" problem={problems.node}>
        <select
          class="select"
          name="node"
          value={form.node}
          onChange={({ currentTarget }) => set({ node: currentTarget.value })}
        >
          {nodes.map((name) => <option key={name} value={name}>{name}</option>)}
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
          problem={problems.poll_interval}
        />
        <TextField
          label="Restarts"
          field="max_restarts"
          {...fields}
          problem={problems.max_restarts}
        />
        <TextField
          label="Delay, s"
          field="restart_delay"
          {...fields}
          problem={problems.restart_delay}
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
      <Field label="Other fields" hint="a JSON object" problem={problems.extra}>
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
    </>
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
    <TextInput
      label={label}
      hint={hint}
      name={field}
      value={form[field]}
      problem={problem}
      onInput={(value) => set({ [field]: value })}
    />
  );
}
