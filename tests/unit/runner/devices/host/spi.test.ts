/** Calls as the kernel's header has them (linux/spi/spidev.h, compiled for the numbers below); no chip has seen them. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DeviceError } from "../../../../../runner/devices/device_error.ts";
import type { System } from "../../../../../runner/devices/host/libc.ts";
import { SpiSelect } from "../../../../../runner/devices/host/spi.ts";
import { Units } from "../../../../../runner/devices/host/units.ts";
import { readSpiOptions } from "../../../../../protocol/devices/spi.ts";

/** A device whose calls are written down; it answers each byte with its complement. */
function fakeDevice(failures: Readonly<Record<number, number>> = {}) {
  const calls: string[] = [];
  const memory = new Map<bigint, Uint8Array>();
  const system: System = {
    open: (path) => (calls.push(`open ${path}`), 3),
    ioctlNumber: () => 0,
    ioctl(_fd, request, argument) {
      const failure = failures[request];
      if (failure !== undefined) return failure;
      calls.push(`${request.toString(16)} ${argument.toHex()}`);
      if (request !== 0x40206b00) return 0;
      const view = new DataView(argument.buffer);
      const [from, to] = [0, 8].map((at) => memory.get(view.getBigUint64(at, true)) ?? new Uint8Array());
      // As spidev does, which takes all before it gives any: both may be the same.
      from?.slice().forEach((byte, index) => to?.fill(byte ^ 0xff, index, index + 1));
      return view.getUint32(16, true);
    },
    addressOf: (buffer) => {
      const address = BigInt(memory.size + 1);
      memory.set(address, buffer);
      return address;
    },
    readable: () => Promise.resolve(false),
    read: () => 0,
    writable: () => Promise.resolve(false),
    write: () => 0,
    close: (fd) => void calls.push(`close ${fd}`),
  };
  const units = new Units(new SpiSelect("/dev/spidev0.0", system));
  const own = { agent: "a", unit: 0 } as const;
  const open = async (options: unknown) => {
    await units.carryOut({ op: "grant", ...own });
    await units.carryOut({ op: "open", ...own, options: readSpiOptions(options) });
  };
  const exchange = async (...bytes: number[]) => {
    const action = { do: "exchange", data: Uint8Array.from(bytes).toBase64() } as const;
    return Uint8Array.fromBase64(await units.carryOut({ op: "act", ...own, action }) as string).toHex();
  };
  return { calls, open, exchange, close: () => units.carryOut({ op: "close", ...own }) };
}

Deno.test("an SPI device is set up when it is opened: mode, bits, speed", async () => {
  const { calls, open, close } = fakeDevice();
  await open({ mode: 3, speed_hz: 1_000_000, bits: 16 });
  await close();
  assertEquals(calls, ["open /dev/spidev0.0", "40016b01 03", "40016b03 10", "40046b04 40420f00", "close 3"]);
});

Deno.test("an exchange is one message of the kernel, which reads as much as it writes", async () => {
  const { calls, open, exchange } = fakeDevice();
  await open({});
  calls.length = 0;
  assertEquals(await exchange(0xd0, 0x00), "2fff");
  // tx_buf, rx_buf, len, speed_hz, delay_usecs, bits_per_word, and five bytes that are 0.
  const fields = ["0100000000000000", "0100000000000000", "02000000", "20a10700", "0000", "08", "0000000000"];
  assertEquals(calls, [`40206b00 ${fields.join("")}`]);
});

Deno.test("a part of a word is not sent, and the kernel's errors have words", async () => {
  const { calls, open, exchange } = fakeDevice({ 0x40206b00: -5 });
  await open({ bits: 16 });
  calls.length = 0;
  const partial = await assertRejects(() => exchange(1), DeviceError);
  assertMatch(partial.message, /1 bytes are no whole words/);
  assertEquals(calls, []);
  assertMatch((await assertRejects(() => exchange(1, 2), DeviceError)).message, /talk to \/dev\/spidev0\.0/);
});

Deno.test("what would take longer than the node waits is not begun: nothing could end it", async () => {
  const { calls, open, exchange } = fakeDevice();
  await open({ speed_hz: 10 });
  calls.length = 0;
  assertEquals(await exchange(1), "fe");
  const error = await assertRejects(() => exchange(...new Array<number>(8).fill(0)), DeviceError);
  assertMatch(error.message, /8 bytes at 10 Hz take more than 5 s: use a higher speed_hz, or fewer bytes/);
  assertEquals([error.reason, calls.length], ["timeout", 1]);
});

Deno.test("a device that does not take its options is closed again", async () => {
  const { calls, open } = fakeDevice({ 0x40016b03: -22 });
  const error = await assertRejects(() => open({ bits: 32 }), DeviceError);
  assertMatch(error.message, /cannot set words of 32 bits on \/dev\/spidev0\.0: its driver does not take/);
  assertEquals(calls.at(-1), "close 3");
});
