// deno-lint-ignore-file no-console -- it talks to its reader
/** `deno task dashboard:load`: a large fleet, many browsers and a flood of log lines against one dashboard, in figures. */
import { delay } from "@std/async/delay";
import { parseArgs } from "@std/cli/parse-args";
import { fileURLToPath } from "node:url";
import { ProcStats } from "../../runner/process/proc_stats.ts";
import { describeMachine } from "../bench/machine.ts";
import { percentile } from "../bench/stats.ts";
import { layOut } from "../bench/table.ts";
import { startBroker } from "../support/brokers.ts";
import { Traffic } from "./traffic.ts";
import { FastViewer, SlowViewer } from "./viewers.ts";

const MAIN = fileURLToPath(new URL("../../operator/dashboard/main.ts", import.meta.url));
const SIZE = { nodes: 100, agents: 2000, logLinesPerSecond: 5000 } as const;
const FAST_VIEWERS = 19;
const MAX_SECONDS = 60;
const DEFAULT_SECONDS = 40;
const PROBE_MS = 500;
const SAMPLE_MS = 1000;
/** Probes of the last moments may still be on their way. */
const DRAIN_MS = 1500;

async function main(): Promise<number> {
  const { seconds: text } = parseArgs(Deno.args, { string: ["seconds"] });
  const seconds = Math.min(MAX_SECONDS, Number(text ?? DEFAULT_SECONDS));
  if (!(seconds >= 5)) {
    console.error(`dashboard:load: --seconds must be a number from 5 to ${MAX_SECONDS}`);
    return 2;
  }
  await using broker = await startBroker();
  await using dashboard = await startProcess(broker.port);
  await using traffic = await Traffic.connect(broker.port, SIZE);
  await traffic.announce();
  await delay(DRAIN_MS);
  const result = await measure(dashboard, traffic, seconds);
  const machine = await describeMachine();
  console.log(
    `${SIZE.nodes} nodes, ${SIZE.agents} agents, heartbeats every 10 s, ${SIZE.logLinesPerSecond} log lines/s,`,
  );
  console.log(
    `${FAST_VIEWERS} browsers and one that reads 2 KB/s, for ${seconds} s; ${broker.kind} as broker.`,
  );
  console.log(
    `${machine.cores} cores, ${machine.cpu}, Linux ${machine.kernel}, Deno ${machine.deno}, ${
      new Date().toISOString().slice(0, 10)
    }\n`,
  );
  console.log(layOut(["figure", "value"], result).join("\n"));
  return 0;
}

interface DashboardProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** A process of its own: what is measured is the dashboard's alone. */
async function startProcess(brokerPort: number): Promise<DashboardProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "--broker", "127.0.0.1", "--port", String(brokerPort), "--http-port", "0"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let said = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (said.includes("\n")) break;
  }
  const url = /http:\S+/.exec(said)?.[0];
  if (url === undefined) throw new Error(`The dashboard has not started: ${said}`);
  return {
    url,
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function measure(
  { url, pid }: DashboardProcess,
  traffic: Traffic,
  seconds: number,
): Promise<[string, string][]> {
  const fast = await Promise.all(Array.from({ length: FAST_VIEWERS }, () => FastViewer.open(url)));
  using slow = await SlowViewer.open(url);
  const stats = new ProcStats();
  stats.measure(pid);
  const memory: number[] = [];
  const sentMs = new Map<string, number>();
  traffic.start();
  const probing = setInterval(() => {
    const text = `probe ${sentMs.size}`;
    sentMs.set(text, performance.now());
    traffic.probe(text);
  }, PROBE_MS);
  const sampling = setInterval(() => memory.push(stats.held(pid)?.heldMb ?? 0), SAMPLE_MS);
  await delay(seconds * 1000);
  clearInterval(probing);
  clearInterval(sampling);
  const cpu = stats.measure(pid)?.cpu ?? 0;
  traffic.stop();
  await delay(DRAIN_MS);
  const session = await (await fetch(new URL("api/logs?limit=1", url))).json();
  for (const viewer of fast) viewer[Symbol.dispose]();
  return rows({ fast, slow, sentMs, memory, cpu, seconds, traffic, session });
}

function rows({ fast, slow, sentMs, memory, cpu, seconds, traffic, session }: {
  readonly fast: readonly FastViewer[];
  readonly slow: SlowViewer;
  readonly sentMs: ReadonlyMap<string, number>;
  readonly memory: readonly number[];
  readonly cpu: number;
  readonly seconds: number;
  readonly traffic: Traffic;
  readonly session: { readonly log_lines: number; readonly log_lines_not_kept: number };
}): [string, string][] {
  const latencies = fast.flatMap(({ probes }) =>
    [...sentMs].flatMap(([text, atMs]) => {
      const seenMs = probes.get(text);
      return seenMs === undefined ? [] : [seenMs - atMs];
    })
  );
  const missed = fast.length * sentMs.size - latencies.length;
  const sum = (read: (viewer: FastViewer) => number) =>
    fast.reduce((total, viewer) => total + read(viewer), 0);
  const at = (share: number) => memory[Math.min(memory.length - 1, Math.floor(memory.length * share))] ?? 0;
  const mb = (value: number) => `${value.toFixed(0)} MB`;
  return [
    ["agents in the snapshot of a browser", String(fast[0]?.agents ?? 0)],
    ["published → told to a browser, median", `${percentile(latencies, 50).toFixed(0)} ms`],
    ["… 99th percentile", `${percentile(latencies, 99).toFixed(0)} ms`],
    ["… largest", `${percentile(latencies, 100).toFixed(0)} ms`],
    ["… never told", String(missed)],
    ["CPU of the dashboard, of one core", `${cpu.toFixed(0)}%`],
    ["its resident memory at the start", mb(at(0))],
    ["… after a third", mb(at(1 / 3))],
    ["… after two thirds", mb(at(2 / 3))],
    ["… at the end", mb(at(1))],
    ["… at most", mb(Math.max(...memory))],
    ["messages published a second", String(Math.round(traffic.published / seconds))],
    ["log lines published", String(traffic.lines)],
    ["… that the dashboard has taken in", String(session.log_lines)],
    ["… that it has kept for the history", String(session.log_lines - session.log_lines_not_kept)],
    ["… shown to a browser", String(Math.round(sum((viewer) => viewer.logsShown) / fast.length))],
    [
      "… left out of what it shows, and said so",
      String(Math.round(sum((viewer) => viewer.logsLeftOut) / fast.length)),
    ],
    [
      "told to a browser a second",
      `${Math.round(sum(({ bytes }) => bytes) / fast.length / seconds / 1024)} KB`,
    ],
    ["read by the slow one", `${Math.round(slow.bytes / 1024)} KB`],
  ];
}

if (import.meta.main) Deno.exit(await main());
