/** The spawn form's contents, saved as a draft until they are deployed. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Inspection } from "../../wire.ts";
import { EMPTY_FORM, formInDraft, formOf, type SpawnForm } from "../logic/spawn_form.ts";
import { apiPath, get } from "./api.ts";
import { useApp } from "./app.ts";

export interface SpawnDraft {
  readonly form: SpawnForm;
  /** The form's initial contents, which changes are compared with; `null` until they are known. */
  readonly before: SpawnForm | null;
  /** Why the initial contents are not known. */
  readonly problem: string | null;
  /** Increased to make the editor load new text. */
  readonly version: number;
  /** Whether anything has changed. */
  readonly isDraft: boolean;
  set(change: Partial<SpawnForm>): void;
  discard(): void;
  /** What is in the form is now what runs. */
  deployed(): void;
}

/**
 * @param from the existing agent that is edited; `""` for a new one
 * @param code what the form of a new agent begins with
 */
export function useSpawnDraft(from: string, code: string): SpawnDraft {
  const newForm: SpawnForm = { ...EMPTY_FORM, code };
  const { drafts, store } = useApp();
  const draft = from === "" ? "spawn" : `edit ${from}`;
  const [form, setForm] = useState(() => formInDraft(drafts.get(draft)) ?? newForm);
  const [before, setBefore] = useState<SpawnForm | null>(from === "" ? newForm : null);
  const [problem, setProblem] = useState<string | null>(null);
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
      keep(before ?? newForm);
      drafts.set(draft, "");
      setVersion(version + 1);
    },
    deployed: () => {
      drafts.set(draft, "");
      if (from !== "") setBefore({ ...form, replace: true });
    },
  };
}
