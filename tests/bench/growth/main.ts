/**
 * Entry of the tables of growth: a node with more and more agents, and more and more nodes on one broker.
 * `deno task bench:growth`; with `--slow` the node is held to what a small device has.
 */
import { parseArgs } from "@std/cli/parse-args";
import { writeLine } from "../../../protocol/write_line.ts";
import { describeMachine } from "../machine.ts";
import { BROKER_TEXT, brokerVersion, Rig } from "../rig.ts";
import { agentsCost } from "./agents.ts";
import { type Cost, costTable, slopes } from "./cost.ts";
import { holdTo } from "./held.ts";
import { nodesCost } from "./nodes.ts";

/** What a Raspberry Pi Zero 2 W would see, by the measure of this machine's cores. */
const SLOW = { cores: 0.25, memoryMib: 512 };
const USAGE = `Measures how the cost of nodes and agents grows.

Usage: deno task bench:growth [--agents N,…] [--nodes N,…] [--slow]

  --agents N,…  agents of one node (default: 1,10,50,200,400; with --slow 1,10)
  --nodes N,…   nodes with an agent each (default: 1,10,100; with --slow none)
  --slow        hold the node with its agents to ${SLOW.cores} of a core and ${SLOW.memoryMib} MiB (root, control groups)`;

const say = (line: string) => writeLine(Deno.stdout, line);

async function main(): Promise<number> {
  const given = parseArgs(Deno.args, { string: ["agents", "nodes"], boolean: ["slow", "help"] });
  if (given.help === true) {
    say(USAGE);
    return 0;
  }
  const slow = given.slow === true;
  const { cpu, cores, memoryMib, kernel, deno } = await describeMachine();
  say(`${cpu}, ${cores} cores, ${memoryMib} MiB, Linux ${kernel}; ${new Date().toISOString()}; deno ${deno}`);
  say(`broker: ${await brokerVersion()}, ${BROKER_TEXT}`);
  if (slow) say(`the node and its agents are held to ${SLOW.cores} of a core and ${SLOW.memoryMib} MiB`);
  await table(
    "agents of one node",
    counts(given.agents, slow ? "1,10" : "1,10,50,200,400"),
    async (count) => {
      await using rig = await Rig.start();
      if (!slow) return await agentsCost(rig, count, []);
      const held = await rig.own(() => holdTo(SLOW, `agentflow-bench-${Deno.pid}-${count}`));
      return await agentsCost(rig, count, held.wrapper);
    },
  );
  await table("nodes", counts(given.nodes, slow ? "" : "1,10,100"), async (count) => {
    await using rig = await Rig.start();
    return await nodesCost(rig, count);
  });
  return 0;
}

async function table(what: string, all: readonly number[], measure: (count: number) => Promise<Cost>) {
  if (all.length === 0) return;
  const costs: Cost[] = [];
  for (const count of all) costs.push(await measure(count));
  for (const line of ["", ...costTable(what, costs), "", ...slopes(costs)]) say(line);
}

/** @throws RangeError for what is no list of numbers */
function counts(given: unknown, otherwise: string): number[] {
  const words = (typeof given === "string" ? given : otherwise).split(",").filter((word) => word !== "");
  const numbers = words.map(Number);
  const wrong = numbers.findIndex((number) => !Number.isInteger(number) || number < 1);
  if (wrong >= 0) throw new RangeError(`'${words[wrong]}' is no number of agents or nodes`);
  return numbers;
}

if (import.meta.main) Deno.exit(await main());
