/** Keys that reach for the prototypes of whoever reads them: the node, the harness, a neighbour. */
import type { Attack, Scene } from "../attack.ts";
import { slug } from "../attack.ts";
import { NEIGHBOUR } from "../neighbour.ts";
import { stop } from "../scenes.ts";

const POLLUTION = `"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}`;

/** Sent with a reply topic; afterwards neither the node nor a neighbour shows the key on an object of its own. */
function polluting(tries: string, topic: string, payload: string): Scene {
  return {
    kind: "scene",
    id: `prototype-${slug(tries)}`,
    category: "prototype",
    tries,
    play: async (field, id) => {
      const { bus, node } = field;
      const from = bus.mark();
      await bus.publish(topic, payload.replaceAll("REPLY", `hostile/reply/${id}`));
      await bus.on(`hostile/reply/${id}`, () => true, from);
      const { json } = await bus.ask(`nodes/${node.name}/list`, {});
      if (json.polluted !== undefined || json.agents[0]?.polluted !== undefined) {
        throw new Error("the node is polluted");
      }
      return "a key like any other";
    },
  };
}

/** A neighbour that looks whether its own objects have changed. */
const looker: Scene = {
  kind: "scene",
  id: "prototype-of-a-neighbour",
  category: "prototype",
  tries: "pollute a neighbour by a task, a message and an answer",
  play: async (field) => {
    const { bus, node } = field;
    const code = `
      async function setup(agent) {
        await agent.subscribe("pollution", (payload) => { Object.assign({}, payload); agent.state.heard = true; });
      }
      async function handle_task(agent, payload) {
        return { polluted: ({}).polluted ?? null, keys: Object.keys(payload), own: agent.recall("polluted", null) };
      }`;
    await node.spawn(bus, { name: "looker", code });
    await bus.publish("pollution", `{${POLLUTION}}`);
    const topic = "hostile/reply/looker";
    await bus.publish(
      "agents/by-name/looker/task",
      `{${POLLUTION},"_reply_topic":"${topic}","payload":{${POLLUTION}}}`,
    );
    const { json } = await bus.on(topic);
    await stop(field, "looker");
    if (json.polluted !== null || json.own !== null) throw new Error(`it sees ${JSON.stringify(json)}`);
    return `its objects are as they were; it saw the keys ${json.keys.join(", ")}`;
  },
};

const stateKeys: Scene = {
  kind: "scene",
  id: "prototype-state",
  category: "prototype",
  tries: "persist and recall __proto__",
  play: async (field, id) => {
    const { bus, node } = field;
    const code = `function handle_task(agent) {
      agent.persist("__proto__", { polluted: 1 });
      agent.persist("constructor", { prototype: { polluted: 1 } });
      return { polluted: ({}).polluted ?? null, other: agent.recall("polluted", null), toString: typeof agent.recall("toString") };
    }`;
    await node.spawn(bus, { name: id, code });
    const { json } = await bus.ask(`agents/by-name/${id}/task`, {});
    await stop(field, id);
    if (json.polluted !== null || json.other !== null || json.toString !== "undefined") {
      throw new Error(`it sees ${JSON.stringify(json)}`);
    }
    return "a key like any other";
  },
};

const CONFIG = `"name":"prototype-agent","code":"function setup() {}","_reply_topic":"REPLY"`;

export const prototypes: readonly Attack[] = [
  polluting(
    "a task with such keys",
    `agents/by-name/${NEIGHBOUR}/task`,
    `{"_reply_topic":"REPLY",${POLLUTION},"payload":{${POLLUTION},"n":1e400}}`,
  ),
  polluting("a command with such keys", "nodes/field/list", `{"_reply_topic":"REPLY",${POLLUTION}}`),
  polluting(
    "a config that inherits its code",
    "nodes/field/spawn",
    `{"_reply_topic":"REPLY","name":"prototype-agent","__proto__":{"code":"1"}}`,
  ),
  polluting(
    "a config with such permissions",
    "nodes/field/spawn",
    `{${CONFIG},"permissions":{"__proto__":{"read":["/"]},"read":["/etc"]}}`,
  ),
  polluting(
    "a desired state with such keys",
    "nodes/field/desired_state",
    `{"_reply_topic":"REPLY","agents":[{${POLLUTION}}],${POLLUTION}}`,
  ),
  looker,
  stateKeys,
];
