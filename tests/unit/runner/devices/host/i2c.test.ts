import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DeviceError } from "../../../../../runner/devices/device_error.ts";
import { I2cBus } from "../../../../../runner/devices/host/i2c.ts";
import { FUNCTION } from "../../../../../runner/devices/host/i2c_uapi.ts";
import type { System } from "../../../../../runner/devices/host/libc.ts";
import { Units } from "../../../../../runner/devices/host/units.ts";
import type { I2cStep } from "../../../../../protocol/devices/i2c.ts";

/** A bus whose calls are written down; a read is answered with the numbers from 1. */
function fakeBus(functions: number, failures: Readonly<Record<number, number>> = {}) {
  const calls: string[] = [];
  const memory = new Map<bigint, Uint8Array>();
  const at = (view: DataView, offset: number) =>
    memory.get(view.getBigUint64(offset, true)) ?? new Uint8Array();
  const system: System = {
    open: (path) => (calls.push(`open ${path}`), 3),
    ioctlNumber: (_fd, request, argument) => {
      calls.push(`${request.toString(16)} ${argument}`);
      return failures[request] ?? 0;
    },
    ioctl(_fd, request, argument) {
      const view = new DataView(argument.buffer);
      if (request === 0x0705) view.setUint32(0, functions, true);
      if (request === 0x0707) {
        const list = at(view, 0);
        const messages = new DataView(list.buffer);
        for (let index = 0; index < view.getUint32(8, true); index++) {
          const [address, flags, length] = [0, 2, 4].map((from) =>
            messages.getUint16(index * 16 + from, true)
          );
          const bytes = at(messages, index * 16 + 8);
          calls.push(`${flags === 1 ? "read" : "write"} ${address} ${flags === 1 ? length : bytes.toHex()}`);
          if (flags === 1) bytes.forEach((_, index) => bytes[index] = index + 1);
        }
      }
      if (request === 0x0720) {
        const [isRead, command, size] = [view.getUint8(0), view.getUint8(1), view.getUint32(4, true)];
        const data = at(view, 8);
        calls.push(`smbus ${isRead} ${command} ${size} ${data.subarray(0, 4).toHex()}`);
        if (isRead === 1) {
          for (let index = size === 8 ? 1 : 0; index < 34; index++) data[index] = index + 1;
        }
      }
      return failures[request] ?? 0;
    },
    addressOf: (buffer) => {
      const address = BigInt(memory.size + 1) * 4096n;
      memory.set(address, buffer);
      return address;
    },
    readable: () => Promise.resolve(false),
    read: () => 0,
    writable: () => Promise.resolve(false),
    write: () => 0,
    close: (fd) => void calls.push(`close ${fd}`),
  };
  return { units: new Units(new I2cBus("/dev/i2c-1", system)), calls };
}

async function opened(functions: number, failures?: Readonly<Record<number, number>>) {
  const bus = fakeBus(functions, failures);
  const own = { agent: "a", unit: 0x76 } as const;
  await bus.units.carryOut({ op: "grant", ...own });
  await bus.units.carryOut({ op: "open", ...own, options: {} });
  bus.calls.length = 0;
  const transfer = async (...steps: (number[] | number)[]) => {
    const action = {
      do: "transfer",
      steps: steps.map((step): I2cStep =>
        typeof step === "number" ? { read: step } : { write: Uint8Array.from(step).toBase64() }
      ),
    } as const;
    const answers = await bus.units.carryOut({ op: "act", ...own, action }) as string[];
    return answers.map((answer) => [...Uint8Array.fromBase64(answer)]);
  };
  return { ...bus, transfer };
}

Deno.test("a transfer is one call of the kernel, with a message for each part", async () => {
  const { transfer, calls } = await opened(FUNCTION.i2c);
  assertEquals(await transfer([0xd0], 1, [0xf4, 0x27], 3), [[1], [1, 2, 3]]);
  assertEquals(calls, ["write 118 d0", "read 118 1", "write 118 f427", "read 118 3"]);
  assertEquals(await transfer([]), []);
});

Deno.test("an adapter without I2C transfers gets the same in the words of SMBus", async () => {
  const { transfer, calls } = await opened(0x7fff_0000 & ~FUNCTION.i2c);
  assertEquals(await transfer([]), []);
  assertEquals(await transfer([5]), []);
  assertEquals(await transfer([5, 6]), []);
  assertEquals(await transfer([5, 6, 7]), []);
  assertEquals(await transfer([5, 6, 7, 8]), []);
  assertEquals(await transfer(1), [[1]]);
  assertEquals(await transfer([5], 1), [[1]]);
  assertEquals(await transfer([5], 2), [[1, 2]]);
  assertEquals(await transfer([5], 3), [[2, 3, 4]]);
  assertEquals(calls, [
    "smbus 0 0 0 00000000",
    "smbus 0 5 1 00000000",
    "smbus 0 5 2 06000000",
    "smbus 0 5 3 06070000",
    "smbus 0 5 8 03060708",
    "smbus 1 0 1 00000000",
    "smbus 1 5 2 00000000",
    "smbus 1 5 3 00000000",
    "smbus 1 5 8 03000000",
  ]);
  for (const steps of [[2], [[1, 2], 1], [[1], 33], [[1], [2]], [[1], 1, 1]]) {
    assertMatch((await assertRejects(() => transfer(...steps), DeviceError)).message, /speaks SMBus alone/);
  }
});

Deno.test("what the kernel refuses says why: an address in use, nothing there, no answer in time", async () => {
  const busy = await assertRejects(() => opened(FUNCTION.i2c, { 0x0703: -16 }), DeviceError);
  assertEquals(busy.reason, "busy");
  for (
    const [errno, reason, says] of [[121, "failed", /nothing answers/], [110, "timeout", /in time/]] as const
  ) {
    const { transfer } = await opened(FUNCTION.i2c, { 0x0707: -errno });
    const error = await assertRejects(() => transfer(1), DeviceError);
    assertEquals(error.reason, reason);
    assertMatch(error.message, says);
  }
});

Deno.test("an address that cannot be used leaves no file open", async () => {
  const { units, calls } = fakeBus(FUNCTION.i2c, { 0x0703: -16 });
  await units.carryOut({ op: "grant", agent: "a", unit: 0x48 });
  await assertRejects(() => units.carryOut({ op: "open", agent: "a", unit: 0x48, options: {} }));
  assertEquals(calls, ["open /dev/i2c-1", "703 72", "close 3"]);
});
