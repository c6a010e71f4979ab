// deno-lint-ignore-file no-console -- it talks to its reader
/** `deno task chaos`: breaks everything that can break, in an order that a seed gives, and counts what that costs. */
import { parseArgs } from "@std/cli/parse-args";
import { runAlone, violationsOf } from "./alone.ts";
import { type BrokerKind, USUAL_BROKER } from "./broker.ts";
import { ONLY, type Only } from "./faults.ts";
import type { Outbox } from "./field.ts";
import { aloneTableOf, tableOf } from "./report.ts";
import { run } from "./run.ts";

const USAGE =
  "Usage: deno task chaos [--seed N] [--faults N] [--seconds N] [--outbox memory|disk] [--broker mosquitto|embedded]\n" +
  "                       [--only fleet]\n" +
  "       deno task chaos --alone [--seed N] [--seconds N] [--broker mosquitto|embedded]";

/** How long the link of a node alone is cut. */
const ALONE_SECONDS = 600;
const EDGE_EVERY_MS = 100;

function wholeNumber(flag: string, given: unknown, fallback: number): number {
  const value = given === undefined ? fallback : Number(given);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${flag} must be a whole number: current value is '${given}'`);
}

function outboxOf(given: unknown): Outbox {
  if (given === undefined || given === "memory" || given === "disk") return given ?? "memory";
  throw new Error(`--outbox must be memory or disk: current value is '${given}'`);
}

function brokerOf(given: unknown): BrokerKind {
  if (given === undefined || given === "mosquitto" || given === "embedded") return given ?? USUAL_BROKER;
  throw new Error(`--broker must be mosquitto or embedded: current value is '${given}'`);
}

function onlyOf(given: unknown): Only | undefined {
  const only = ONLY.find((each) => each === given);
  if (given === undefined || only !== undefined) return only;
  throw new Error(`--only must be ${ONLY.join(" or ")}: current value is '${given}'`);
}

async function main(): Promise<number> {
  const given = parseArgs(Deno.args, {
    string: ["seed", "faults", "seconds", "outbox", "broker", "only"],
    boolean: ["alone"],
    unknown: (argument) => {
      throw new Error(`unknown argument '${argument}'. ${USAGE}`);
    },
  });
  const seed = wholeNumber("seed", given.seed, 1);
  const faults = wholeNumber("faults", given.faults, 240);
  const outbox = outboxOf(given.outbox);
  const broker = brokerOf(given.broker);
  const only = onlyOf(given.only);
  if (given.alone) return await alone(seed, wholeNumber("seconds", given.seconds, ALONE_SECONDS), broker);
  const result = await run({
    seed,
    faults,
    outbox,
    broker,
    only,
    seconds: wholeNumber("seconds", given.seconds, 3600),
    say: (line) => console.error(line),
  });
  console.log(`${tableOf(result)}\n`);
  const which = only === undefined ? "" : ` --only ${only}`;
  const again =
    `deno task chaos --seed ${seed} --faults ${faults} --outbox ${outbox} --broker ${broker}${which}`;
  console.log(`${result.broker}, outbox: ${outbox}, ${result.seconds.toFixed(0)} s. Again: ${again}`);
  for (const violation of result.violations) console.log(`VIOLATION, seed ${seed}, ${violation}`);
  return result.violations.length > 0 ? 1 : 0;
}

/** Agents of one node, without the broker. */
async function alone(seed: number, seconds: number, broker: BrokerKind): Promise<number> {
  const say = (line: string) => console.error(line);
  const result = await runAlone({ seed, seconds, everyMs: EDGE_EVERY_MS, broker, hasChaos: true, say });
  const violations = violationsOf(result);
  console.log(aloneTableOf(result, violations.length));
  for (const violation of violations) console.log(`VIOLATION, seed ${seed}, ${violation}`);
  return violations.length > 0 ? 1 : 0;
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
