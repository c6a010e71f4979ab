/** Names that would be a path, an option, a wildcard or somebody else. */
import { type Attack, type HostileMessage, type Scene } from "../attack.ts";
import { reported, stop } from "../scenes.ts";

const NAMES: readonly string[] = [
  "a/b",
  "..",
  ".",
  "../../etc/x",
  "/etc/passwd",
  "a\\b",
  "a+b",
  "#",
  "+",
  "a b",
  "",
  " ",
  "x".repeat(65),
  "__proto__",
  ".a",
  "-a",
  "--allow-all",
  "ä",
  "\u0430bc",
  "a\n",
  "a\u0000.json",
  "$SYS",
  "a,b",
  "%2e%2e",
];

const messages = NAMES.flatMap((name, index): HostileMessage[] => {
  const shown = JSON.stringify(name.slice(0, 20));
  const common = { kind: "message", category: "names" } as const;
  return [
    {
      ...common,
      id: `names-spawn-${index}`,
      tries: `spawn an agent called ${shown}`,
      topic: "nodes/field/spawn",
      payload: { name, code: "function process() {}" },
      expect: { on: "reply", says: /name must be 1 to 64 of A-Z a-z 0-9/ },
    },
    {
      ...common,
      id: `names-target-${index}`,
      tries: `move an agent to a node called ${shown}`,
      topic: "nodes/field/migrate",
      payload: { name: "neighbour", target_node: name },
      expect: { on: "reply", says: /target_node must be/ },
    },
  ];
});

/** Two names that one file system or another might take for one. */
function apart(first: string, second: string): Scene {
  return {
    kind: "scene",
    id: `names-apart-${first}-${second}`,
    category: "names",
    tries: `have '${second}' share the state of '${first}'`,
    play: async (field) => {
      const { bus, node } = field;
      const code = `function handle_task(agent, value) {
        if (value !== "recall") agent.persist("k", value);
        return { value: agent.recall("k", "nothing") };
      }`;
      await node.spawn(bus, { name: first, code });
      await node.spawn(bus, { name: second, code });
      await bus.ask(`agents/by-name/${first}/task`, { payload: "of the first" });
      const { json } = await bus.ask(`agents/by-name/${second}/task`, { payload: "recall" });
      await stop(field, first);
      await stop(field, second);
      if (json.value !== "nothing") throw new Error(`it read: ${json.value}`);
      return "each has a file of its own";
    },
  };
}

/** The names of the node's own files, taken by an agent. */
const ofTheNode: Scene = {
  kind: "scene",
  id: "names-of-the-node",
  category: "names",
  tries: "be called as the node, and speak on its log",
  play: async (field) => {
    const from = field.bus.mark();
    await field.node.spawn(field.bus, {
      name: "field",
      code: `function setup(agent) { return agent.log("I am the node"); }`,
    });
    await reported(field, "field", "logs", /I am the node/, from);
    await stop(field, "field");
    const forged = field.bus.all("agents/field/logs", from).filter(({ text }) =>
      text.includes("I am the node")
    );
    if (forged.length > 0) throw new Error("it spoke on the node's log");
    return "its reports go below its own id";
  },
};

export const names: readonly Attack[] = [
  ...messages,
  apart("Case", "case"),
  apart("dot", "dot."),
  apart("x_state", "x_state.json"),
  ofTheNode,
];
