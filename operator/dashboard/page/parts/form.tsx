/** Parts of forms. */
import type { ComponentChildren, JSX } from "preact";
import type { ActionOutcome } from "../../wire.ts";

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
