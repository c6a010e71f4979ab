/** Editor support for each agent language: colours, indentation, completions. */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  type CompletionSource,
  snippetCompletion,
} from "@codemirror/autocomplete";
import {
  javascript,
  localCompletionSource as localNames,
  snippets as statements,
} from "@codemirror/lang-javascript";
import {
  globalCompletion as builtins,
  localCompletionSource as localPythonNames,
  python,
} from "@codemirror/lang-python";
import { indentUnit } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import pythonSource from "../../../../agents/harness/python/agentflow.py" with { type: "text" };
import types from "../../../../agents/types.d.ts" with { type: "text" };
import type { EditorLanguage } from "../logic/code_language.ts";
import { type ApiMember, parseAgentApi } from "./agent_api.ts";
import { parsePythonApi } from "./python_api.ts";

export function supportOf(language: EditorLanguage): Extension {
  return SUPPORT[language];
}

/** The functions that a node calls, with their purpose. */
const PURPOSES = {
  setup: "once, first",
  process: "every poll_interval",
  handle_task: "for each task",
} as const;

const MEMBERS = parseAgentApi(types);

const SUPPORT: Readonly<Record<EditorLanguage, Extension>> = {
  typescript: [
    javascript({ typescript: true }),
    indentation(2),
    completing(
      MEMBERS,
      {
        setup: "export async function setup(agent) {\n  ${}\n}",
        process: "export async function process(agent) {\n  ${}\n}",
        handle_task: "export async function handle_task(agent, payload) {\n  ${}\n  return {};\n}",
      },
      statements,
      localNames,
    ),
  ],
  python: [
    python(),
    indentation(4),
    completing(
      parsePythonApi(pythonSource, MEMBERS),
      {
        setup: "async def setup(agent):\n    ${}",
        process: "async def process(agent):\n    ${}",
        handle_task: "async def handle_task(agent, payload):\n    ${}\n    return {}",
      },
      [],
      localPythonNames,
      builtins,
    ),
  ],
};

function indentation(spaces: number): Extension {
  return [EditorState.tabSize.of(spaces), indentUnit.of(" ".repeat(spaces))];
}

function completing(
  members: readonly ApiMember[],
  skeletons: Readonly<Record<keyof typeof PURPOSES, string>>,
  others: readonly Completion[],
  ...names: readonly CompletionSource[]
): Extension {
  const functions = (Object.keys(PURPOSES) as (keyof typeof PURPOSES)[]).map((label) =>
    snippetCompletion(skeletons[label], { label, detail: PURPOSES[label], type: "function" })
  );
  return autocompletion({
    override: [
      (context) => completeAgent(context, members),
      ...names,
      (context) => completeWords(context, [...functions, ...others]),
    ],
  });
}

/** Completes the members of an agent after `agent.`. */
function completeAgent(context: CompletionContext, members: readonly ApiMember[]): CompletionResult | null {
  const before = context.matchBefore(/\bagent\.\w*/);
  if (before === null) return null;
  const options = members.map(({ name, signature, documentation, isMethod }) => ({
    label: name,
    detail: signature,
    ...(documentation === "" ? {} : { info: documentation }),
    type: isMethod ? "method" : "property",
    apply: isMethod ? `${name}(` : name,
    boost: 10,
  }));
  return { from: before.from + "agent.".length, options, validFor: /^\w*$/ };
}

function completeWords(context: CompletionContext, options: readonly Completion[]): CompletionResult | null {
  const word = context.matchBefore(/[a-zA-Z_]+/);
  const isMember = context.matchBefore(/\.\w*/) !== null;
  if (isMember || (word === null && !context.explicit)) return null;
  return { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
}
