/**
 * What it costs an operator to apply a fleet file with one changed entry: 10, 100 and 500 nodes with 10 agents each, which
 * are light stand-ins at a mosquitto. `deno task bench:fleet`
 */
import { writeLine } from "../../../protocol/write_line.ts";
import { parseFleet } from "../../../operator/fleet/fleet_file.ts";
import { planEntries } from "../../../operator/operations/apply.ts";
import { applyGeneration } from "../../../operator/operations/apply_generation.ts";
import { isChange } from "../../../operator/operations/plan.ts";
import type { Operator } from "../../../operator/operator.ts";
import { connectOperator } from "../../support/operator.ts";

const SIZES = (Deno.args.length > 0 ? Deno.args : ["10", "100", "500"]).map(Number);
const AGENTS_PER_NODE = 10;
const ROUNDS = 5;
const CODE = `export function process(agent) {\n${
  "  // reads a sensor, and publishes what it has read\n".repeat(10)
}}\n`;

interface Figures {
  readonly nodes: number;
  readonly firstMs: number;
  readonly planMs: number;
  readonly applyMs: number;
  readonly steps: number;
  /** What the operator receives while it plans and applies. */
  readonly receivedKb: number;
  readonly retainedKb: number;
}

const never = new AbortController().signal;

/** @param changed the poll interval of the one entry that changes */
function fleetFile(nodes: number, changed: number) {
  const agents = Array.from({ length: AGENTS_PER_NODE - 1 }, (_, index) => ({
    name: `agent-${index}-{node}`,
    code: CODE,
    nodes: Array.from({ length: nodes }, (_, node) => `node-${node}`),
  }));
  const others = Array.from({ length: nodes }, (_, node) => ({
    name: `last-node-${node}`,
    code: CODE,
    node: `node-${node}`,
    poll_interval: node === 0 ? changed : 5,
  }));
  return parseFleet(JSON.stringify({ fleet: "bench", agents: [...agents, ...others] }), "fleet.json");
}

async function apply(port: number, nodes: number, changed: number) {
  await using operator = await connectOperator(port);
  const startedMs = performance.now();
  const file = fleetFile(nodes, changed);
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
    timeoutMs: 20_000,
  });
  const failed = results.find(({ ok }) => !ok);
  if (failed !== undefined) throw new Error(`${failed.step.node}/${failed.step.agent}: ${failed.error}`);
  const receivedKb = operator.bus.receivedBytes / 1024;
  return {
    planMs,
    applyMs: performance.now() - startedMs,
    steps: plan.steps.filter(isChange).length,
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

async function measure(nodes: number): Promise<Figures> {
  const worker = new Worker(new URL("./stand_ins.ts", import.meta.url), {
    type: "module",
    name: String(nodes),
  });
  try {
    const port = await new Promise<number>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    });
    const first = await apply(port, nodes, 1);
    if (first.steps !== nodes * AGENTS_PER_NODE) throw new Error(`${first.steps} agents have been started`);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await apply(port, nodes, round + 2));
    const middle = rounds.toSorted((a, b) => a.planMs - b.planMs)[Math.floor(ROUNDS / 2)];
    if (middle === undefined || middle.steps !== 1) throw new Error("one agent was to change");
    await using operator = await connectOperator(port);
    return { ...middle, nodes, firstMs: first.applyMs, retainedKb: await retainedKb(operator) };
  } finally {
    await new Promise((resolve) => {
      worker.onmessage = resolve;
      worker.postMessage("end");
    });
    worker.terminate();
  }
}

if (import.meta.main) {
  writeLine(
    Deno.stdout,
    "| nodes | agents | first apply | plan of one change | its apply | received | retained |",
  );
  writeLine(
    Deno.stdout,
    "| ----: | -----: | ----------: | -----------------: | --------: | -------: | -------: |",
  );
  for (const nodes of SIZES) {
    const { firstMs, planMs, applyMs, receivedKb, retainedKb } = await measure(nodes);
    const cells = [
      nodes,
      nodes * AGENTS_PER_NODE,
      `${firstMs.toFixed(0)} ms`,
      `${planMs.toFixed(0)} ms`,
      `${applyMs.toFixed(0)} ms`,
      `${receivedKb.toFixed(0)} KiB`,
      `${retainedKb.toFixed(0)} KiB`,
    ];
    writeLine(Deno.stdout, `| ${cells.join(" | ")} |`);
  }
}
