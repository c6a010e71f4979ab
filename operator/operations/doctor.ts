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
  using _reports = await bus.subscribeAll([
    {
      filter: "nodes/+/heartbeat",
      handler: ({ payload }) => {
        const { node, instance } = fieldsOf(payload);
        if (isName(node) && typeof instance === "string") add(instances, node, instance);
      },
    },
    {
      filter: "nodes/+/agents",
      handler: ({ payload }) => {
        const { node, agents } = fieldsOf(payload);
        if (!isName(node) || !Array.isArray(agents)) return;
        for (const agent of agents) if (isName(agent?.name)) add(homes, agent.name, node);
      },
    },
    {
      filter: "nodes/+/spawn",
      handler: ({ topic, payload, retained }) => {
        const [, node = ""] = topic.split("/");
        if (retained && payload.length > 0 && isName(node)) keptSpawns.add(node);
      },
    },
    {
      filter: "agents/+/manifest",
      handler: ({ payload, retained }) => {
        const { name, node } = fieldsOf(payload);
        if (retained && isName(name)) kept.set(name, nameIn(node));
      },
    },
  ]);
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
