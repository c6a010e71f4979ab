/** Entry of the bench: measures a real node with real agents, prints a table, and writes it as JSON. */
import { parseArgs } from "@std/cli/parse-args";
import { hold, type Outcome, outcomeTable } from "./against/contest.ts";
import { readRivals } from "./against/rivals.ts";
import type { Figure } from "./figure.ts";
import { alone } from "./figures/alone.ts";
import { devices } from "./figures/devices.ts";
import { idle } from "./figures/idle.ts";
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
  idle,
  throughput,
  roundTrip,
  alone,
  restart,
  reconnect,
  migration,
  python,
  devices,
];
const NAMES = FIGURES.map(({ name }) => name).join(", ");
const USAGE = `Measures a node and its agents on this machine.

Usage: deno task bench [--only NAME[,NAME…] | --against RIVAL[,RIVAL…]] [--quick] [--json FILE]

  --only NAME,…  these figures only, of: ${NAMES}
  --against …    no figures, but ratios: each measured in turns with what stands beside it. nodered: Node-RED, which
                 npm fetches into a folder of the bench; deno: MQTT.js on Deno, and a bare deno run;
                 node=COMMAND: another node, which is given --broker, --port and --name
  --quick        few samples: shows that the bench works, nothing to quote
  --json FILE    where the figures go as JSON (default: bench-results.json)

A missed target is said in the table and is no failure: exit 1 means that a figure could not be measured.`;

interface Options {
  readonly figures: readonly Figure[];
  readonly rivals: Exclude<ReturnType<typeof readRivals>, { unknown: string }>;
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
  const outcomes: Outcome[] = [];
  let failures = 0;
  const attempt = async (name: string, work: (rig: Rig) => Promise<void>) => {
    printError(`measuring ${name} …`);
    try {
      await measure(work, ending.signal);
    } catch (error) {
      if (ending.signal.aborted) return;
      failures += 1;
      printError(`Cannot measure ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const figure of options.figures) {
    await attempt(figure.name, async (rig) => void results.push(...await figure.run(rig, options.quick)));
    if (ending.signal.aborted) return 130;
  }
  for (const [n, prepare] of options.rivals.entries()) {
    await attempt(
      `contest ${n + 1} of ${options.rivals.length}`,
      async (rig) => void outcomes.push(await hold(await prepare(rig, options.quick))),
    );
    if (ending.signal.aborted) return 130;
  }
  const date = new Date().toISOString();
  print(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryMib} MiB, Linux ${machine.kernel}; ${date}`);
  print(`deno ${machine.deno}; broker: ${broker}, ${BROKER_TEXT}`);
  if (options.quick) print("--quick: too few samples to be quoted");
  if (outcomes.length > 0) { for (const line of ["", ...outcomeTable(outcomes)]) print(line); }
  else for (const line of ["", ...resultTable(results), "", "How it is measured:"]) print(line);
  for (const { name, method } of options.figures) print(`- ${name}: ${method}.`);
  const report = {
    date,
    machine,
    broker: `${broker}, ${BROKER_TEXT}`,
    quick: options.quick,
    results,
    outcomes,
  };
  await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return failures === 0 ? 0 : 1;
}

function readOptions(): Options | undefined {
  let unknown: string | undefined;
  const given = parseArgs(Deno.args, {
    string: ["only", "against", "json"],
    boolean: ["quick", "help"],
    unknown: (argument) => unknown ??= argument,
  });
  const rivals = typeof given.against === "string" ? readRivals(given.against) : [];
  if ("unknown" in rivals) unknown ??= rivals.unknown;
  const all = typeof given.against === "string" ? [] : FIGURES.map(({ name }) => name);
  const wanted = typeof given.only === "string" ? given.only.split(",") : all;
  unknown ??= wanted.find((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown !== undefined || given.help === true) {
    printError(unknown === undefined ? USAGE : `bench: '${unknown}' is not known\n\n${USAGE}`);
    return undefined;
  }
  return {
    figures: FIGURES.filter(({ name }) => wanted.includes(name)),
    rivals: "unknown" in rivals ? [] : rivals,
    quick: given.quick === true,
    json: typeof given.json === "string" ? given.json : "bench-results.json",
  };
}

/** @throws whatever `work` throws; the signal's reason when that is aborted: nothing of it is left running then */
async function measure(work: (rig: Rig) => Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  await using rig = await Rig.start();
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort);
  try {
    await Promise.race([work(rig), ended]);
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
