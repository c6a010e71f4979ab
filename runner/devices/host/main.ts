/**
 * A device host: one process for one GPIO chip, `main.ts /dev/gpiochipN`. Nothing but the runner talks to it. When the
 * runner is gone, all outputs go to their safe level.
 */
import { DeviceError } from "../device_error.ts";
import type { HostAnswer, HostFrame } from "./frames.ts";
import { openLibc } from "./libc.ts";
import { Lines } from "./lines.ts";

const say = (answer: HostAnswer) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    // The runner is gone. The end of stdin, which follows, sets the outputs to safe.
  }
};

async function answer(lines: Lines, frame: HostFrame): Promise<void> {
  try {
    say({ id: frame.id, value: await lines.carryOut(frame) });
  } catch (error) {
    const code = error instanceof DeviceError ? error.reason : "failed";
    say({ id: frame.id, error: { code, message: (error as Error).message } });
  }
}

const [path = ""] = Deno.args;
const lines = new Lines(path, openLibc(), say);
// A service manager ends all processes at the same time: this one waits for the end of the runner.
Deno.addSignalListener("SIGTERM", () => {});
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const parts = (rest + text).split("\n");
  rest = parts.pop() ?? "";
  for (const part of parts) void answer(lines, JSON.parse(part) as HostFrame);
}
lines.closeAll();
Deno.exit(0);
