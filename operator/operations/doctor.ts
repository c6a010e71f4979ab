/** Gathers the observations for a diagnosis. */
import { isName, nameIn } from "../../protocol/names.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";
import type { Evidence } from "./diagnosis.ts";
import { survey } from "./survey.ts";

/** @param version of this program @throws BusError when the broker's rules do not allow subscribing */
export async function examine(operator: Operator, version: string, signal: AbortSignal): Promise<Evidence> {
  const { bus, fleet } = operator;
  const instances = new Map<string, Set<string>>();
  const homes = new Map<string, Set<string>>();
  const keptSpawns = new Set<string>();
  const kept = new Map<string, string | undefined>();
  using _heartbeats = await bus.subscribe("nodes/+/heartbeat", ({ payload }) => {
    const { node, instance } = fieldsOf(payload);
    if (isName(node) && typeof instance === "string") add(instances, node, instance);
  });
  using _lists = await bus.subscribe("nodes/+/agents", ({ payload }) => {
    const { node, agents } = fieldsOf(payload);
    if (!isName(node) || !Array.isArray(agents)) return;
    for (const agent of agents) if (isName(agent?.name)) add(homes, agent.name, node);
  });
  using _spawns = await bus.subscribe("nodes/+/spawn", ({ topic, payload, retained }) => {
    const [, node = ""] = topic.split("/");
    if (retained && payload.length > 0 && isName(node)) keptSpawns.add(node);
  });
  using _manifests = await bus.subscribe("agents/+/manifest", ({ payload, retained }) => {
    const { name, node } = fieldsOf(payload);
    if (retained && isName(name)) kept.set(name, nameIn(node));
  });
  const silent = await survey(operator, { signal });
  return {
    nowMs: Date.now(),
    version,
    nodes: fleet.nodes,
    silent,
    instances,
    homes,
    keptSpawns: [...keptSpawns],
    keptManifests: [...kept].map(([agent, node]) => ({ agent, node })),
  };
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key) ?? new Set();
  map.set(key, set.add(value));
}
