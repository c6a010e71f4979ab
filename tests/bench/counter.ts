/**
 * A subscriber that only counts, in a process of its own: what it costs must not be what is measured.
 * Run as a program it is that process: `counter.ts PORT TOPIC COUNT`.
 */
import { fileURLToPath } from "node:url";
import { RawSubscriber } from "./raw_subscriber.ts";
import { Tally } from "./tally.ts";

/** What a subscriber has seen of a run of numbered messages. */
export interface Count {
  readonly received: number;
  readonly lost: number;
  /** Arrived after one with a higher number. */
  readonly disordered: number;
  readonly repeated: number;
  /** When the first left its agent, and when the last arrived: milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

/** After so long without a message, those that are missing are lost. */
const SILENCE_MS = 5000;

/** A counter at work. */
export interface Counter extends AsyncDisposable {
  readonly result: Promise<Count>;
}

/** Starts a counter; resolves when it is subscribed. */
export async function startCounter(port: number, topic: string, count: number): Promise<Counter> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", fileURLToPath(import.meta.url), String(port), topic, String(count)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const nextLine = async () => {
    const { value } = await lines.read();
    if (value === undefined) throw new Error("The counting subscriber has ended without a result");
    return value;
  };
  await nextLine();
  const result = nextLine().then((line) => JSON.parse(line) as Count);
  // Whoever needs it hears of a failure.
  result.catch(() => {});
  return {
    result,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
      await lines.cancel();
    },
  };
}

async function main(): Promise<void> {
  const [port, topic = "", count] = Deno.args;
  const tally = new Tally(Number(count));
  using subscriber = await RawSubscriber.connect(Number(port), topic);
  say("subscribed");
  let silence: ReturnType<typeof setTimeout> | undefined;
  for await (const payloads of subscriber.batches()) {
    clearTimeout(silence);
    const now = Date.now();
    for (const payload of payloads) tally.add(payload, now);
    if (tally.isComplete) break;
    silence = setTimeout(() => finish(tally), SILENCE_MS);
  }
  finish(tally);
}

function finish(tally: Tally): never {
  say(JSON.stringify(tally.count()));
  Deno.exit(0);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) await main();
