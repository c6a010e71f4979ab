/** CodeMirror, set up for the code of agents. */
import { syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import type { CodeProblem } from "../../wire.ts";
import type { EditorLanguage } from "../logic/code_language.ts";
import { supportOf } from "./languages.ts";

export interface CodeEditor {
  /** Replaces the code if it differs. */
  show(code: string): void;
  /** Sets the language for colours and completion. */
  speak(language: EditorLanguage): void;
  /** Marks the lines that have problems, from 1; the marks move with the text as it is edited. */
  mark(problems: readonly CodeProblem[]): void;
  destroy(): void;
}

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly code: string;
  readonly language: EditorLanguage;
  readonly label: string;
  readonly onChange: ((code: string) => void) | undefined;
}

export function createEditor({ parent, code, language, label, onChange }: EditorOptions): CodeEditor {
  const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
  const support = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: code,
      extensions: [
        basicSetup,
        EditorView.cspNonce.of(nonce),
        support.of(supportOf(language)),
        syntaxHighlighting(classHighlighter),
        marks,
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
        onChange === undefined
          ? [EditorState.readOnly.of(true), EditorView.editable.of(false)]
          : EditorView.updateListener.of((update) => {
            if (update.docChanged) onChange(update.state.doc.toString());
          }),
      ],
    }),
  });
  return {
    show: (next) => {
      if (view.state.doc.toString() === next) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    speak: (next) => view.dispatch({ effects: support.reconfigure(supportOf(next)) }),
    mark: (problems) => {
      view.dispatch({ effects: setMarks.of(marksOf(problems, view.state)) });
      const [first] = problems.flatMap(({ line }) => line ?? []);
      if (first === undefined || first > view.state.doc.lines) return;
      view.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.line(first).from, { y: "center" }) });
    },
    destroy: () => view.destroy(),
  };
}

const setMarks = StateEffect.define<DecorationSet>();
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (before, transaction) => {
    const set = transaction.effects.find((effect) => effect.is(setMarks));
    return set === undefined ? before.map(transaction.changes) : set.value as DecorationSet;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function marksOf(problems: readonly CodeProblem[], { doc }: EditorState): DecorationSet {
  const byLine = Map.groupBy(problems, ({ line }) => line);
  const ranges = [...byLine].flatMap(([line, those]) => {
    if (line === null || line < 1 || line > doc.lines) return [];
    const title = those.map(({ message }) => message).join("\n");
    return Decoration.line({ class: "cm-problem", attributes: { title } }).range(doc.line(line).from);
  });
  return Decoration.set(ranges, true);
}
