/** An agent's code, config and state file, as reported by its node. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AgentDto, Inspection } from "../../wire.ts";
import { count } from "../logic/format.ts";
import { Button, Empty, JsonText, Panel } from "../parts/basics.tsx";
import { editorLanguageOf } from "../logic/code_language.ts";
import { LazyEditor } from "../parts/lazy_editor.tsx";
import { apiPath, get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

export function Inspected(
  { agent, part }: { readonly agent: AgentDto; readonly part: "code" | "config" | "state" },
): JSX.Element {
  const { store } = useApp();
  const [version, setVersion] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const [inspection, setInspection] = useState<Inspection | null>(null);
  useEffect(() => {
    get<Inspection>(apiPath("agents", agent.actor_id, "inspect")).then((found) => {
      setInspection(found);
      setProblem(null);
    }, (error) => setProblem((error as Error).message));
  }, [agent.actor_id, version]);
  const aside = (
    <>
      {inspection?.source === "spawn" && <span class="note">as seen on the bus</span>}
      <Button icon="restart" label="Ask again" onClick={() => setVersion(version + 1)} />
    </>
  );
  const title = { code: "Code, as spawned", config: "Config, as spawned", state: "State file" }[part];
  return (
    <Panel title={title} aside={aside}>
      {problem !== null && <p class="problem">{problem}</p>}
      {inspection?.note !== null && inspection?.note !== undefined && <p class="note">{inspection.note}</p>}
      {inspection === null ? <p class="note">Asking its node…</p> : (
        <InspectedPart
          part={part}
          inspection={inspection}
          mayShowCode={store.session.value?.show_code === true}
        />
      )}
    </Panel>
  );
}

function InspectedPart(
  { part, inspection, mayShowCode }: {
    readonly part: "code" | "config" | "state";
    readonly inspection: Inspection;
    readonly mayShowCode: boolean;
  },
): JSX.Element {
  if (part === "code") {
    if (!mayShowCode) {
      return (
        <Empty title="Code is not shown here">
          The operator of this dashboard can show it with --show-code.
        </Empty>
      );
    }
    return inspection.code === null
      ? (
        <Empty title="Its code is not known">
          Its node does not disclose it, and no spawn command was seen.
        </Empty>
      )
      : (
        <LazyEditor
          code={inspection.code}
          language={editorLanguageOf(inspection.config?.["language"], inspection.code)}
          label="Code"
        />
      );
  }
  const value = part === "config" ? inspection.config : inspection.persisted;
  if (value !== null) {
    const isEmpty = part === "state" && Object.keys(value).length === 0;
    return isEmpty ? <Empty title="Nothing is persisted" /> : <JsonText value={value} />;
  }
  const isLarge = part === "state" && inspection.persisted_bytes !== null;
  return isLarge
    ? <Empty title={`Too large to show: ${count(inspection.persisted_bytes)} bytes`} />
    : <Empty title="Not known">Its node does not disclose it.</Empty>;
}
