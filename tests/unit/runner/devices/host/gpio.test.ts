import { assert, assertEquals, assertRejects } from "@std/assert";
import { readGpioOptions } from "../../../../../protocol/devices/gpio.ts";
import type { HostRequest } from "../../../../../runner/devices/host/frames.ts";
import { GET_LINE, GET_VALUES, SET_VALUES } from "../../../../../runner/devices/host/gpio_uapi.ts";
import type { System } from "../../../../../runner/devices/host/libc.ts";
import { DeviceError } from "../../../../../runner/devices/device_error.ts";
import { GpioChip } from "../../../../../runner/devices/host/gpio.ts";
import { Units } from "../../../../../runner/devices/host/units.ts";
import { settled } from "../../../../support/fake_clock.ts";

const OUT = readGpioOptions({ direction: "out", safe: 0, initial: 1 });
const IN = readGpioOptions({ edges: "both" });

/** A chip whose calls are written down. File descriptor 10 + N is line N. */
function fakeSystem() {
  const levels = new Map<number, number>();
  const calls: string[] = [];
  let events: Uint8Array[] = [];
  let wake = () => {};
  const system: System & { failWith: number } = {
    failWith: 0,
    open: (path) => (calls.push(`open ${path}`), system.failWith || 3),
    ioctl(fd, request, argument) {
      if (system.failWith < 0) return system.failWith;
      const view = new DataView(argument.buffer);
      if (request === GET_LINE) {
        const offset = view.getUint32(0, true);
        view.setInt32(588, 10 + offset, true);
        calls.push(`get ${offset}`);
        if (view.getBigUint64(288, true) & 8n) levels.set(offset, Number(view.getBigUint64(328, true)));
      } else if (request === SET_VALUES) {
        levels.set(fd - 10, argument[0] ?? 0);
        calls.push(`set ${fd - 10} ${argument[0]}`);
      } else if (request === GET_VALUES) argument[0] = levels.get(fd - 10) ?? 0;
      return 0;
    },
    ioctlNumber: () => -25,
    addressOf: () => 0n,
    async readable() {
      if (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return events.length > 0;
    },
    read(_fd, buffer) {
      const bytes = events.shift() ?? new Uint8Array();
      buffer.set(bytes);
      return bytes.length;
    },
    writable: () => Promise.resolve(false),
    write: () => 0,
    close: (fd) => void calls.push(`close ${fd}`),
  };
  const happens = (...batches: Uint8Array[]) => {
    events = [...events, ...batches];
    wake();
  };
  return { system, calls, levels, happens, wakes: () => wake() };
}

/** Changes with these numbers, one after another. */
function changes(from: number, count: number): Uint8Array {
  const bytes = new Uint8Array(48 * count);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index++) {
    view.setBigUint64(48 * index, BigInt((from + index) * 1_000_000), true);
    view.setUint32(48 * index + 8, 1 + index % 2, true);
    view.setUint32(48 * index + 20, from + index, true);
  }
  return bytes;
}

type OnEvent = ConstructorParameters<typeof GpioChip>[1]["onEvent"];
const chip = (system: System, onEvent: OnEvent = () => {}, nowMs = () => 0) =>
  new Units(new GpioChip("/dev/gpiochip0", { system, onEvent, nowMs }));

const grant = (agent: string, unit: number): HostRequest => ({ op: "grant", agent, unit });
const refused = async (lines: ReturnType<typeof chip>, request: HostRequest) =>
  (await assertRejects(() => lines.carryOut(request), DeviceError)).reason;

Deno.test("a line that was not granted, or was granted to another agent since, is used by nobody else", async () => {
  const { system, calls } = fakeSystem();
  const lines = chip(system);
  const open = (agent: string): HostRequest => ({ op: "open", agent, unit: 5, options: OUT });
  assertEquals(await refused(lines, open("a")), "not_granted");
  assertEquals(calls, []);
  await lines.carryOut(grant("a", 5));
  await lines.carryOut(open("a"));
  assertEquals(
    await refused(lines, { op: "act", agent: "b", unit: 5, action: { do: "set", value: 1 } }),
    "not_granted",
  );
  assertEquals(
    await refused(lines, { op: "act", agent: "a", unit: 6, action: { do: "set", value: 1 } }),
    "not_granted",
  );
  await lines.carryOut(grant("b", 5));
  assertEquals(
    await refused(lines, { op: "act", agent: "a", unit: 5, action: { do: "level" } }),
    "not_granted",
  );
});

Deno.test("an output is at its safe level before its line is free: at rest, closed, granted anew, or at the end", async () => {
  for (const [end, level] of [["rest", 0], ["close", 0], ["grant", 0], ["all", 0], ["none", 1]] as const) {
    const { system, levels, calls } = fakeSystem();
    const lines = chip(system);
    await lines.carryOut(grant("a", 5));
    await lines.carryOut({ op: "open", agent: "a", unit: 5, options: OUT });
    assertEquals(levels.get(5), 1, "the first level");
    if (end === "all") lines.closeAll();
    else if (end === "grant") await lines.carryOut(grant("b", 5));
    else if (end !== "none") await lines.carryOut({ op: end, agent: "a", unit: 5 });
    assertEquals(levels.get(5), level, end);
    if (end === "close") assert(calls.indexOf("set 5 0") < calls.indexOf("close 15"));
  }
});

Deno.test("changes are told in order, and those that the kernel has dropped are counted", async () => {
  const { system, happens, wakes } = fakeSystem();
  const told: unknown[] = [];
  const lines = chip(system, (unit, event) => told.push({ unit, ...event }));
  await lines.carryOut(grant("a", 3));
  await lines.carryOut({ op: "open", agent: "a", unit: 3, options: IN });
  happens(changes(1, 2), changes(6, 1));
  while (told.length < 2) await settled();
  assertEquals(told, [
    { unit: 3, edges: [[0.001, 1], [0.002, 0]], lost: 0 },
    { unit: 3, edges: [[0.006, 1]], lost: 3 },
  ]);
  const closing = lines.carryOut({ op: "close", agent: "a", unit: 3 });
  wakes();
  await closing;
});

Deno.test("of a contact that chatters 250 changes are told at once and 500 a second, and the rest is counted", async () => {
  const { system, happens, wakes } = fakeSystem();
  let [nowMs, told, lost] = [0, 0, 0];
  const lines = chip(system, (_unit, event) => {
    if (!("edges" in event)) return;
    told += event.edges.length;
    lost += event.lost;
  }, () => nowMs);
  await lines.carryOut(grant("a", 3));
  await lines.carryOut({ op: "open", agent: "a", unit: 3, options: IN });
  // 10 kHz for a second, which the kernel hands over in batches of 50.
  for (let batch = 0; batch < 200; batch++) {
    nowMs = batch * 5;
    happens(changes(1 + batch * 50, 50));
    const sum = (batch + 1) * 50;
    while (told + lost < sum) await settled();
  }
  assert(told >= 700 && told <= 750, `${told} were told`);
  assertEquals(told + lost, 10_000);
  const closing = lines.carryOut({ op: "close", agent: "a", unit: 3 });
  wakes();
  await closing;
});

Deno.test("what the kernel refuses is an error that says what to do", async () => {
  const { system } = fakeSystem();
  const lines = chip(system);
  await lines.carryOut(grant("a", 3));
  const codes: Record<number, string> = {};
  for (const errno of [2, 13, 16, 22]) {
    system.failWith = -errno;
    codes[errno] = await refused(lines, { op: "open", agent: "a", unit: 3, options: IN });
  }
  assertEquals(codes, { 2: "not_found", 13: "failed", 16: "busy", 22: "failed" });
});
