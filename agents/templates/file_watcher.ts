/** Watches a file or a folder, and publishes what happens to it. Needs the permission `read` for it. */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** The file or folder, without symbolic links on the way to it. */
  readonly path: string;
  /** Whether folders inside the folder are watched too: 1 or 0. */
  readonly recursive: number;
  /** Where changes go. */
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
  // What is not caught here ends the agent, and its supervisor starts it again.
  report(agent, watcher);
  await agent.set_status(`watching ${path}`);
}

async function report(agent: Agent, watcher: Deno.FsWatcher): Promise<void> {
  for await (const { kind, paths } of watcher) {
    // That a file is read changes nothing.
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
