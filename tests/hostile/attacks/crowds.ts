/** Agents that each stay within their own limits, and together take more than all of them may. */
import { join } from "@std/path";
import { actorId } from "../../../protocol/ids.ts";
import type { Message } from "../../support/bus.ts";
import { NodeProcess } from "../../support/node_process.ts";
import { type Attack, type Scene, slug } from "../attack.ts";
import { NEIGHBOUR_CODE } from "../neighbour.ts";
import { PATIENT } from "../scenes.ts";

interface Crowd {
  readonly policy: Readonly<Record<string, unknown>>;
  readonly code: string;
  /** Where an agent of the crowd hears of the limit, and what. */
  readonly topic: "errors" | "logs";
  readonly says: RegExp;
}

const SIZE = 4;

const CROWDS: Readonly<Record<string, Crowd>> = {
  "the memory": {
    policy: { memory_mb: 160, total_memory_mb: 200 },
    code: `const held = [];
      function process() { if (held.length < 40) held.push(new Uint8Array(1 << 20).fill(1)); }`,
    topic: "errors",
    says: /memory of all agents limit: \S+ MB used, 200 MB allowed/,
  },
  "the CPU": {
    // On a machine that has much to do, agents get little of it: they give way.
    policy: { cpu_percent: 60, total_cpu_percent: 10 },
    code: `function process() { const end = Date.now() + 100; while (Date.now() < end); }`,
    topic: "logs",
    says: /cpu of all agents limit: \S+ % of a core used, \S+ % are its part of 10 %: throttled/,
  },
  "the disk": {
    policy: { state_mb: 8, total_disk_mb: 12 },
    code: `function process(agent) {
      agent.state.text = (agent.state.text ?? "") + "x".repeat(1 << 18);
      if (agent.state.text.length < 6 << 20) agent.persist("text", agent.state.text);
    }`,
    topic: "errors",
    says: /disk of all agents limit: \S+ MB used, 12 MB allowed/,
  },
};

export const crowds: readonly Attack[] = Object.entries(CROWDS).map(([what, crowd]): Scene => ({
  kind: "scene",
  id: `crowd-${slug(what)}`,
  category: "crowds",
  tries: `take ${what} together, each within its own limit`,
  play: async (field, id) => {
    const { bus, broker } = field;
    const policy = join(await Deno.makeTempDir({ prefix: "agentflow-crowd-" }), "policy.json");
    await Deno.writeTextFile(policy, JSON.stringify(crowd.policy));
    try {
      // Of its own: others would share these limits.
      await using node = await NodeProcess.start({
        port: broker.port,
        name: id,
        args: ["--policy", policy, "--hang-timeout", "60"],
      });
      await bus.on(`nodes/${id}/heartbeat`);
      const from = bus.mark();
      const bystander = `${id}-bystander`;
      await node.spawn(bus, { name: bystander, code: NEIGHBOUR_CODE, poll_interval: 0.5 });
      const names = Array.from({ length: SIZE }, (_, index) => `${id}-${index}`);
      for (const name of names) {
        await bus.publish(`nodes/${id}/spawn`, {
          name,
          code: crowd.code,
          poll_interval: 0.01,
          max_restarts: 0,
        });
      }
      const topics = names.map((name) => `agents/${actorId(name)}/${crowd.topic}`);
      const isHeld = ({ topic, text }: Message) => topics.includes(topic) && crowd.says.test(text);
      const { text } = await bus.find(`a limit of ${id}`, isHeld, from, PATIENT);
      const { json } = await bus.ask(`agents/by-name/${bystander}/task`, { payload: id });
      if (json?.echo !== id) throw new Error(`the bystander does not answer: ${JSON.stringify(json)}`);
      const { json: list } = await bus.ask(`nodes/${id}/list`, {});
      const mine = list.agents.find((agent: { name: string }) => agent.name === bystander);
      if (mine?.restart_count !== 0) throw new Error(`the bystander was ended: ${JSON.stringify(list)}`);
      return crowd.says.exec(text)?.[0] ?? "";
    } finally {
      await Deno.remove(join(policy, ".."), { recursive: true });
    }
  },
}));
