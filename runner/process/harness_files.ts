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
import load from "../../agents/harness/load.ts" with { type: "text" };
import loop from "../../agents/harness/loop.ts" with { type: "text" };
import main from "../../agents/harness/main.ts" with { type: "text" };
import payload from "../../agents/harness/payload.ts" with { type: "text" };
import pipe from "../../agents/harness/pipe.ts" with { type: "text" };
import requests from "../../agents/harness/requests.ts" with { type: "text" };
import stateFile from "../../agents/harness/state_file.ts" with { type: "text" };
import tasks from "../../agents/harness/tasks.ts" with { type: "text" };

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
  "agents/harness/load.ts": load,
  "agents/harness/loop.ts": loop,
  "agents/harness/main.ts": main,
  "agents/harness/payload.ts": payload,
  "agents/harness/pipe.ts": pipe,
  "agents/harness/requests.ts": requests,
  "agents/harness/state_file.ts": stateFile,
  "agents/harness/tasks.ts": tasks,
};

/**
 * Writes the harness below `workDir`, in a folder named by its content: runners of several versions may share it.
 * @returns the path of its main module
 * @throws Deno's error when the folder cannot be written
 */
export async function writeHarness(workDir: string): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(FILES)).digest("hex").slice(0, 16);
  const folder = join(workDir, `harness-${digest}`);
  const entry = join(folder, "agents/harness/main.ts");
  for (const [path, source] of Object.entries(FILES)) await writeIfDifferent(join(folder, path), source);
  return entry;
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
