/** CodeMirror, set up for the code of agents. */
import { syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import type { EditorLanguage } from "../logic/code_language.ts";
import { supportOf } from "./languages.ts";

export interface CodeEditor {
  /** Replaces the code if it differs. */
  show(code: string): void;
  /** Sets the language for colours and completion. */
  speak(language: EditorLanguage): void;
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
        EditorView.contentAttributes.of({ "aria-label": label }),
        onChange === undefined
          ? [
            EditorState.readOnly.of(true),
            EditorView.editable.of(false),
            EditorView.contentAttributes.of({ tabindex: "0" }),
          ]
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
    destroy: () => view.destroy(),
  };
}
