/** Too much of everything: what an agent says is held to its rate, what is asked of it is bounded, nobody else waits. */
import { actorId } from "../../../protocol/ids.ts";
import { type Attack, inSetup, type Scene, slug } from "../attack.ts";
import type { Field } from "../field.ts";
import type { Message } from "../../support/bus.ts";
import { ownMemoryOf, settled } from "../memory.ts";
import { assertAnswers, lastWord, launch, PATIENT, reported, stop } from "../scenes.ts";

function scene(tries: string, play: Scene["play"]): Scene {
  return { kind: "scene", id: `flood-${slug(tries)}`, category: "floods", tries, play };
}

/** An agent that the policy holds to a rate: the node says which limit, and what it has measured. */
function held(tries: string, body: string, limit: string): Scene {
  return scene(tries, async (field, id) => {
    const from = field.bus.mark();
    await launch(field, id, inSetup(body));
    const { json } = await reported(field, id, "logs", new RegExp(`Throttled by the node: ${limit}`), from);
    await assertAnswers(field);
    await stop(field, id);
    return json.message;
  });
}

const raw =
  `const encoder = new TextEncoder(); const raw = (text) => Deno.stdout.writeSync(encoder.encode(text));`;
const frames = (frame: string) => `${raw} for (let n = 0;; n++) raw('\\n${frame}\\n');`;

/** Less than the tasks of that attack are together. */
const TASKS_MIB = 100;

const RATE = "message rate limit";

/** A storm of tasks for the agent of that name: every one is answered, by it or by the node. */
async function storm(
  { bus }: Field,
  name: string,
  count: number,
  payload: unknown,
): Promise<readonly string[]> {
  const from = bus.mark();
  const topic = `storm/${name}`;
  await Promise.all(
    Array.from(
      { length: count },
      () => bus.publish(`agents/by-name/${name}/task`, { payload, _reply_topic: topic }),
    ),
  );
  await bus.find("the last answer", () => bus.all(topic, from).length >= count, from, PATIENT);
  return bus.all(topic, from).map(({ json }) => json.error ?? "answered");
}

/** Few bytes that make many objects: what parsing them costs grows with these. */
const LISTS = (count: number) => `"[" + "[],".repeat(${count}) + "1]"`;

export const floods: readonly Attack[] = [
  held(
    "large messages of many parts",
    `${raw} const frame = '\\n{"t":"result","data":' + ${LISTS(200_000)} + '}\\n';
     for (;;) { for (let offset = 0; offset < frame.length;) offset += raw(frame.slice(offset)); await 0; }`,
    "work limit: its large messages took the node \\d+ ms|output rate limit",
  ),
  {
    kind: "agent",
    id: "flood-a-frame-of-more-parts-than-may-be",
    category: "floods",
    tries: "a frame of more parts than may be",
    code: inSetup(
      `${raw} const frame = '\\n{"t":"result","data":' + ${LISTS(260_000)} + '}\\n';
       for (let offset = 0; offset < frame.length;) offset += raw(frame.slice(offset));`,
    ),
    expect: { on: "logs", says: /held more than 250000 objects, lists and texts and has been dropped/ },
  },
  {
    kind: "agent",
    id: "flood-a-result-of-too-many-parts",
    category: "floods",
    tries: "publish_result of too many parts",
    code: inSetup(`await agent.publish_result(JSON.parse(${LISTS(260_000)}));`),
    expect: { on: "errors", says: /^setup: the message holds more than 250000/ },
  },
  {
    kind: "agent",
    id: "flood-a-task-of-too-many-parts",
    category: "floods",
    tries: "a task of too many parts for another",
    code: inSetup(
      `await agent.publish("agents/by-name/neighbour/task", '{"payload":' + ${LISTS(260_000)} + '}');`,
    ),
    expect: { on: "errors", says: /^setup: Cannot publish to .*must not hold more than 250000/ },
  },
  {
    kind: "message",
    id: "flood-a-command-of-too-many-parts",
    category: "floods",
    tries: "a command of too many parts",
    topic: "nodes/field/list",
    payload: `{"x":[${"[],".repeat(260_000)}1]}`,
    expect: { on: "node", says: /Cannot read the message on nodes\/field\/list: it holds more than 250000/ },
  },
  {
    kind: "message",
    id: "flood-a-command-of-64-mib",
    category: "floods",
    tries: "a command of 64 MiB",
    topic: "nodes/field/list",
    payload: new Uint8Array(64 * 1024 * 1024 + 1).fill(32),
    expect: { on: "node", says: /it has 67108865 bytes, the limit is 67108864/ },
  },
  scene("a thousand filters that all match", async (field, id) => {
    const from = field.bus.mark();
    const body = `const levels = Array.from({ length: 10 }, (_, n) => "l" + n);
      const filter = (n) => "flood/" + levels.map((level, bit) => n >> bit & 1 ? "+" : level).join("/");
      await Promise.all(Array.from({ length: 1000 }, (_, n) => agent.subscribe(filter(n), () => {})));
      await agent.log("subscribed"); for (let n = 0;; n++) await agent.publish("flood/" + levels.join("/"), n);`;
    await launch(field, id, inSetup(body));
    await reported(field, id, "logs", /Throttled by the node: message rate limit/, from);
    await assertAnswers(field);
    await stop(field, id);
    return "held to its rate; neighbour and node answer";
  }),
  scene("a manifest of long topics", async (field, id) => {
    const { bus } = field;
    const from = bus.mark();
    const body = `for (let n = 0; n < 20; n++) await agent.publish("long/" + n + "x".repeat(60000), 1);
      await agent.publish("forged/" + agent.name, 1);`;
    await launch(field, id, inSetup(body));
    await lastWord(field, id, from);
    const { text } = await bus.on(`agents/${actorId(id)}/manifest`, ({ text }) => text !== "", from);
    await stop(field, id);
    if (text.length > 20_000) throw new Error(`its manifest has ${text.length} characters`);
    return `its manifest has ${text.length} characters`;
  }),
  held("publish", `for (let n = 0;; n++) await agent.publish("flood", n);`, RATE),
  {
    kind: "agent",
    id: "flood-publish-without-waiting",
    category: "floods",
    tries: "publish without waiting",
    code: inSetup(`for (let n = 0;; n++) { agent.publish("flood", n); if (n % 1000 === 0) await 0; }`),
    expect: { on: "errors", says: /memory limit: |unresponsive: / },
  },
  held("log", `for (let n = 0;; n++) await agent.log("line " + n);`, RATE),
  held("console.log", `for (let n = 0;; n++) console.log("line " + n);`, RATE),
  held("alerts", `for (let n = 0;; n++) await agent.alert("alert " + n);`, RATE),
  held(
    "stdout without a line feed",
    `const part = new Uint8Array(65536).fill(97); for (;;) Deno.stdout.writeSync(part);`,
    "output rate limit",
  ),
  held(
    "stderr",
    `const part = new Uint8Array(65536).fill(97); for (;;) Deno.stderr.writeSync(part);`,
    "output rate limit",
  ),
  held(
    "empty lines",
    `const part = new Uint8Array(4096).fill(10); for (;;) Deno.stdout.writeSync(part);`,
    "output rate limit|message rate limit|unfinished lines",
  ),
  held(
    "a line on stdout, byte by byte",
    `const part = Uint8Array.of(97); for (;;) Deno.stdout.writeSync(part);`,
    "unfinished lines",
  ),
  held(
    "a line on stderr, byte by byte",
    `const part = Uint8Array.of(97); for (;;) Deno.stderr.writeSync(part);`,
    "unfinished lines",
  ),
  scene("code whose language is hard to tell", async (field, id) => {
    const parts = ["\"'\\", "'''", '"""\\', "`${", "/*", "from ....", "\n'"];
    for (const [index, part] of parts.entries()) {
      const agent = `${id}-${index}`;
      await launch(field, agent, part.repeat(Math.floor(200_000 / part.length)));
      await assertAnswers(field);
      await stop(field, agent);
    }
    return "neighbour and node answer";
  }),
  held("set_status", `for (let n = 0;; n++) await agent.set_status("status " + n);`, RATE),
  held(
    "questions to nobody",
    frames(`{"t":"send_to","id":1,"to":"nobody","payload":1,"timeout_ms":0}`),
    RATE,
  ),
  held(
    "forged errors",
    frames(`{"t":"error","phase":"process","error":"x","traceback":"","consecutive":1}`),
    RATE,
  ),
  held("forged statuses", frames(`{"t":"status","text":"x"}`), RATE),
  held(
    "subscribe and unsubscribe",
    `${raw} for (let n = 0;; n++) raw('\\n{"t":"subscribe","id":' + n + ',"filter":"f/' + n + '"}\\n\\n{"t":"unsubscribe","id":' + n + '}\\n');`,
    RATE,
  ),
  scene("subscriptions", async (field, id) => {
    const from = field.bus.mark();
    const body =
      `const asked = Array.from({ length: 1010 }, (_, n) => agent.subscribe("topic/" + n, () => {}));
      const refused = (await Promise.allSettled(asked)).filter((one) => one.status === "rejected");
      await agent.log(refused.length + " refused: " + refused[0]?.reason);`;
    await launch(field, id, inSetup(body));
    const { json } = await reported(field, id, "logs", /\d+ refused: .*up to 1000 subscriptions/, from);
    await assertAnswers(field);
    await stop(field, id);
    return json.message;
  }),
  scene("answers to everything on the bus", async (field, id) => {
    const { bus } = field;
    const from = bus.mark();
    const body =
      `await agent.subscribe("loop/#", () => { agent.publish("loop/a", 1); agent.publish("loop/b", 2); });
      await agent.publish("loop/ready", 1);`;
    await launch(field, id, inSetup(body));
    await reported(field, id, "logs", /Throttled by the node: message rate limit/, from);
    await assertAnswers(field);
    await stop(field, id);
    return "held to its rate; neighbour and node answer";
  }),
  scene("tasks for one agent", async (field, id) => {
    await field.node.spawn(field.bus, {
      name: id,
      code: `async function handle_task() { await new Promise((r) => setTimeout(r, 5)); return 1; }`,
    });
    const answers = await storm(field, id, 2000, 1);
    const busy = answers.filter((answer) => answer.includes("is busy")).length;
    await assertAnswers(field);
    await stop(field, id);
    return `all answered, ${busy} of 2000 with "is busy"`;
  }),
  scene("large tasks that are never answered", async (field, id) => {
    const { bus, node } = field;
    const before = await ownMemoryOf(node.pid);
    const code = `let n = 0;
      async function handle_task(agent) { await agent.publish("taken/" + agent.name, ++n); await new Promise(() => {}); }`;
    await node.spawn(bus, { name: id, code });
    const from = bus.mark();
    const payload = "x".repeat(4 << 20);
    for (let n = 1; n <= 30; n++) {
      await bus.publish(`agents/by-name/${id}/task`, { payload });
      const isTaken = ({ topic, json }: Message) => topic === `taken/${id}` && json === n;
      await bus.find("word of the task", isTaken, from, PATIENT);
    }
    // The trim looks every ten seconds. Others are at work meanwhile.
    const after = await settled(node.pid, before + TASKS_MIB, PATIENT);
    await assertAnswers(field);
    await stop(field, id);
    if (after > before + TASKS_MIB) throw new Error(`the node holds ${Math.round(after - before)} MiB more`);
    return "taken by the agent, and not kept by the node";
  }),
  scene("tasks for an agent that reads none", async (field, id) => {
    const from = field.bus.mark();
    // It yields to the watchdog's questions too seldom to be asked, and never reads.
    await launch(
      field,
      id,
      `async function process(agent) { await agent.log("deaf"); const end = Date.now() + 4000; while (Date.now() < end); }`,
    );
    await reported(field, id, "logs", /deaf/, from);
    const { bus } = field;
    const payload = "x".repeat(200_000);
    for (let n = 0; n < 200; n++) {
      await bus.publish(`agents/by-name/${id}/task`, { payload, _reply_topic: "storm/deaf" });
    }
    const { json } = await bus.find(
      "refusal",
      ({ topic, json }) => topic === "storm/deaf" && /does not take any more|is busy/.test(json?.error ?? ""),
      from,
      PATIENT,
    );
    await assertAnswers(field);
    await stop(field, id);
    return json.error;
  }),
];
