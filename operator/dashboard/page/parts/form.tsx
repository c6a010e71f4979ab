/** Parts of forms. */
import type { ComponentChildren, JSX } from "preact";
import type { ActionOutcome } from "../../wire.ts";
import { visible } from "../logic/visible.ts";

/** A control with its label and its validation error. */
export function Field(
  { label, hint, problem, children }: {
    readonly label: string;
    readonly hint?: string | undefined;
    readonly problem?: string | null | undefined;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <label class="field">
      <span>{label}{hint !== undefined && <span class="note">{` ${hint}`}</span>}</span>
      {children}
      {typeof problem === "string" && <span class="problem" role="alert">{problem}</span>}
    </label>
  );
}

/** The outcome of an action and its duration. */
export function OutcomeBox(
  { outcome, children }: { readonly outcome: ActionOutcome | null; readonly children?: ComponentChildren },
): JSX.Element | null {
  return outcome && (
    <div class={`outcome outcome-${outcome.ok ? "good" : "bad"}`} role="status">
      <p>
        {outcome.message} <span class="note">{outcome.took_ms} ms</span>
      </p>
      {children}
    </div>
  );
}

/** A line of text with its label. */
export function TextInput(
  { label, hint, name, value, problem, onInput }: {
    readonly label: string;
    readonly hint?: string | undefined;
    readonly name: string;
    readonly value: string;
    readonly problem?: string | undefined;
    readonly onInput: (value: string) => void;
  },
): JSX.Element {
  return (
    <Field label={label} problem={problem} hint={hint}>
      <input
        class="input"
        name={name}
        autocomplete="off"
        spellcheck={false}
        value={value}
        aria-invalid={problem !== undefined}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </Field>
  );
}

/** A choice of one with its label. */
export function PickInput(
  { label, name, value, options, problem, onChange }: {
    readonly label: string;
    readonly name: string;
    readonly value: string;
    readonly options: readonly (readonly [value: string, words: string])[];
    readonly problem?: string | undefined;
    readonly onChange: (value: string) => void;
  },
): JSX.Element {
  return (
    <Field label={label} problem={problem}>
      <select
        class="select"
        name={name}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {options.map(([option, words]) => <option key={option} value={option}>{words}</option>)}
      </select>
    </Field>
  );
}

/** A choice of several with its label. */
export function Choices(
  { label, options, chosen, problem, nothing, onChange }: {
    readonly label: string;
    readonly options: readonly string[];
    readonly chosen: readonly string[];
    readonly problem?: string | undefined;
    /** What to say when there are no options. */
    readonly nothing?: string;
    readonly onChange: (chosen: readonly string[]) => void;
  },
): JSX.Element {
  return (
    <fieldset class="choices">
      <legend>{label}</legend>
      {options.length === 0 && <span class="note">{nothing}</span>}
      {options.map((option) => (
        <label key={option} class="check">
          <input
            type="checkbox"
            value={option}
            checked={chosen.includes(option)}
            onChange={({ currentTarget }) =>
              onChange(
                currentTarget.checked ? [...chosen, option] : chosen.filter((each) => each !== option),
              )}
          />
          <span>{visible(option)}</span>
        </label>
      ))}
      {problem !== undefined && <span class="problem" role="alert">{problem}</span>}
    </fieldset>
  );
}
