// deno-lint-ignore-file no-console -- it talks to its reader
/** `deno task demo`: a broker, a node, a sensor and a dashboard on this machine, and a live view of what they say. */
import { delay } from "@std/async/delay";
import { parseBroker } from "../protocol/broker/broker_url.ts";
import { ConfigError } from "../protocol/config/config_error.ts";
import { type Dashboard, startDashboard } from "../operator/dashboard/start.ts";
import { topics } from "../protocol/topics.ts";
import type { Arrival } from "./demo/arrival.ts";
import { formatArrival, Names, type View } from "./demo/format.ts";
import { intro } from "./demo/intro.ts";
import { freePort, NodeProcess } from "./demo/node_process.ts";
import { type DemoRequest, HELP, parseDemoArgs } from "./demo/options.ts";
import { Tally } from "./demo/tally.ts";
import { Wire } from "./demo/wire.ts";
import { interruption } from "../protocol/config/surroundings.ts";

const NODE = "demo-node";
const SENSOR = "temperature_sensor";
const FILE = `agents/examples/${SENSOR}.ts`;
const READINGS = "sensors/temperature";
const POLL_SECONDS = 2;
/** How long a node may take to be online. */
const START_PATIENCE_MS = 20_000;

/** @returns the exit code */
async function main(): Promise<number> {
  let request: DemoRequest;
  try {
    request = parseDemoArgs(Deno.args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`demo: ${error.message}`);
    return 2;
  }
  if (request.kind === "help") {
    console.log(HELP);
    return 0;
  }
  return await runDemo(request);
}

async function runDemo(
  { seconds, port = freePort() }: Extract<DemoRequest, { kind: "run" }>,
): Promise<number> {
  const code = await Deno.readTextFile(new URL(`../${FILE}`, import.meta.url));
  const tally = new Tally(NODE, SENSOR, READINGS);
  const online = Promise.withResolvers<void>();
  const show = printer(viewOf(Deno.stdout));
  const onArrival = (arrival: Arrival) => {
    show(arrival);
    tally.add(arrival);
    if (tally.isOnline) online.resolve();
  };

  await using node = await NodeProcess.start(NODE, port);
  // Later signals are ignored: a Ctrl-C may come twice, from the terminal and from `deno task`.
  const interrupted = interruption();
  const gone = new AbortController();
  const ended = node.ended.then((code) => gone.abort(code));
  const stopped = AbortSignal.any([interrupted, gone.signal]);

  await using dashboard = await openDashboard(port);
  console.log(intro({ node: NODE, sensor: SENSOR, file: FILE, port, seconds, dashboard: dashboard?.url }));
  using wire = await Wire.connect(port, onArrival, stopped) ?? null;
  if (wire !== null) {
    // As any client would: retained, so that a node that comes later finds it too.
    const config = { name: SENSOR, node: NODE, code, poll_interval: POLL_SECONDS };
    wire.publish(topics.node(NODE, "spawn"), config, true);
    const isOnline = await settles(online.promise, START_PATIENCE_MS, stopped);
    if (isOnline) await wait(seconds, stopped);
  }

  await node.end(() => wire === null ? node.kill() : wire.publish(topics.node(NODE, "stop_all"), {}));
  await ended;
  if (interrupted.aborted) return 0;
  // The user may have ended the node from another terminal.
  const exitCode: number = gone.signal.reason;
  if (exitCode !== 0) {
    console.error(`demo: the node ended unexpectedly with exit code ${exitCode}`);
    return 1;
  }
  return verdict(tally);
}

/**
 * Only for this machine, and with control: everybody here may use the demo's broker anyway.
 * @returns null if it cannot be started: the demo continues without it
 */
async function openDashboard(brokerPort: number): Promise<Dashboard | null> {
  try {
    return await startDashboard({
      broker: parseBroker("127.0.0.1", brokerPort),
      access: {},
      listen: "127.0.0.1",
      httpPort: 0,
      hostNames: [],
      token: undefined,
      allowControl: true,
      showCode: true,
      signer: undefined,
      // The live view tells of the broker.
      log: () => {},
    });
  } catch (error) {
    console.error(`demo: no dashboard: ${(error as Error).message}`);
    return null;
  }
}

/** Says what has arrived, and what has not. */
function verdict(tally: Tally): number {
  console.log(`\nThe node has ended. ${tally.summary()}.`);
  const missing = tally.missing();
  if (missing.length === 0) return 0;
  console.error(`demo: missing: ${missing.join("; ")}`);
  return 1;
}

function viewOf(output: typeof Deno.stdout): View {
  if (!output.isTerminal()) return { colour: false, width: Infinity };
  return { colour: !Deno.noColor, width: Deno.consoleSize().columns };
}

function printer(view: View): (arrival: Arrival) => void {
  const names = new Names();
  return (arrival) => console.log(formatArrival(arrival, new Date(), names, view));
}

/** Waits for `seconds`, or without end; no longer than until `signal` is aborted. */
async function wait(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  await settles(new Promise<void>(() => {}), seconds === undefined ? 2 ** 31 - 1 : seconds * 1000, signal);
}

/** Whether `promise` resolves within `ms`, and before `signal` is aborted. */
async function settles(promise: Promise<void>, ms: number, signal: AbortSignal): Promise<boolean> {
  const settled = new AbortController();
  const timedOut = delay(ms, { signal: AbortSignal.any([signal, settled.signal]) }).then(
    () => false,
    () => false,
  );
  const result = await Promise.race([promise.then(() => true), timedOut]);
  settled.abort();
  return result;
}

/**
 * Users try the command line next. Never called: the import alone makes Deno download its packages now, and cache what a
 * short command would otherwise look up each time.
 */
export const nextStep = (): Promise<unknown> => import("../operator/ctl/main.ts");

if (import.meta.main) Deno.exit(await main());
