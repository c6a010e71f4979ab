/** The form for a new or an existing rule. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { COMPARISONS, type NoticeBoard, type Watch, WATCHED_STATES } from "../../notice_wire.ts";
import { type ActionOutcome, LEVELS } from "../../wire.ts";
import {
  EMPTY_RULE,
  type RuleForm,
  ruleFormOf,
  ruleOf,
  type RuleProblems,
  ruleProblemsOf,
  WATCH_KINDS,
  WATCH_WORDS,
} from "../logic/rule_form.ts";
import { tellingWords, watchWords } from "../logic/rule_words.ts";
import { visible } from "../logic/visible.ts";
import { act, apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { Button, Empty, Panel } from "./basics.tsx";
import { Choices, OutcomeBox, PickInput, TextInput } from "./form.tsx";

/** @param edited the id of a rule, or `new` */
export function RuleForms(
  { board, edited }: { readonly board: NoticeBoard; readonly edited: string },
): JSX.Element {
  const app = useApp();
  const rule = board.rules.find(({ id }) => id === edited);
  const [form, setForm] = useState<RuleForm>(() => rule === undefined ? EMPTY_RULE : ruleFormOf(rule));
  const [isTried, setTried] = useState(false);
  const [outcome, setOutcome] = useState<ActionOutcome | null>(null);
  const set = (change: Partial<RuleForm>) => setForm((before) => ({ ...before, ...change }));
  if (!app.mayControl) {
    return (
      <Empty title="This dashboard is read-only">Its operator can change that with --allow-control.</Empty>
    );
  }
  if (rule === undefined && edited !== "new") return <Empty title="There is no such rule any more" />;
  const problems = ruleProblemsOf(form);
  const shown: RuleProblems = isTried ? problems : {};
  const isWhole = Object.keys(problems).length === 0;
  const save = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!isWhole) return;
    const path = rule === undefined ? apiPath("rules") : apiPath("rules", rule.id);
    const told = await act(path, ruleOf(form));
    setOutcome(told);
    if (told.ok) app.router.choose({ rule: "" });
  };
  const fields = { form, set, problems: shown };
  return (
    <form class="rule-form" onSubmit={(event) => void save(event)} noValidate>
      <Panel title={rule === undefined ? "New rule" : `Edit ${visible(rule.name)}`}>
        <TextField label="Name" field="name" {...fields} />
        <PickInput
          label="When"
          name="kind"
          value={form.kind}
          options={WATCH_KINDS.map((kind) => [kind, WATCH_WORDS[kind]])}
          onChange={(chosen) => set({ kind: WATCH_KINDS.find((kind) => kind === chosen) ?? "agent_state" })}
        />
        <WatchFields {...fields} />
        <div class="field-row">
          <TextField label="Holds for, min" field="hold" {...fields} />
          <TextField label="Over after, min" field="calm" {...fields} />
          <TextField label="Again every, min" field="repeat" {...fields} />
        </div>
        <p class="note">
          It is told when it has held for so long, and again until somebody acknowledges it; 0 for not again.
        </p>
        <Choices
          label="Tell"
          options={board.channels.map(({ name }) => name)}
          chosen={form.channels}
          onChange={(channels) => set({ channels })}
          nothing="No channel is configured: it is only shown on this page."
        />
        <label class="check">
          <input
            type="checkbox"
            name="enabled"
            checked={form.enabled}
            onChange={({ currentTarget }) => set({ enabled: currentTarget.checked })}
          />
          <span>The rule is on</span>
        </label>
        {isWhole && (
          <p class="note" role="status">
            {visible(`When ${watchWords(ruleOf(form).watch)}: ${tellingWords(ruleOf(form))}.`)}
          </p>
        )}
        <footer class="form-foot">
          <Button label="Cancel" onClick={() => app.router.choose({ rule: "" })} />
          <Button type="submit" tone="primary" icon="check" label="Save" />
        </footer>
        <OutcomeBox outcome={outcome} />
      </Panel>
    </form>
  );
}

interface Fields {
  readonly form: RuleForm;
  readonly set: (change: Partial<RuleForm>) => void;
  readonly problems: RuleProblems;
}

type TextKey = Exclude<keyof RuleForm, "states" | "channels" | "enabled" | "kind">;

function TextField(
  { label, hint, field, form, set, problems }: Fields & {
    readonly label: string;
    readonly hint?: string;
    readonly field: TextKey;
  },
): JSX.Element {
  return (
    <TextInput
      label={label}
      hint={hint}
      name={field}
      value={form[field]}
      problem={problems[field]}
      onInput={(value) => set({ [field]: value })}
    />
  );
}

/** The fields of what is watched. */
function WatchFields(fields: Fields): JSX.Element | null {
  const { form, set, problems } = fields;
  const kind: Watch["kind"] = form.kind;
  switch (kind) {
    case "node_off":
      return <TextField label="Node" hint="a name; * is any" field="node" {...fields} />;
    case "agent_state":
      return (
        <>
          <TextField label="Agent" hint="a name; * is any" field="agent" {...fields} />
          <Choices
            label="Is"
            options={WATCHED_STATES}
            chosen={form.states}
            problem={problems.states}
            onChange={(states) => set({ states })}
          />
        </>
      );
    case "alert":
      return (
        <div class="field-row">
          <TextField label="Agent" hint="a name; * is any" field="agent" {...fields} />
          <PickInput
            label="Level, or above"
            name="severity"
            value={form.severity}
            options={LEVELS.map((level) => [level, level])}
            onChange={(severity) => set({ severity })}
          />
        </div>
      );
    case "reading":
      return (
        <>
          <TextField label="Topic" hint="may have + and #" field="topic" {...fields} />
          <div class="field-row">
            <TextField label="Field" hint="empty: the payload" field="field" {...fields} />
            <PickInput
              label="Is"
              name="compare"
              value={form.compare}
              options={COMPARISONS.map((each) => [each, each])}
              onChange={(compare) => set({ compare })}
            />
            {form.compare !== "missing" && <TextField label="Limit" field="limit" {...fields} />}
          </div>
        </>
      );
    case "broker_off":
      return null;
    default:
      return kind satisfies never;
  }
}
