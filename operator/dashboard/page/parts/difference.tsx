/** Shows the difference between two states of an agent: its config field by field, its code line by line. */
import type { JSX } from "preact";
import { structuredPatch } from "diff";
import { fieldChanges, type SpawnForm } from "../logic/spawn_form.ts";
import { visible } from "../logic/visible.ts";

const CONTEXT_LINES = 3;

export function Difference(
  { before, after, nothing }: {
    readonly before: SpawnForm;
    readonly after: SpawnForm;
    /** What to say when there is none. */
    readonly nothing: string;
  },
): JSX.Element {
  const fields = fieldChanges(before, after);
  const { hunks } = structuredPatch("", "", before.code, after.code, undefined, undefined, {
    context: CONTEXT_LINES,
  });
  if (fields.length === 0 && hunks.length === 0) return <p class="note">{nothing}</p>;
  return (
    <div class="difference">
      {fields.length > 0 && (
        <ul class="difference-fields">
          {fields.map((line) => <li key={line}>{visible(line)}</li>)}
        </ul>
      )}
      {hunks.map((hunk) => (
        <pre
          key={hunk.newStart}
          class="code-block"
          tabIndex={0}
          aria-label={`Changes from line ${hunk.newStart}`}
        >
          {hunk.lines.filter((line) => !line.startsWith("\\")).map((line, index) => (
            <span key={index} class={LINE_CLASSES[line[0] ?? " "] ?? ""}>{`${visible(line)}\n`}</span>
          ))}
        </pre>
      ))}
    </div>
  );
}

const LINE_CLASSES: Readonly<Record<string, string>> = { "+": "line-new", "-": "line-old" };
