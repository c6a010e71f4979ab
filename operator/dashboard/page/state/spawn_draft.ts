/** The spawn form's contents, saved as a draft until they are deployed. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { AgentDto, Inspection, VersionContent } from "../../wire.ts";
import { EMPTY_FORM, formInDraft, formOf, type SpawnForm } from "../logic/spawn_form.ts";
import { apiPath, get } from "./api.ts";
import { useApp } from "./app.ts";

export interface SpawnDraft {
  readonly form: SpawnForm;
  /** What the agent is now, which changes are compared with; `null` while it is not known. */
  readonly before: SpawnForm | null;
  /** Whether the form has its initial contents, so that it can be shown. */
  readonly isReady: boolean;
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

/** An existing agent that is edited: as it is, or as one of its versions was. */
export interface Edited {
  readonly agent: AgentDto;
  /** The number of the version; `""` for the agent as it is. */
  readonly version: string;
}

interface Contents {
  /** What the agent is now. */
  readonly before: SpawnForm | null;
  /** What the form begins with. */
  readonly start: SpawnForm | null;
  readonly problem: string | null;
}

/**
 * @param edited the existing agent that is edited; null for a new one
 * @param code what the form of a new agent begins with
 */
export function useSpawnDraft(edited: Edited | null, code: string): SpawnDraft {
  const newForm: SpawnForm = { ...EMPTY_FORM, code };
  const { drafts } = useApp();
  const draft = edited === null ? "spawn" : `edit ${edited.agent.actor_id} ${edited.version}`;
  const [form, setForm] = useState(() => formInDraft(drafts.get(draft)) ?? newForm);
  const [contents, setContents] = useState<Contents>(
    edited === null
      ? { before: newForm, start: newForm, problem: null }
      : { before: null, start: null, problem: null },
  );
  const [version, setVersion] = useState(0);
  useEffect(() => {
    if (edited === null) return;
    contentsOf(edited).then((found) => {
      setContents(found);
      if (found.start !== null && formInDraft(drafts.get(draft)) === undefined) setForm(found.start);
      setVersion((number) => number + 1);
    }, (error) => setContents({ before: null, start: null, problem: (error as Error).message }));
  }, []);
  /** The editor's callback belongs to the render that created it: without this ref it would restore that old form. */
  const latest = useRef({ form, start: contents.start });
  latest.current = { form, start: contents.start };
  const keep = (next: SpawnForm) => {
    const { start } = latest.current;
    latest.current = { form: next, start };
    setForm(next);
    drafts.set(draft, JSON.stringify(next) === JSON.stringify(start) ? "" : JSON.stringify(next));
  };
  const isDraft = drafts.get(draft) !== "";
  return {
    form,
    before: contents.before,
    isReady: contents.start !== null || isDraft,
    problem: contents.problem,
    version,
    isDraft,
    set: (change: Partial<SpawnForm>) => keep({ ...latest.current.form, ...change }),
    discard: () => {
      keep(contents.start ?? newForm);
      drafts.set(draft, "");
      setVersion(version + 1);
    },
    deployed: () => {
      drafts.set(draft, "");
      if (edited === null) return;
      const now = { ...form, replace: true };
      setForm(now);
      setContents({ before: now, start: now, problem: null });
    },
  };
}

/** @throws Error with the server's message */
async function contentsOf({ agent, version }: Edited): Promise<Contents> {
  const isLive = agent.state !== "failed" && agent.state !== "stopped";
  const formIn = ({ config, code }: Pick<Inspection, "config" | "code">) =>
    config === null || code === null ? null : formOf(config, code, agent.node ?? "", isLive);
  const there = await get<Inspection>(apiPath("agents", agent.actor_id, "inspect"));
  const before = formIn(there);
  if (version === "") {
    return { before, start: before, problem: before === null ? there.note ?? UNKNOWN : null };
  }
  const start = formIn(await get<VersionContent>(apiPath("agents", agent.actor_id, "versions", version)));
  return { before, start, problem: start === null ? UNKNOWN : null };
}

const UNKNOWN = "Its code is not known here, or not shown: see --show-code";
