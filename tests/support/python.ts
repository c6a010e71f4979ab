/** The first agent in Python of a node: it is what fetches the interpreter. */
import { actorId } from "../../protocol/ids.ts";
import type { Stage } from "./stage.ts";

/** Fetching and starting it for the first time takes a machine under load long. */
const PATIENCE_MS = 240_000;

/** Spawns an agent in Python, and waits until it runs: those after it need nothing from outside. */
export async function installPython(stage: Stage): Promise<void> {
  const name = "first-in-python";
  const from = stage.bus.mark();
  await stage.launch({
    name,
    language: "python",
    code: "def handle_task(agent, payload):\n    return payload\n",
  });
  const topic = `agents/${actorId(name)}/heartbeat`;
  await stage.bus.find(
    `running heartbeat of ${name}`,
    (message) => message.topic === topic && message.json?.state === "running",
    from,
    PATIENCE_MS,
  );
}
