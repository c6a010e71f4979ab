/** The harness' source, carried by the runner and written out for the agents' processes. */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import agentTopics from "../../protocol/agent_topics.ts" with { type: "text" };
import frames from "../../protocol/frames.ts" with { type: "text" };
import json from "../../protocol/json.ts" with { type: "text" };
import lines from "../../protocol/lines.ts" with { type: "text" };
import names from "../../protocol/names.ts" with { type: "text" };
import topics from "../../protocol/topics.ts" with { type: "text" };
import activity from "../../agents/harness/activity.ts" with { type: "text" };
import api from "../../agents/harness/api.ts" with { type: "text" };
import clock from "../../agents/harness/clock.ts" with { type: "text" };
import redirect from "../../agents/harness/console.ts" with { type: "text" };
import errors from "../../agents/harness/errors.ts" with { type: "text" };
import harness from "../../agents/harness/harness.ts" with { type: "text" };
import language from "../../agents/harness/language.ts" with { type: "text" };
import load from "../../agents/harness/load.ts" with { type: "text" };
import loop from "../../agents/harness/loop.ts" with { type: "text" };
import main from "../../agents/harness/main.ts" with { type: "text" };
import payload from "../../agents/harness/payload.ts" with { type: "text" };
import pipe from "../../agents/harness/pipe.ts" with { type: "text" };
import agentflow from "../../agents/harness/python/agentflow.py" with { type: "text" };
import pythonApi from "../../agents/harness/python/api.ts" with { type: "text" };
import interpreter from "../../agents/harness/python/interpreter.ts" with { type: "text" };
import pythonMain from "../../agents/harness/python/main.ts" with { type: "text" };
import makeSnapshot from "../../agents/harness/python/make_snapshot.ts" with { type: "text" };
import outcome from "../../agents/harness/python/outcome.ts" with { type: "text" };
import pythonPayload from "../../agents/harness/python/payload.ts" with { type: "text" };
import pythonCode from "../../agents/harness/python/python_code.ts" with { type: "text" };
import snapshot from "../../agents/harness/python/snapshot.ts" with { type: "text" };
import typescriptSyntax from "../../agents/harness/python/typescript_syntax.ts" with { type: "text" };
import requests from "../../agents/harness/requests.ts" with { type: "text" };
import stateFile from "../../agents/harness/state_file.ts" with { type: "text" };
import tasks from "../../agents/harness/tasks.ts" with { type: "text" };
import typescriptCode from "../../agents/harness/typescript_code.ts" with { type: "text" };

/** Every module the harness loads, by its path in the project. */
const FILES: Readonly<Record<string, string>> = {
  "protocol/agent_topics.ts": agentTopics,
  "protocol/frames.ts": frames,
  "protocol/json.ts": json,
  "protocol/lines.ts": lines,
  "protocol/names.ts": names,
  "protocol/topics.ts": topics,
  "agents/harness/activity.ts": activity,
  "agents/harness/api.ts": api,
  "agents/harness/clock.ts": clock,
  "agents/harness/console.ts": redirect,
  "agents/harness/errors.ts": errors,
  "agents/harness/harness.ts": harness,
  "agents/harness/language.ts": language,
  "agents/harness/load.ts": load,
  "agents/harness/loop.ts": loop,
  "agents/harness/main.ts": main,
  "agents/harness/payload.ts": payload,
  "agents/harness/pipe.ts": pipe,
  "agents/harness/python/agentflow.py": agentflow,
  "agents/harness/python/api.ts": pythonApi,
  "agents/harness/python/interpreter.ts": interpreter,
  "agents/harness/python/main.ts": pythonMain,
  "agents/harness/python/make_snapshot.ts": makeSnapshot,
  "agents/harness/python/outcome.ts": outcome,
  "agents/harness/python/payload.ts": pythonPayload,
  "agents/harness/python/python_code.ts": pythonCode,
  "agents/harness/python/snapshot.ts": snapshot,
  "agents/harness/python/typescript_syntax.ts": typescriptSyntax,
  "agents/harness/requests.ts": requests,
  "agents/harness/state_file.ts": stateFile,
  "agents/harness/tasks.ts": tasks,
  "agents/harness/typescript_code.ts": typescriptCode,
};

/** The modules of the harness that processes are started with. Paths are absolute. */
export interface HarnessEntries {
  readonly typescript: string;
  readonly python: string;
  /** Makes the snapshot that `python` starts from. */
  readonly makeSnapshot: string;
  /** Names this version of them all. */
  readonly digest: string;
}

/**
 * Writes the harness below `workDir`, in a folder named by its content: runners of several versions may share it.
 * @throws Deno's error when the folder cannot be written
 */
export async function writeHarness(workDir: string): Promise<HarnessEntries> {
  const digest = createHash("sha256").update(JSON.stringify(FILES)).digest("hex").slice(0, 16);
  const folder = join(workDir, `harness-${digest}`);
  for (const [path, source] of Object.entries(FILES)) await writeIfDifferent(join(folder, path), source);
  return {
    typescript: join(folder, "agents/harness/main.ts"),
    python: join(folder, "agents/harness/python/main.ts"),
    makeSnapshot: join(folder, "agents/harness/python/make_snapshot.ts"),
    digest,
  };
}

async function writeIfDifferent(path: string, source: string): Promise<void> {
  if (await readIfThere(path) === source) return;
  await Deno.mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, source, { mode: 0o644 });
  await Deno.rename(temporary, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
