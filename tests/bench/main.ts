/** Entry of the bench: measures a real node with real agents, prints a table, and writes it as JSON. */
import { parseArgs } from "@std/cli/parse-args";
import type { Figure } from "./figure.ts";
import { memory } from "./figures/memory.ts";
import { migration } from "./figures/migration.ts";
import { python } from "./figures/python.ts";
import { reconnect } from "./figures/reconnect.ts";
import { restart } from "./figures/restart.ts";
import { roundTrip } from "./figures/round_trip.ts";
import { spawn } from "./figures/spawn.ts";
import { start } from "./figures/start.ts";
import { throughput } from "./figures/throughput.ts";
import { describeMachine } from "./machine.ts";
import { type Result, resultTable } from "./report.ts";
import { BROKER_TEXT, brokerVersion, Rig } from "./rig.ts";

const FIGURES: readonly Figure[] = [
  spawn,
  start,
  memory,
  throughput,
  roundTrip,
  restart,
  reconnect,
  migration,
  python,
];
const NAMES = FIGURES.map(({ name }) => name).join(", ");
const USAGE = `Measures a node and its agents on this machine.

Usage: deno task bench [--only NAME[,NAME…]] [--quick] [--json FILE]

  --only NAME,…  these figures only, of: ${NAMES}
  --quick        few samples: shows that the bench works, nothing to quote
  --json FILE    where the figures go as JSON (default: bench-results.json)

A missed target is said in the table and is no failure: exit 1 means that a figure could not be measured.`;

interface Options {
  readonly figures: readonly Figure[];
  readonly quick: boolean;
  readonly json: string;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => ending.abort());
  const machine = await describeMachine();
  const broker = await brokerVersion();
  const results: Result[] = [];
  let failures = 0;
  for (const figure of options.figures) {
    printError(`measuring ${figure.name} …`);
    try {
      results.push(...await measure(figure, options.quick, ending.signal));
    } catch (error) {
      if (ending.signal.aborted) return 130;
      failures += 1;
      printError(`Cannot measure ${figure.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const date = new Date().toISOString();
  print(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryMib} MiB, Linux ${machine.kernel}; ${date}`);
  print(`deno ${machine.deno}; broker: ${broker}, ${BROKER_TEXT}`);
  if (options.quick) print("--quick: too few samples to be quoted");
  for (const line of ["", ...resultTable(results), "", "How it is measured:"]) print(line);
  for (const { name, method } of options.figures) print(`- ${name}: ${method}.`);
  const report = { date, machine, broker: `${broker}, ${BROKER_TEXT}`, quick: options.quick, results };
  await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return failures === 0 ? 0 : 1;
}

function readOptions(): Options | undefined {
  let unknown: string | undefined;
  const given = parseArgs(Deno.args, {
    string: ["only", "json"],
    boolean: ["quick", "help"],
    unknown: (argument) => unknown ??= argument,
  });
  const wanted = typeof given.only === "string" ? given.only.split(",") : FIGURES.map(({ name }) => name);
  unknown ??= wanted.find((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown !== undefined || given.help === true) {
    printError(unknown === undefined ? USAGE : `bench: '${unknown}' is not known\n\n${USAGE}`);
    return undefined;
  }
  return {
    figures: FIGURES.filter(({ name }) => wanted.includes(name)),
    quick: given.quick === true,
    json: typeof given.json === "string" ? given.json : "bench-results.json",
  };
}

/** @throws whatever the figure throws; the signal's reason when that is aborted: nothing of it is left running then */
async function measure(figure: Figure, quick: boolean, signal: AbortSignal): Promise<Result[]> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  await using rig = await Rig.start();
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([figure.run(rig, quick), ended]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function printError(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main());
