/**
 * What a main machine once heard from a Python node, line by line, against what it hears from this one. The recordings hold
 * the commands of the main machine in their order, and what the node said after each.
 */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "@std/path";
import { actorId } from "../../protocol/ids.ts";
import { MOSQUITTO } from "../support/brokers.ts";
import { needing } from "../support/programs.ts";
import { compare, type Heard, type Json, type Line, replay } from "../support/replay.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/main_machine/", import.meta.url));

/** Fields that this node adds, by the last level of the topic. A reader that does not know them passes over them. */
const ADDED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  heartbeat: [
    "instance",
    "runtime",
    "version",
    "uptime",
    "cpu",
    "memory_mb",
    "queue",
    "dropped",
    "labels",
    "generations",
    "epoch",
    "placement",
  ],
  manifest: ["epoch"],
  agents: ["state", "restart_count", "pid", "cpu", "memory_mb", "uptime", "offer", "epoch"],
  logs: ["level", "name", "actor_id", "node"],
  alert: ["name", "actor_id", "node"],
  errors: ["name", "actor_id", "node", "traceback"],
  migrate_result: ["error"],
  spawn: ["state", "migration", "epoch"],
};

/** A line as it is compared, or `undefined` when it is not. */
type Change = (line: Line) => Line | undefined;

/** One thing that is said otherwise on purpose: how their line, or ours, is changed before the two are compared. */
interface Difference {
  readonly theirs?: Change;
  readonly ours?: Change;
}

/** Named as docs/migrating-from-python.md names them. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "topics of its own": {
    ours: dropping(({ topic }) => /^(nodes|agents)\/[^/]+\/(status|metrics|devices)$/.test(topic)),
  },
  "and topics of a migration": {
    ours: dropping(({ topic }) => /^nodes\/[^/]+\/(migration|list)$/.test(topic)),
  },
  "a heartbeat of the node comes by the clock: those without agents are compared": {
    theirs: dropping(({ topic, value }) => isNodeHeartbeat(topic) && value.agent_count > 0),
    ours: dropping(({ topic, value }) => isNodeHeartbeat(topic) && value.agent_count > 0),
  },
  "it says in its log what it installs, ignores and refuses": {
    ours: dropping(({ topic, value }) => /^agents\/py-node2?\/logs$/.test(topic) && value.type !== "spawned"),
  },
  "a heartbeat of an agent shows what set_status said": {
    ours: changing(({ topic, value }) => isAgentHeartbeat(topic) && { ...value, task: value.state }),
  },
  "an alert is in the agent's log, too": {
    ours: dropping(({ topic, value }) => topic.endsWith("/logs") && value.message === "too warm"),
  },
  "an agent whose code fails is gone at once, its name is free": {
    ours: changing(({ topic, value }) =>
      /^nodes\/[^/]+\/agents$/.test(topic) &&
      { ...value, agents: value.agents.filter(({ state }: Json) => state !== "failing") }
    ),
  },
  "agents of one node ask each other without the broker": {
    theirs: dropping(({ topic, value }) =>
      topic === "agents/by-name/echo/task" && value._remote_task === true ||
      topic.startsWith("nodes/py-node/reply/")
    ),
  },
  "a task for an agent that fails is refused until it is gone": {
    ours: dropping(({ topic, value }) =>
      topic.startsWith("main/reply/") && /is not running/.test(value.error)
    ),
  },
  "a node that ends says so": {
    ours: dropping(({ topic, value }) => isNodeHeartbeat(topic) && value.status === "offline"),
  },
  "code that does not compile is explained by the parser of its language": {
    theirs: changing(({ value }) => value.phase === "compile" && { ...value, error: "<explained>" }),
    ours: changing(({ value }) => value.phase === "compile" && { ...value, error: "<explained>" }),
  },
  "the manifest of an agent that is stopped goes": {
    ours: dropping(({ topic, value }) => topic.endsWith("/manifest") && value === ""),
  },
  "tracebacks are the agent's lines alone": {
    theirs: changing(({ value }) => value.traceback && { ...value, traceback: ownFrames(value.traceback) }),
    ours: changing(({ value }) => value.traceback && { ...value, traceback: ownFrames(value.traceback) }),
  },
};

/** What is left then, recording by recording. */
const REMAINING: Readonly<Record<string, readonly string[]>> = {
  // An agent that asks another from within handle_task waited for nothing.
  "03_send_to": [
    '- main/reply/abc/9 {"inner":null}',
    '+ main/reply/abc/9 {"inner":{"echo":{"x":1}}}',
  ],
  // It runs there before it stops here; and it stays where the other node is not there.
  "04_migrate": [
    '- agents/sensor/heartbeat {"actor_id":"sensor","name":"sensor","state":"stopped","node":"py-node2","task":"stopped","protected":false}',
    '+ agents/sensor/heartbeat {"actor_id":"sensor","name":"sensor","state":"running","node":"py-node2","task":"running","protected":false}',
    // The node it goes to is asked first.
    '- nodes/py-node2/agents {"node":"py-node2","agents":[{"name":"sensor","actor_id":"sensor"}]}',
    '+ nodes/py-node2/agents {"node":"py-node2","agents":[{"name":"sensor","actor_id":"sensor"}]}',
    '- nodes/py-node2/migrate_result {"success":true,"agent":"sensor","from_node":"py-node2","to_node":"no-such-node"}',
    '+ nodes/py-node2/migrate_result {"success":false,"agent":"sensor"}',
    '- nodes/no-such-node/spawn {"name":"sensor","node":"no-such-node","type":"dynamic","description":"test sensor","poll_interval":1}',
    // Its alert says on which node.
    '+ agents/sensor/alert {"message":"too warm","severity":"info","agent":"sensor"}',
  ],
  // The repaired code runs under the name; the other agent is not there to be asked.
  "06_code_that_fails": [
    '+ agents/badsetup/heartbeat {"actor_id":"badsetup","name":"badsetup","state":"failed","node":"py-node","task":"failed","protected":false}',
    '+ agents/nocompile/heartbeat {"actor_id":"nocompile","name":"nocompile","state":"failed","node":"py-node","task":"failed","protected":false}',
    '- nodes/py-node/agents {"node":"py-node","agents":[{"name":"nocompile","actor_id":"nocompile"},{"name":"badsetup","actor_id":"badsetup"}]}',
    '+ nodes/py-node/agents {"node":"py-node","agents":[]}',
    `+ agents/py-node/logs {"type":"spawned","message":"Remote agent 'nocompile' started on py-node","child_name":"nocompile"}`,
    '+ agents/nocompile/heartbeat {"actor_id":"nocompile","name":"nocompile","state":"running","node":"py-node","task":"running","protected":false}',
    '+ agents/nocompile/manifest {"name":"nocompile","actor_id":"nocompile","node":"py-node","description":"test hello","capabilities":[],"input_schema":{},"output_schema":{},"publishes":["bench/setup"]}',
    '+ bench/setup {"name":"nocompile"}',
    `- main/reply/abc/1 {"error":"Agent 'badsetup' has no handle_task function."}`,
  ],
  // What an agent says at the end is heard.
  "08_signals": [
    '+ agents/sensor/heartbeat {"actor_id":"sensor","name":"sensor","state":"stopped","node":"py-node","task":"stopped","protected":false}',
  ],
  "10_results": [
    "- main/reply/abc/zero {}",
    '+ main/reply/abc/zero {"result":0}',
    "- main/reply/abc/false {}",
    '+ main/reply/abc/false {"result":false}',
    "- main/reply/abc/empty {}",
    '+ main/reply/abc/empty {"result":[]}',
    `- main/reply/abc/list {"result":"[1, {'a': None}]"}`,
    '+ main/reply/abc/list {"result":[1,{"a":null}]}',
  ],
};

function isNodeHeartbeat(topic: string): boolean {
  return /^nodes\/[^/]+\/heartbeat$/.test(topic);
}

function isAgentHeartbeat(topic: string): boolean {
  return /^agents\/[^/]+\/heartbeat$/.test(topic);
}

function dropping(isMeant: (line: Line) => boolean): Change {
  return (line) => isMeant(line) ? undefined : line;
}

/** @param change the other payload, or something falsy */
function changing(change: (line: Line) => Json): Change {
  return (line) => {
    const value = change(line);
    return value ? { ...line, value } : line;
  };
}

/** `File "<sensor>", line 12, in handle_task` and the error: neither source lines nor the frames of a runner. */
function ownFrames(traceback: string): string {
  return traceback.split("\n")
    .filter((line) => !/^ {4}|remote_runner\.py/.test(line))
    .map((line) => line.replace(/"<(.*)>"/, '"$1.py"'))
    .join("\n");
}

function adapt(line: Line, whose: "theirs" | "ours"): Line | undefined {
  let adapted: Line | undefined = line;
  for (const { [whose]: change } of Object.values(DIFFERENCES)) {
    if (adapted !== undefined && change !== undefined) adapted = change(adapted);
  }
  return adapted;
}

const AGENTS = [
  "sensor",
  "echo",
  "asker",
  "asker2",
  "nested",
  "crash",
  "nocompile",
  "badsetup",
  "a1",
  "a2",
  "a3",
  "shapes",
];
const NAMES = new Map(AGENTS.map((name) => [actorId(name), name]));

/** A line in words: agents by their names, without fields that are added, or that are another each time. */
function inWords(sign: string, { topic, value }: Line): string {
  const added = ADDED_FIELDS[topic.split("/").at(-1) ?? ""] ?? [];
  const text = JSON.stringify(
    value,
    (key, inner) => key === "code" || added.includes(key) || /^<.*>$/.test(String(inner)) ? undefined : inner,
  );
  return [...NAMES].reduce((words, [id, name]) => words.replaceAll(id, name), `${sign} ${topic} ${text}`);
}

/** Fields of ours, at any depth, that theirs does not have and that are not listed. */
function unlisted([theirs, ours]: readonly [Line, Line]): string[] {
  const known = ADDED_FIELDS[theirs.topic.split("/").at(-1) ?? ""] ?? [];
  const visit = (old: Json, now: Json): string[] => {
    if (typeof old !== "object" || old === null || typeof now !== "object" || now === null) return [];
    return Object.keys(now).flatMap((key) =>
      key in old ? visit(old[key], now[key]) : known.includes(key) ? [] : [key]
    );
  };
  return visit(theirs.value, ours.value).map((field) =>
    `a field that is not listed: ${field} in ${ours.topic}`
  );
}

function differences({ theirs, ours }: Heard): string[] {
  const found = [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((topic) => {
    const { alone, both } = compare(theirs.get(topic) ?? [], ours.get(topic) ?? []);
    return [...alone.map(([sign, line]) => inWords(sign, line)), ...both.flatMap(unlisted)];
  });
  return [...new Set(found)].sort();
}

for (const { name: file } of [...Deno.readDirSync(FOLDER)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  const name = file.replace(".jsonl", "");
  Deno.test(needing(MOSQUITTO, `a main machine hears what it heard before: ${name}`), async () => {
    const remaining = [...REMAINING[name] ?? []].sort();
    const missing = (line: Line) => {
      if (!remaining.includes(inWords("-", line))) return undefined;
      return {
        instead: remaining.some((words) => words.startsWith(inWords("+", line).split(" {")[0] ?? "")),
      };
    };
    const isComplete = (heard: Heard) => differences(heard).join("\n") === remaining.join("\n");
    const heard = await replay(join(FOLDER, file), adapt, missing, isComplete);
    assertEquals(differences(heard), remaining);
    assertEquals(heard.awaited.map((line) => inWords("-", line)), [], "waited for in vain");
  });
}
