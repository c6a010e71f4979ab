/** CodeMirror, set up for the code of agents. */
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { javascript, localCompletionSource, snippets } from "@codemirror/lang-javascript";
import { syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import types from "../../../agents/types.d.ts" with { type: "text" };
import { parseAgentApi } from "./agent_api.ts";

export interface CodeEditor {
  /** Replaces the code, if it is another. */
  show(code: string): void;
  destroy(): void;
}

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly code: string;
  readonly label: string;
  readonly onChange: ((code: string) => void) | undefined;
}

const SKELETONS = [
  snippetCompletion("export async function setup(agent) {\n  ${}\n}", {
    label: "setup",
    detail: "once, first",
    type: "function",
  }),
  snippetCompletion("export async function process(agent) {\n  ${}\n}", {
    label: "process",
    detail: "every poll_interval",
    type: "function",
  }),
  snippetCompletion("export async function handle_task(agent, payload) {\n  ${}\n  return {};\n}", {
    label: "handle_task",
    detail: "for each task",
    type: "function",
  }),
];

export function createEditor({ parent, code, label, onChange }: EditorOptions): CodeEditor {
  const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: code,
      extensions: [
        basicSetup,
        EditorView.cspNonce.of(nonce),
        javascript({ typescript: true }),
        autocompletion({
          override: [
            completeAgent,
            localCompletionSource,
            completeSkeletons,
          ],
        }),
        syntaxHighlighting(classHighlighter),
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorState.tabSize.of(2),
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
    destroy: () => view.destroy(),
  };
}

const MEMBERS = parseAgentApi(types).map((member) => ({
  label: member.name,
  detail: member.signature,
  ...(member.documentation === "" ? {} : { info: member.documentation }),
  type: member.isMethod ? "method" : "property",
  apply: member.isMethod ? `${member.name}(` : member.name,
  boost: 10,
}));

/** Behind `agent.`, what an agent has. */
function completeAgent(context: CompletionContext): CompletionResult | null {
  const before = context.matchBefore(/\bagent\.\w*/);
  return before === null
    ? null
    : { from: before.from + "agent.".length, options: MEMBERS, validFor: /^\w*$/ };
}

function completeSkeletons(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[a-zA-Z_]+/);
  const isMember = context.matchBefore(/\.\w*/) !== null;
  if (isMember || (word === null && !context.explicit)) return null;
  return { from: word?.from ?? context.pos, options: [...SKELETONS, ...snippets], validFor: /^\w*$/ };
}
