/** The source of the harness for agents in Python, carried by the runner: all of it, with what it shares with the other. */
import languages from "../../protocol/language.ts" with { type: "text" };
import agentflow from "../../agents/harness/python/agentflow.py" with { type: "text" };
import circuitpython from "../../agents/harness/python/circuitpython.py" with { type: "text" };
import pythonApi from "../../agents/harness/python/api.ts" with { type: "text" };
import interpreter from "../../agents/harness/python/interpreter.ts" with { type: "text" };
import main from "../../agents/harness/python/main.ts" with { type: "text" };
import makeSnapshot from "../../agents/harness/python/make_snapshot.ts" with { type: "text" };
import outcome from "../../agents/harness/python/outcome.ts" with { type: "text" };
import pythonPayload from "../../agents/harness/python/payload.ts" with { type: "text" };
import pythonCode from "../../agents/harness/python/python_code.ts" with { type: "text" };
import snapshot from "../../agents/harness/python/snapshot.ts" with { type: "text" };
import typescriptSyntax from "../../agents/harness/python/typescript_syntax.ts" with { type: "text" };
import type { SourceTree } from "./harness_source.ts";
import { SHARED_HARNESS } from "./shared_harness_source.ts";

/** Every module the harness loads. */
export const PYTHON_HARNESS: SourceTree = {
  entry: "agents/harness/python/main.ts",
  files: {
    ...SHARED_HARNESS,
    "protocol/language.ts": languages,
    "agents/harness/python/agentflow.py": agentflow,
    "agents/harness/python/circuitpython.py": circuitpython,
    "agents/harness/python/api.ts": pythonApi,
    "agents/harness/python/interpreter.ts": interpreter,
    "agents/harness/python/main.ts": main,
    "agents/harness/python/make_snapshot.ts": makeSnapshot,
    "agents/harness/python/outcome.ts": outcome,
    "agents/harness/python/payload.ts": pythonPayload,
    "agents/harness/python/python_code.ts": pythonCode,
    "agents/harness/python/snapshot.ts": snapshot,
    "agents/harness/python/typescript_syntax.ts": typescriptSyntax,
  },
};
