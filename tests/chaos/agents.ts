/** The agents of a chaos run: they number what they publish, and remember the number. */

/** How an agent orders its two steps, and so what a crash between them costs. */
export type Habit =
  /** Persists a number, then publishes it: no number is ever used twice, one may never be published. */
  | "persists first"
  /** Publishes a number, then persists it: every number is published, one may be published twice. */
  | "publishes first";

export interface ChaosAgent {
  readonly name: string;
  readonly habit: Habit;
}

export const AGENTS: readonly [ChaosAgent, ...ChaosAgent[]] = [
  { name: "saver", habit: "persists first" },
  { name: "sender", habit: "publishes first" },
];

/** The numbers whose `publish` has resolved in one instance, the last that has kept account of that. */
export interface Acknowledged {
  readonly from: number;
  readonly to: number;
  readonly nonce: string;
  readonly node: string;
}

/** What an agent says with each number, and in answer to a task (then without `n` and `at`). */
export interface Said {
  readonly n: number;
  /** Milliseconds since the epoch when this `process()` began. */
  readonly at: number;
  /** Of this instance, drawn at its start. */
  readonly nonce: string;
  readonly node: string;
  /** What it recalled at its start. */
  readonly recalled: number;
  /** The highest number whose `persist` has returned. */
  readonly kept: number;
  readonly acknowledged: Acknowledged | null;
}

export const topicOf = (agent: string): string => `chaos/${agent}`;

/** So many messages at a time: some are under way at any moment. */
const BURST = 10;

const COMMON = `
function setup(agent) {
  agent.state.nonce = crypto.randomUUID().slice(0, 8);
  agent.state.recalled = agent.recall("n", 0);
}
function acknowledge(agent, from, to) {
  const { nonce } = agent.state;
  agent.state.first ??= from;
  agent.persist("acknowledged", { from: agent.state.first, to, nonce, node: agent.node });
}
function say(agent) {
  const { nonce, recalled } = agent.state;
  return {
    nonce, recalled, node: agent.node, kept: agent.recall("n", 0), acknowledged: agent.recall("acknowledged", null),
  };
}
function handle_task(agent) { return say(agent); }`;

const CODE: Readonly<Record<Habit, string>> = {
  "persists first": `${COMMON}
async function process(agent) {
  const at = Date.now();
  const from = agent.recall("n", 0) + 1;
  const to = from + ${BURST - 1};
  agent.persist("n", to);
  const said = say(agent);
  const numbers = Array.from({ length: ${BURST} }, (_, index) => from + index);
  await Promise.all(numbers.map((n) => agent.publish("chaos/" + agent.name, { n, at, ...said })));
  acknowledge(agent, from, to);
}`,
  "publishes first": `${COMMON}
async function process(agent) {
  const at = Date.now();
  const n = agent.recall("n", 0) + 1;
  const said = say(agent);
  await agent.publish("chaos/" + agent.name, { n, at, ...said });
  agent.persist("n", n);
  acknowledge(agent, n, n);
}`,
};

/** The spawn config of `agent`. */
export function configOf({ name, habit }: ChaosAgent): Record<string, unknown> & { name: string } {
  return { name, code: CODE[habit], poll_interval: 0.05, restart_delay: 0.05, max_restarts: 1000 };
}
