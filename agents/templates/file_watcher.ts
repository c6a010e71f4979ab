/** Watches a file or a folder and publishes changes. Needs the permission `read` for it. */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** The file or folder; its path must not contain symbolic links. */
  readonly path: string;
  /** Whether to watch subfolders, too: 1 or 0. */
  readonly recursive: number;
  /** Topic for changes. */
  readonly topic: string;
}

const PARAMETERS: Parameters = {
  "path": "/var/lib/agentflow/inbox",
  "recursive": 0,
  "topic": "files/changed",
};

export async function setup(agent: Agent): Promise<void> {
  const { path, recursive } = PARAMETERS;
  const watcher = Deno.watchFs(path, { recursive: recursive === 1 });
  agent.signal.addEventListener("abort", () => watcher.close());
  // An uncaught error ends the agent, and the supervisor restarts it.
  report(agent, watcher);
  await agent.set_status(`watching ${path}`);
}

async function report(agent: Agent, watcher: Deno.FsWatcher): Promise<void> {
  for await (const { kind, paths } of watcher) {
    // Reading a file is not a change.
    if (kind === "access") continue;
    for (const path of paths) {
      await agent.publish(PARAMETERS.topic, {
        path,
        change: kind,
        node: agent.node,
        timestamp: Date.now() / 1000,
      });
    }
  }
}
