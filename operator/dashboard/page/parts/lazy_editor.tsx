/** Loads the code editor when it is first shown: it is larger than the rest of the page. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { CodeProblem } from "../../wire.ts";
import type { CodeEditor } from "../editor/editor.ts";
import type { EditorLanguage } from "../logic/code_language.ts";

const NO_PROBLEMS: readonly CodeProblem[] = [];

export function LazyEditor(
  { code, version = code, language, label, onChange, problems = NO_PROBLEMS, tall = false }: {
    readonly code: string;
    /** Change this to load `code` into the editor. Otherwise `code` is ignored: it lags behind what is being typed. */
    readonly version?: string | number;
    readonly language: EditorLanguage;
    readonly label: string;
    /** Without it, the editor is read-only. */
    readonly onChange?: (code: string) => void;
    /** The editor marks their lines. */
    readonly problems?: readonly CodeProblem[];
    readonly tall?: boolean;
  },
): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const latest = useRef(code);
  latest.current = code;
  const spoken = useRef(language);
  spoken.current = language;

  useEffect(() => {
    let isGone = false;
    void (async () => {
      const { createEditor } = await import("../editor/editor.ts");
      if (isGone || box.current === null) return;
      editor.current = createEditor({
        parent: box.current,
        code: latest.current,
        language: spoken.current,
        label,
        onChange,
      });
    })();
    return () => {
      isGone = true;
      editor.current?.destroy();
    };
  }, []);
  useEffect(() => editor.current?.show(latest.current), [version]);
  useEffect(() => editor.current?.speak(language), [language]);
  useEffect(() => editor.current?.mark(problems), [problems]);

  return <div ref={box} class={`editor${tall ? " editor-tall" : ""}`} />;
}
