/**
 * A device host: one process for one device node, `main.ts KIND PATH`. Nothing but the runner talks to it. When the
 * runner is gone, all outputs go to their safe level.
 */
import type { HeldKind } from "../../../protocol/devices/devices.ts";
import { DeviceError } from "../device_error.ts";
import type { HostAnswer, HostEvent, HostFrame } from "./frames.ts";
import { openLibc } from "./libc.ts";
import { type Driver, Units } from "./units.ts";

const say = (answer: HostAnswer) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    // The runner is gone. The end of stdin, which follows, sets the outputs to safe.
  }
};

async function answer(units: Units<HeldKind>, frame: HostFrame): Promise<void> {
  try {
    say({ id: frame.id, value: await units.carryOut(frame) });
  } catch (error) {
    const code = error instanceof DeviceError ? error.reason : "failed";
    say({ id: frame.id, error: { code, message: (error as Error).message } });
  }
}

const system = openLibc();
const onEvent = (unit: number, event: HostEvent) => say({ unit, event });
/** Only the kind that this host is for is loaded. */
const DRIVERS: { readonly [K in HeldKind]: (path: string) => Promise<Driver<K>> } = {
  gpio: async (path) => {
    const { GpioChip } = await import("./gpio.ts");
    return new GpioChip(path, { system, onEvent, nowMs: () => performance.now() });
  },
  i2c: async (path) => new (await import("./i2c.ts")).I2cBus(path, system),
  spi: async (path) => new (await import("./spi.ts")).SpiSelect(path, system),
  pwm: async (path) => {
    const { PwmChip } = await import("./pwm.ts");
    const clock = new Int32Array(new SharedArrayBuffer(4));
    return new PwmChip(path, { system, pause: (ms) => void Atomics.wait(clock, 0, 0, ms) });
  },
  serial: async (path) => new (await import("./serial.ts")).SerialPort(path, { system, onEvent }),
};

const [kind = "", path = ""] = Deno.args;
const units = new Units(await DRIVERS[kind as HeldKind](path) as Driver<HeldKind>);
// A service manager ends all processes at the same time: this one waits for the end of the runner.
Deno.addSignalListener("SIGTERM", () => {});
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const parts = (rest + text).split("\n");
  rest = parts.pop() ?? "";
  for (const part of parts) void answer(units, JSON.parse(part) as HostFrame);
}
units.closeAll();
Deno.exit(0);
