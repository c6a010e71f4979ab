/** Topics that command nodes or speak for others: by the API, by forged frames, by replies, by a connection of one's own. */
import { actorId } from "../../../protocol/ids.ts";
import { type Attack, type HostileAgent, type HostileMessage, inSetup, type Scene } from "../attack.ts";
import { NEIGHBOUR } from "../neighbour.ts";
import { type Attempts, probes } from "../probes.ts";
import { launch, PATIENT, stop } from "../scenes.ts";

const OTHER = actorId(NEIGHBOUR);
const COMMANDS = ["spawn", "stop", "stop_all", "migrate", "desired_state", "list", "inspect", "migration"];
const REPORTS = ["heartbeat", "status", "agents", "migrate_result", "audit", "reply/abc"];

const FORBIDDEN: readonly string[] = [
  ...[...COMMANDS, ...REPORTS].map((last) => `nodes/field/${last}`),
  "nodes/elsewhere/stop_all",
  "nodes//spawn",
  ...["heartbeat", "status", "logs", "errors", "manifest", "commands", "results", "metrics"].map((report) =>
    `agents/${OTHER}/${report}`
  ),
  "agents/field/logs",
];

const REFUSED = /Cannot publish to .*: control topics, below nodes\/ and agents\//;

const byApi: Attempts = {
  ...Object.fromEntries(
    FORBIDDEN.map((topic) => [
      `publish to ${topic}`,
      [`await agent.publish(${JSON.stringify(topic)}, "forged"); return "published";`, REFUSED] as const,
    ]),
  ),
  "its own heartbeat": [
    `await agent.publish("agents/" + agent.actor_id + "/heartbeat", {}); return "published";`,
    REFUSED,
  ],
  "bytes": [`await agent.publish("nodes/field/stop_all", new Uint8Array([1])); return "published";`, REFUSED],
  "retained and empty": [
    `await agent.publish("nodes/x/spawn", "", { retain: true }); return "published";`,
    REFUSED,
  ],
  "a topic that is an object": [
    `let n = 0;
    const topic = { toString: () => n++ === 0 ? "fine" : "nodes/field/stop_all" };
    await agent.publish(topic, 1); return "published";`,
    /a topic must be a string/,
  ],
  "a task that is answered into a command": [
    `await agent.publish("agents/by-name/${NEIGHBOUR}/task", { payload: {}, _reply_topic: "nodes/field/stop_all" });
    return "published";`,
    /its _reply_topic is one that the agent must not publish to/,
  ],
  "a retained task": [
    `await agent.publish("agents/by-name/${NEIGHBOUR}/task", { payload: {} }, { retain: true }); return "published";`,
    /must not be retained/,
  ],
  "a task that is no JSON": [
    `await agent.publish("agents/by-name/${NEIGHBOUR}/task", "\\ufeff{}"); return "published";`,
    /must be a JSON object/,
  ],
  "a shared subscription": [
    `await agent.subscribe("$share/group/#", () => {}); return "subscribed";`,
    /shared subscriptions are not for agents/,
  ],
  "send_to a topic": [`return await agent.send_to("x/y", 1);`, /name must be|must be/],
};

/** Where only nodes answer, and say what an agent has detected. */
const OTHERS = ["main/reply/1", `field/${NEIGHBOUR}/detections`, "elsewhere/x/detections"];
const NOT_ITS_OWN = /answers to a main machine, and detections of other agents, are not for agents/;
/** Tasks for others with where their answers go, the answers, and commands with code. */
const TOLD = [
  "agents/by-name/+/task",
  "nodes/+/reply/+",
  "main/reply/#",
  "nodes/+/spawn",
  "agents/+/commands",
];

const forOthers: Attempts = {
  ...Object.fromEntries(
    OTHERS.map((topic) => [
      `publish to ${topic}`,
      [`await agent.publish(${JSON.stringify(topic)}, "forged"); return "published";`, NOT_ITS_OWN] as const,
    ]),
  ),
  ...Object.fromEntries(
    TOLD.map((filter) => [
      `subscribe to ${filter}`,
      [
        `await agent.subscribe(${JSON.stringify(filter)}, () => {}); return "subscribed";`,
        /commands, tasks and answers are for those whom they are for/,
      ] as const,
    ]),
  ),
  "a task that is answered as another's detection": [
    `await agent.publish("agents/by-name/${NEIGHBOUR}/task", {
      payload: {}, _reply_topic: "field/${NEIGHBOUR}/detections" }); return "published";`,
    /its _reply_topic is one that the agent must not publish to/,
  ],
};

const byFrame = [...FORBIDDEN, ...OTHERS].map((topic, index): HostileAgent => ({
  kind: "agent",
  id: `topics-forged-${index}`,
  category: "topics",
  tries: `forge a frame for ${topic}`,
  code: inSetup(
    `Deno.stdout.writeSync(new TextEncoder().encode('\\n' + ${
      JSON.stringify(JSON.stringify({ t: "publish", topic, qos: 1, retain: false, text: "forged" }))
    } + '\\n'));`,
  ),
  expect: {
    on: "logs",
    says: new RegExp(`^Refused by the node: publish to ${topic}: (control topics|answers to a main)`),
  },
}));

/** Where an answer would be a command. */
const AIMS = [
  "nodes/field/stop_all",
  "nodes/other/spawn",
  `agents/${OTHER}/commands`,
  "agents/by-name/x/task",
  `field/${NEIGHBOUR}/detections`,
];

const deputies = AIMS.flatMap((aim, index): HostileMessage[] => [
  {
    kind: "message",
    id: `topics-deputy-task-${index}`,
    category: "topics",
    tries: `have a task answered into ${aim}`,
    topic: `agents/by-name/${NEIGHBOUR}/task`,
    payload: { payload: { name: "evil", code: "1", command: "stop" }, _reply_topic: aim },
    expect: {
      on: "node",
      says: /Cannot give a task to 'neighbour': _reply_topic: (control topics|a reply must not)/,
    },
  },
  {
    kind: "message",
    id: `topics-deputy-list-${index}`,
    category: "topics",
    tries: `have a command answered into ${aim}`,
    topic: "nodes/field/list",
    payload: { _reply_topic: aim },
    expect: {
      on: "node",
      says: /Cannot handle nodes\/field\/list: _reply_topic: (control topics|a reply must not)/,
    },
  },
]);

const REPLY_TOPICS: readonly unknown[] = [
  "a/#",
  "+",
  "",
  5,
  {},
  "a\u0001",
  "$SYS/x",
  "x".repeat(70_000),
  "a/".repeat(500),
];

const badReplies = REPLY_TOPICS.map((topic, index): HostileMessage => ({
  kind: "message",
  id: `topics-reply-${index}`,
  category: "topics",
  tries: `have an answer sent to ${JSON.stringify(topic).slice(0, 40)}`,
  topic: "nodes/field/inspect",
  payload: { name: NEIGHBOUR, _reply_topic: topic },
  expect: { on: "node", says: /Cannot handle nodes\/field\/inspect: .*_reply_topic/ },
}));

/** MQTT by hand, in agent code: `connect(clientId)` and `publish(socket, topic, text)`. */
const MQTT = `
const string = (text) => { const bytes = new TextEncoder().encode(text); return [bytes.length >> 8, bytes.length & 255, ...bytes]; };
const packet = (type, body) => new Uint8Array([type, ...(body.length < 128 ? [body.length] : [body.length % 128 | 128, body.length >> 7]), ...body]);
async function connect(agent, clientId) {
  const socket = await Deno.connect({ hostname: agent.broker.host, port: agent.broker.port });
  await socket.write(packet(0x10, [...string("MQTT"), 4, 2, 0, 60, ...string(clientId)]));
  await socket.read(new Uint8Array(4));
  return socket;
}
const publish = (socket, topic, text) => socket.write(packet(0x30, [...string(topic), ...new TextEncoder().encode(text)]));
`;

const ownConnection: readonly Attack[] = [
  {
    kind: "agent",
    id: "isolated-connection",
    category: "topics",
    tries: "its own connection to the broker, where the policy gives it none",
    code: `${MQTT}\n${
      inSetup(`await connect(agent, "x"); await agent.publish("stolen/isolated-connection", 1);`)
    }`,
    expect: { on: "errors", says: /[Rr]equires net access/ },
  },
  {
    kind: "scene",
    id: "topics-command-by-own-connection",
    category: "signed",
    tries: "stop_all to a node that demands signatures, by its own connection",
    play: async (field, id) => {
      const from = field.bus.mark();
      const body = `const socket = await connect(agent, "hostile-client");
        // Again and again: behind a flood of refusals only one now and then is written down.
        const commands = [["nodes/strict/stop_all", "{}"], ["nodes/strict/stop", "signed"]];
        setInterval(() => publish(socket, ...commands[Math.random() < 0.5 ? 0 : 1]), 100);`;
      await launch(field, id, `${MQTT}\n${inSetup(body)}`);
      const refusals = [/stop_all/, /stop$/].map((command) =>
        field.bus.find(
          `refusal of ${command}`,
          ({ topic, json }) =>
            topic === "nodes/strict/audit" && command.test(json?.topic ?? json?.command ?? ""),
          from,
          PATIENT,
        )
      );
      const [first] = await Promise.all(refusals);
      await stop(field, id);
      return `${first?.json.code}: ${first?.json.reason}`;
    },
  } satisfies Scene,
];

export const topics: readonly Attack[] = [
  ...probes("topics", { ...byApi, ...forOthers }),
  ...byFrame,
  ...deputies,
  ...badReplies,
  ...ownConnection,
];
