/** An SPI device, as agent code uses it. */
import { MAX_EXCHANGE_BYTES, readSpiOptions } from "../../protocol/devices/spi.ts";
import type { SpiDevice, SpiDeviceOptions } from "../types.d.ts";
import type { DeviceParts } from "./device_parts.ts";

export async function openSpi(
  parts: DeviceParts,
  device: string,
  given: SpiDeviceOptions | undefined,
): Promise<SpiDevice> {
  const options = readOptions(device, given);
  const handle = await parts.ask({ op: "open", kind: "spi", entry: device, options }) as number;
  let failure: Error | undefined;
  let isClosed = false;
  parts.handles.add(handle, { receive: () => {}, fail: (error) => failure = error });
  return {
    device,
    transfer: async (data) => {
      if (failure !== undefined) throw failure;
      const bytes = Uint8Array.from(data);
      const word = options.bits / 8;
      if (bytes.length === 0 || bytes.length > MAX_EXCHANGE_BYTES || bytes.length % word !== 0) {
        throw new TypeError(
          `Cannot talk to SPI ${device}: a transfer has 1 to ${MAX_EXCHANGE_BYTES} bytes, in words of ${word}`,
        );
      }
      const action = { do: "exchange", data: bytes.toBase64() } as const;
      return Uint8Array.fromBase64(await parts.ask({ op: "act", handle, action }) as string);
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      parts.handles.remove(handle);
      if (failure === undefined) await parts.ask({ op: "close", handle });
    },
  };
}

function readOptions(device: string, given: SpiDeviceOptions | undefined) {
  if (typeof device !== "string") throw new TypeError('Cannot open an SPI device: it is named as "0.0"');
  try {
    return readSpiOptions(given);
  } catch (error) {
    throw new TypeError(`Cannot open SPI ${device}: ${(error as Error).message}`);
  }
}
