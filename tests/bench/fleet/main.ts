/**
 * What it costs an operator to apply a fleet file with one changed entry: 10, 100 and 500 nodes with 10 agents each, which
 * are light stand-ins at a mosquitto, the last time beside real nodes, one of which gets the change.
 * `deno task bench:fleet [--real N] [NODES…]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { writeLine } from "../../../protocol/write_line.ts";
import { parseFleet } from "../../../operator/fleet/fleet_file.ts";
import { planEntries } from "../../../operator/operations/apply.ts";
import { applyGeneration } from "../../../operator/operations/apply_generation.ts";
import { isChange } from "../../../operator/operations/plan.ts";
import type { Operator } from "../../../operator/operator.ts";
import { hearsItself } from "../../../operator/operations/survey.ts";
import { Bus } from "../../support/bus.ts";
import { NodeProcess } from "../../support/node_process.ts";
import { connectOperator } from "../../support/operator.ts";

const REAL_NODES = 20;
const AGENTS_PER_NODE = 10;
const ROUNDS = 5;
const CODE = `export function process(agent) {\n${
  "  // reads a sensor, and publishes what it has read\n".repeat(10)
}}\n`;

/** Which nodes there are. */
interface Size {
  readonly light: number;
  readonly real: number;
}

interface Figures extends Size {
  readonly firstMs: number;
  readonly planMs: number;
  readonly applyMs: number;
  readonly steps: number;
  /** Commands that nodes were sent. */
  readonly commands: number;
  /** What the operator receives while it plans and applies. */
  readonly receivedKb: number;
  readonly retainedKb: number;
}

const never = new AbortController().signal;

const realName = (index: number) => `real-${index}`;

/** @param changed the poll interval of the one entry that changes: on a real node, if there is one */
function fleetFile({ light: nodes, real }: Size, changed: number) {
  const agents = Array.from({ length: AGENTS_PER_NODE - 1 }, (_, index) => ({
    name: `agent-${index}-{node}`,
    code: CODE,
    nodes: Array.from({ length: nodes }, (_, node) => `node-${node}`),
  }));
  const others = Array.from({ length: nodes }, (_, node) => ({
    name: `last-node-${node}`,
    code: CODE,
    node: `node-${node}`,
    poll_interval: node === 0 && real === 0 ? changed : 5,
  }));
  const ofReal = Array.from({ length: real }, (_, index) => ({
    name: `on-${realName(index)}`,
    code: CODE,
    node: realName(index),
    poll_interval: index === 0 ? changed : 5,
  }));
  return parseFleet(
    JSON.stringify({ fleet: "bench", agents: [...agents, ...others, ...ofReal] }),
    "fleet.json",
  );
}

async function apply(port: number, size: Size, changed: number) {
  await using operator = await connectOperator(port);
  await using witness = await connectOperator(port);
  let commands = 0;
  const count = ({ retained }: { readonly retained: boolean }) => void (retained || commands++);
  const filters = ["desired_state", "spawn", "stop", "migrate", "inspect"].map((name) => `nodes/+/${name}`);
  using _counting = await witness.bus.subscribeAll(filters.map((filter) => ({ filter, handler: count })));
  const startedMs = performance.now();
  const file = fleetFile(size, changed);
  const plan = await planEntries(operator, file, () => undefined, { prune: false, signal: never });
  const planMs = performance.now() - startedMs;
  const { results } = await applyGeneration(operator, plan, {
    by: "bench",
    message: "",
    prune: false,
    adopts: false,
    signal: never,
    onStep: () => {},
    onProgress: () => {},
    timeoutMs: 60_000,
  });
  const applyMs = performance.now() - startedMs;
  await hearsItself(witness);
  const failed = results.find(({ ok }) => !ok);
  if (failed !== undefined) throw new Error(`${failed.step.node}/${failed.step.agent}: ${failed.error}`);
  const receivedKb = operator.bus.receivedBytes / 1024;
  return {
    planMs,
    applyMs,
    steps: plan.steps.filter(isChange).length,
    commands,
    receivedKb,
  };
}

async function retainedKb({ bus }: Pick<Operator, "bus">): Promise<number> {
  let bytes = 0;
  using _all = await bus.subscribe("#", ({ topic, payload, retained }) => {
    if (retained) bytes += topic.length + payload.length;
  });
  for (let before = -1; before !== bytes;) {
    before = bytes;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return bytes / 1024;
}

async function measure(size: Size): Promise<Figures> {
  const worker = new Worker(new URL("./stand_ins.ts", import.meta.url), {
    type: "module",
    name: String(size.light),
  });
  try {
    const port = await new Promise<number>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    });
    await using _nodes = await realNodes(port, size.real);
    const first = await apply(port, size, 1);
    const agents = agentsIn(size);
    if (first.steps !== agents) throw new Error(`${first.steps} of ${agents} agents have been started`);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await apply(port, size, round + 2));
    const middle = rounds.toSorted((a, b) => a.planMs - b.planMs)[Math.floor(ROUNDS / 2)];
    const [{ steps, commands } = { steps: 0, commands: 0 }] = rounds;
    if (middle === undefined || rounds.some((round) => round.steps !== 1 || round.commands !== 1)) {
      throw new Error(`one agent was to change, by one command: ${steps} have, by ${commands}`);
    }
    await using operator = await connectOperator(port);
    return { ...middle, ...size, firstMs: first.applyMs, retainedKb: await retainedKb(operator) };
  } finally {
    await new Promise((resolve) => {
      worker.onmessage = resolve;
      worker.postMessage("end");
    });
    worker.terminate();
  }
}

function agentsIn({ light, real }: Size): number {
  return light * AGENTS_PER_NODE + real;
}

/** Runners as their own processes, connected. */
async function realNodes(port: number, count: number): Promise<AsyncDisposable> {
  const nodes = new AsyncDisposableStack();
  await using bus = await Bus.connect(port, "nodes/+/heartbeat");
  for (let index = 0; index < count; index++) {
    const name = realName(index);
    nodes.use(await NodeProcess.start({ port, name }));
    await bus.on(`nodes/${name}/heartbeat`);
  }
  return nodes;
}

const line = (cells: readonly unknown[]) => writeLine(Deno.stdout, `| ${cells.join(" | ")} |`);

function print({ light, real, firstMs, planMs, applyMs, receivedKb, retainedKb }: Figures): void {
  line([
    real === 0 ? light : `${light} and ${real} real`,
    agentsIn({ light, real }),
    `${firstMs.toFixed(0)} ms`,
    `${planMs.toFixed(0)} ms`,
    `${applyMs.toFixed(0)} ms`,
    `${receivedKb.toFixed(0)} KiB`,
    `${retainedKb.toFixed(0)} KiB`,
  ]);
}

/** What each further node costs, between one size and the next. */
function printSlopes(all: readonly Figures[]): void {
  for (const [index, to] of all.entries()) {
    const from = all[index - 1];
    if (from === undefined || to.light === from.light) continue;
    const each = (pick: (figures: Figures) => number, unit: string) =>
      `${((pick(to) - pick(from)) / (to.light - from.light)).toFixed(2)} ${unit}`;
    line([
      `each from ${from.light} to ${to.light}`,
      AGENTS_PER_NODE,
      ...[
        ({ firstMs }: Figures) => firstMs,
        ({ planMs }: Figures) => planMs,
        ({ applyMs }: Figures) => applyMs,
      ]
        .map((pick) => each(pick, "ms")),
      ...[({ receivedKb }: Figures) => receivedKb, ({ retainedKb }: Figures) => retainedKb]
        .map((pick) => each(pick, "KiB")),
    ]);
  }
}

if (import.meta.main) {
  const { _: sizes, real } = parseArgs(Deno.args, { string: ["real", "_"] });
  const lights = (sizes.length > 0 ? sizes : ["10", "100", "500"]).map(Number);
  line(["nodes", "agents", "first apply", "plan of one change", "its apply", "received", "retained"]);
  line(["----:", "-----:", "----------:", "-----------------:", "--------:", "-------:", "-------:"]);
  const all: Figures[] = [];
  for (const light of lights) {
    all.push(await measure({ light, real: 0 }));
    print(all.at(-1) as Figures);
  }
  printSlopes(all);
  const beside = Number(real ?? REAL_NODES);
  if (beside > 0) print(await measure({ light: lights.at(-1) ?? 0, real: beside }));
}
