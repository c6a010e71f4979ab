/** A PWM channel, as agent code uses it. */
import { checkDuty, readPwmOptions } from "../../protocol/devices/pwm.ts";
import type { PwmChannel, PwmOptions } from "../types.d.ts";
import type { DeviceParts } from "./device_parts.ts";

export async function openPwm(parts: DeviceParts, channel: string, given: PwmOptions): Promise<PwmChannel> {
  if (typeof channel !== "string") throw new TypeError('Cannot open a PWM channel: it is named as "0.1"');
  const options = said(`Cannot open PWM ${channel}`, () => readPwmOptions(given));
  const handle = await parts.ask({ op: "open", kind: "pwm", entry: channel, options }) as number;
  let failure: Error | undefined;
  let isClosed = false;
  parts.handles.add(handle, { receive: () => {}, fail: (error) => failure = error });
  return {
    channel,
    set: async (to) => {
      if (failure !== undefined) throw failure;
      const duty = said(`Cannot set PWM ${channel}`, () => checkDuty("duty", to?.duty));
      await parts.ask({ op: "act", handle, action: { do: "duty", duty } });
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      parts.handles.remove(handle);
      if (failure === undefined) await parts.ask({ op: "close", handle });
    },
  };
}

function said<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new TypeError(`${what}: ${(error as Error).message}`);
  }
}
