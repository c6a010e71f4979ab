/** A contact, a rule and a lamp on one node, whose link is cut; the link comes back for moments, and the broker dies too. */
import { delay } from "@std/async/delay";
import { LinkProxy } from "../support/link_proxy.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Random } from "../support/random.ts";
import { until } from "../support/until.ts";
import type { Bus } from "../support/bus.ts";
import { type BrokerKind, ChaosBroker } from "./broker.ts";

export interface AloneOptions {
  readonly seed: number;
  /** How long the link is cut. */
  readonly seconds: number;
  /** Between two edges of the contact. */
  readonly everyMs: number;
  readonly broker: BrokerKind;
  /** Whether the link comes back for moments while it is cut. */
  readonly hasChaos: boolean;
  /** Hears of every fault. */
  readonly say: (line: string) => void;
}

/** What became of the edges, numbered from 1. */
export interface AloneResult {
  readonly edges: number;
  readonly faults: number;
  /** The numbers in the order in which they were handled: by the rule, and by the lamp over each of the two ways. */
  readonly handled: Readonly<Record<"rule" | "published" | "asked", readonly number[]>>;
  /** From the edge to the lamp, over each way. */
  readonly latenciesMs: Readonly<Record<"published" | "asked", readonly number[]>>;
  /** How often each agent's process was started. */
  readonly starts: Readonly<Record<string, number>>;
  /** The numbers that came to the bus, by topic, in order. */
  readonly bus: Readonly<Record<string, readonly number[]>>;
}

const CONTACT = "contact/door";
const LAMP = "lamp/set";

const COUNT_STARTS = `agent.persist("starts", agent.recall("starts", 0) + 1);`;
const NOW = `const now = () => performance.timeOrigin + performance.now();`;

/** Begins with the first task. */
const contact = (edges: number) =>
  `${NOW}
let n = Infinity;
function setup(agent) { ${COUNT_STARTS} }
async function process(agent) {
  if (n < ${edges}) await agent.publish("${CONTACT}", { n: ++n, open: n % 2 === 1, atMs: now() });
}
function handle_task(agent) { if (n === Infinity) n = 0; return { starts: agent.recall("starts") }; }`;

/** Turns the lamp on and off: by a message, and by asking it. */
const RULE = `
const handled = [];
async function setup(agent) {
  ${COUNT_STARTS}
  await agent.subscribe("${CONTACT}", async ({ n, open, atMs }) => {
    handled.push(n);
    await agent.publish("${LAMP}", { n, on: open, atMs });
    const answer = await agent.send_to("lamp", { n, atMs });
    if (answer?.n !== n) throw new Error("the lamp answers " + JSON.stringify(answer));
  });
}
function handle_task(agent) { return { starts: agent.recall("starts"), handled }; }`;

const lamp = (edges: number) =>
  `${NOW}
const published = [];
const asked = [];
const latenciesMs = { published: [], asked: [] };
async function setup(agent) {
  ${COUNT_STARTS}
  await agent.subscribe("${LAMP}", ({ n, atMs }) => handle(agent, "published", published, n, atMs));
}
function handle(agent, way, numbers, n, atMs) {
  latenciesMs[way].push(now() - atMs);
  numbers.push(n);
  if (published.length >= ${edges} && asked.length >= ${edges}) agent.persist("done", true);
}
function handle_task(agent, payload) {
  if (payload?.n === undefined) return { starts: agent.recall("starts"), published, asked, latenciesMs };
  handle(agent, "asked", asked, payload.n, payload.atMs);
  return { n: payload.n };
}`;

export async function runAlone(options: AloneOptions): Promise<AloneResult> {
  const { seconds, everyMs } = options;
  const edges = Math.ceil(seconds * 1000 / everyMs);
  await using broker = await ChaosBroker.start(options.broker);
  await using bus = await broker.observe();
  await using link = LinkProxy.listen(broker.port);
  await using node = await NodeProcess.start({ port: link.port });
  await bus.on(`nodes/${node.name}/heartbeat`);
  const agents = { lamp: lamp(edges), rule: RULE, contact: contact(edges) };
  for (const [name, code] of Object.entries(agents)) {
    const config = { name, code, poll_interval: everyMs / 1000 };
    await node.spawn(bus, config);
    await bus.find("manifest", ({ topic, json }) => topic.endsWith("/manifest") && json?.name === name);
  }
  await ask(bus, "contact");
  await bus.on(LAMP);
  link.cut();
  const isDone = () => Deno.readTextFileSync(`${node.stateDir}/agentflow_lamp_state.json`).includes("done");
  const patienceMs = seconds * 3000 + 30_000;
  const done = until("the lamp has handled every edge while the link is cut", isDone, patienceMs);
  const faults = options.hasChaos ? await breakThings(options, { broker, bus, link }, isDone) : 0;
  await done;
  link.restore();
  const numbersOn = (topic: string) => bus.all(topic).map(({ json }) => Number(json.n));
  await until(
    "every edge is on the bus",
    () => [CONTACT, LAMP].every((topic) => new Set(numbersOn(topic)).size === edges),
  );
  const [ofContact, ofRule, ofLamp] = [
    await ask(bus, "contact"),
    await ask(bus, "rule"),
    await ask(bus, "lamp"),
  ];
  return {
    edges,
    faults,
    handled: { rule: ofRule.handled, published: ofLamp.published, asked: ofLamp.asked },
    latenciesMs: ofLamp.latenciesMs,
    starts: { contact: ofContact.starts, rule: ofRule.starts, lamp: ofLamp.starts },
    bus: { [CONTACT]: numbersOn(CONTACT), [LAMP]: numbersOn(LAMP) },
  };
}

interface Things {
  readonly broker: ChaosBroker;
  readonly bus: Bus;
  readonly link: LinkProxy;
}

const FAULTS = [
  "link back for a moment",
  "link back, then silent",
  "broker killed",
  "link back, broker killed",
] as const;

/** Until the lamp is done. Each fault leaves the link cut. @returns how many there were */
async function breakThings(
  { seed, say }: AloneOptions,
  { broker, bus, link }: Things,
  isDone: () => boolean,
): Promise<number> {
  const random = new Random(seed);
  const restart = async () => {
    await broker.kill();
    link.cut();
    await broker.launch();
    // Nobody is let in again before the observer is.
    await bus.reconnected();
  };
  const backFor = async (ms: number) => {
    link.restore();
    await delay(ms);
  };
  let faults = 0;
  for (; !isDone(); faults++) {
    const fault = random.pick(FAULTS);
    const ms = random.between(0, 800);
    say(`${fault} (${ms} ms)`);
    switch (fault) {
      case "link back for a moment":
        await backFor(ms);
        break;
      case "link back, then silent":
        await backFor(ms);
        link.stall(random.pick(["up", "down", "both"]));
        await delay(random.between(0, 500));
        break;
      case "broker killed":
        await restart();
        break;
      case "link back, broker killed":
        await backFor(ms);
        await restart();
        break;
      default:
        fault satisfies never;
    }
    link.cut();
    await delay(random.between(0, 300));
  }
  return faults;
}

/** The answer of an agent. */
// deno-lint-ignore no-explicit-any -- each agent answers in its own shape
async function ask(bus: Bus, agent: string): Promise<any> {
  const topic = `tests/reply/${crypto.randomUUID()}`;
  await bus.publish(`agents/by-name/${agent}/task`, { payload: {}, _reply_topic: topic });
  return (await bus.on(topic)).json;
}

/** What is against the law in a result, in words. */
export function violationsOf({ edges, handled, starts, bus }: AloneResult): string[] {
  const all = Array.from({ length: edges }, (_, index) => index + 1);
  const problems: string[] = [];
  for (const [way, numbers] of Object.entries(handled)) {
    const wrong = numbers.findIndex((n, index) => n !== all[index]);
    if (numbers.length !== edges || wrong !== -1) {
      problems.push(`${way}: ${numbers.length} of ${edges}, wrong from ${numbers.slice(wrong, wrong + 5)}`);
    }
  }
  for (const [agent, count] of Object.entries(starts)) {
    if (count !== 1) problems.push(`${agent} was started ${count} times`);
  }
  for (const [topic, numbers] of Object.entries(bus)) {
    const once = [...new Set(numbers)];
    if (once.some((n, index) => n !== all[index])) problems.push(`${topic}: not in order on the bus`);
  }
  return problems;
}
