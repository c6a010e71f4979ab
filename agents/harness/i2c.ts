/** A device on an I2C bus, as agent code uses it. */
import { i2cEntry, type I2cStep, MAX_STEP_BYTES, MAX_STEPS } from "../../protocol/devices/i2c.ts";
import type { I2cDevice, I2cPart } from "../types.d.ts";
import type { DeviceParts } from "./device_parts.ts";

export async function openI2c(parts: DeviceParts, bus: number, address: number): Promise<I2cDevice> {
  const entry = entryOf(bus, address);
  const handle = await parts.ask({ op: "open", kind: "i2c", entry, options: {} }) as number;
  let failure: Error | undefined;
  let isClosed = false;
  parts.handles.add(handle, { receive: () => {}, fail: (error) => failure = error });
  const transfer = async (steps: readonly I2cPart[]): Promise<Uint8Array<ArrayBuffer>[]> => {
    if (failure !== undefined) throw failure;
    const action = { do: "transfer", steps: stepsOf(entry, steps) } as const;
    const answers = await parts.ask({ op: "act", handle, action }) as string[];
    return answers.map((answer) => Uint8Array.fromBase64(answer));
  };
  return {
    bus,
    address,
    transfer,
    read: async (length) => (await transfer([{ read: length }]))[0] ?? new Uint8Array(),
    write: async (data) => void await transfer([{ write: data }]),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      parts.handles.remove(handle);
      if (failure === undefined) await parts.ask({ op: "close", handle });
    },
  };
}

function entryOf(bus: number, address: number): string {
  try {
    return i2cEntry(bus, address);
  } catch (error) {
    throw new TypeError(`Cannot open an I2C device: ${(error as Error).message}`);
  }
}

/** @throws TypeError */
function stepsOf(entry: string, steps: readonly I2cPart[]): I2cStep[] {
  const wrong = (problem: string) => new TypeError(`Cannot talk to ${entry}: ${problem}`);
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > MAX_STEPS) {
    throw wrong(`a transfer has 1 to ${MAX_STEPS} steps, each {write: bytes} or {read: length}`);
  }
  return steps.map((step): I2cStep => {
    if ("write" in step) {
      const bytes = Uint8Array.from(step.write);
      if (bytes.length > MAX_STEP_BYTES) throw wrong(`a step has up to ${MAX_STEP_BYTES} bytes`);
      return { write: bytes.toBase64() };
    }
    if (!Number.isInteger(step.read) || step.read < 1 || step.read > MAX_STEP_BYTES) {
      throw wrong(`a step reads 1 to ${MAX_STEP_BYTES} bytes`);
    }
    return { read: step.read };
  });
}
