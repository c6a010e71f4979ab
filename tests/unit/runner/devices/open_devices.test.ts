import { assertEquals, assertRejects } from "@std/assert";
import { type GpioOptions, readGpioOptions } from "../../../../protocol/devices/gpio.ts";
import type { RunnerFrame } from "../../../../protocol/frames.ts";
import { DeviceError } from "../../../../runner/devices/device_error.ts";
import { OpenDevices } from "../../../../runner/devices/open_devices.ts";
import type { Place } from "../../../../runner/devices/place.ts";
import type { HostFrame } from "../../../../runner/devices/host/frames.ts";
import { FakeClock, settled } from "../../../support/fake_clock.ts";
import { type FakeHost, fakeHost } from "../../../support/fake_host.ts";

const OUT = { kind: "gpio", options: readGpioOptions({ direction: "out", safe: 0, initial: 1 }) } as const;
const IN = { kind: "gpio", options: readGpioOptions({ edges: "both" }) } as const;
const lineOf = (unit: number, chip = "gpiochip0", plugged = "1"): Place => ({
  kind: "gpio",
  path: `/dev/${chip}`,
  unit,
  plugged,
});
const LINE = lineOf(5);
const HIGH = { do: "set", value: 1 } as const;
const LEVEL = { do: "level" } as const;

function user(name: string, paused = false) {
  const sent: RunnerFrame[] = [];
  const send = (frame: RunnerFrame) => sent.push(frame) > 0;
  return { name, pid: 1 as number | undefined, state: { paused }, send, sent };
}

function setUp() {
  const hosts: FakeHost[] = [];
  const problems: string[] = [];
  const started: string[] = [];
  const clock = new FakeClock();
  const devices = new OpenDevices({
    clock,
    startHost: ({ path }) => {
      started.push(path);
      const host = fakeHost();
      hosts.push(host);
      return Promise.resolve(host);
    },
    onProblem: (message) => problems.push(message),
  });
  const asked = (index = 0) => hosts[index]?.asked.map(({ op, agent }) => `${op} ${agent}`) ?? [];
  return { devices, hosts, problems, started, clock, asked };
}

const initialOf = (frame: HostFrame | undefined) =>
  frame?.op === "open" && (frame.options as GpioOptions).initial;

const reason = async (work: Promise<unknown>) => (await assertRejects(() => work, DeviceError)).reason;

Deno.test("no host runs before the first line, and one for each chip then", async () => {
  const { devices, started } = setUp();
  assertEquals(started, []);
  await devices.open(user("a"), LINE, OUT);
  await devices.open(user("b"), lineOf(6), OUT);
  await devices.open(user("b"), lineOf(5, "gpiochip1"), OUT);
  assertEquals(started, ["/dev/gpiochip0", "/dev/gpiochip1"]);
});

Deno.test("a line is used by the agent that has it, by no other, and by none that has made a handle up", async () => {
  const { devices } = setUp();
  const [a, b] = [user("a"), user("b")];
  const handle = await devices.open(a, LINE, OUT);
  assertEquals(await reason(devices.open(b, LINE, OUT)), "busy");
  for (const forged of [handle, 0, -1, 99]) {
    assertEquals(await reason(devices.act(b, forged, HIGH)), "not_granted");
  }
  assertEquals(await reason(devices.act(a, 99, LEVEL)), "not_granted");
  assertEquals(await devices.act(a, handle, LEVEL), 0);
});

Deno.test("the line of an agent whose process has ended is closed, whatever ended it", async () => {
  const { devices, asked } = setUp();
  const a = user("a");
  const handle = await devices.open(a, LINE, OUT);
  devices.exited(a);
  await settled();
  assertEquals(asked(), ["grant a", "open a", "close a"]);
  assertEquals(await reason(devices.act(a, handle, HIGH)), "not_granted");
  // Also where it ends while the line is opened.
  const opening = devices.open(a, LINE, OUT);
  a.pid = 2;
  assertEquals(await reason(opening), "failed");
  assertEquals(asked().slice(-2), ["open a", "close a"]);
});

Deno.test("the outputs of an agent that is paused rest, and it cannot drive them", async () => {
  const { devices, hosts, asked } = setUp();
  const a = user("a");
  const handle = await devices.open(a, LINE, OUT);
  a.state.paused = true;
  devices.paused(a);
  await settled();
  assertEquals(asked().at(-1), "rest a");
  assertEquals(await reason(devices.act(a, handle, HIGH)), "paused");
  // One that starts paused begins at its safe level.
  await devices.open(user("b", true), lineOf(6), OUT);
  const [, last] = hosts[0]?.asked.slice(-2) ?? [];
  assertEquals(initialOf(last), 0);
});

Deno.test("after a host has ended, agents know it, and the next one sets the outputs to their safe level", async () => {
  const { devices, hosts, problems, asked } = setUp();
  const a = user("a");
  const handle = await devices.open(a, LINE, OUT);
  hosts[0]?.crash();
  await settled();
  await settled();
  assertEquals(a.sent.map(({ t }) => t), ["device_gone"]);
  assertEquals(problems, ["The device host of /dev/gpiochip0 has ended, with 1 devices open"]);
  assertEquals(asked(1), ["grant a", "open a", "close a"]);
  const open = hosts[1]?.asked[1];
  assertEquals(initialOf(open), 0);
  assertEquals(await reason(devices.act(a, handle, HIGH)), "not_granted");
});

Deno.test("changes go to the agent that has the line", async () => {
  const { devices, hosts } = setUp();
  const [a, b] = [user("a"), user("b")];
  const handle = await devices.open(a, LINE, IN);
  await devices.open(b, lineOf(6), OUT);
  hosts[0]?.says({ unit: 5, event: { edges: [[1.5, 1]], lost: 0 } });
  await settled();
  assertEquals(a.sent, [{ t: "device_event", handle, event: { edges: [[1.5, 1]], lost: 0 } }]);
  assertEquals(b.sent, []);
});

Deno.test("a host that says nothing is an error after five seconds, and its refusals are the agent's", async () => {
  const { devices, hosts, clock } = setUp();
  const a = user("a");
  const handle = await devices.open(a, LINE, OUT);
  const [host] = hosts;
  if (host === undefined) throw new Error("there is no host");
  host.answer = () => undefined;
  const waiting = reason(devices.act(a, handle, LEVEL));
  await clock.advance(5000);
  assertEquals(await waiting, "timeout");
  host.answer = ({ id }) => ({ id, error: { code: "busy", message: "x" } });
  assertEquals(await reason(devices.act(a, handle, LEVEL)), "busy");
});

Deno.test("at the end of the node every host's stdin ends, and no other is started", async () => {
  const { devices, hosts } = setUp();
  const a = user("a");
  await devices.open(a, LINE, OUT);
  await devices.end();
  assertEquals(hosts.map(({ isEnded }) => isEnded), [true]);
  assertEquals(await reason(devices.open(a, lineOf(6), OUT)), "failed");
});

Deno.test("a host ends ten seconds after its last device was closed, unless one is open again", async () => {
  const { devices, hosts, clock } = setUp();
  const a = user("a");
  await devices.close(a, await devices.open(a, LINE, OUT));
  await devices.open(a, LINE, OUT);
  await clock.advance(11_000);
  assertEquals(hosts.map(({ isEnded }) => isEnded), [false]);
  devices.exited(a);
  await settled();
  await clock.advance(11_000);
  assertEquals(hosts.map(({ isEnded }) => isEnded), [true]);
});

Deno.test("a device that is plugged in again gets a host of its own", async () => {
  const { devices, started } = setUp();
  await devices.open(user("a"), LINE, OUT);
  await devices.open(user("b"), lineOf(6, "gpiochip0", "2"), OUT);
  assertEquals(started, ["/dev/gpiochip0", "/dev/gpiochip0"]);
});

Deno.test("an action for another kind of device reaches no host", async () => {
  const { devices, asked } = setUp();
  const a = user("a");
  const handle = await devices.open(a, LINE, OUT);
  assertEquals(await reason(devices.act(a, handle, { do: "transfer", steps: [{ read: 1 }] })), "not_granted");
  assertEquals(asked(), ["grant a", "open a"]);
});

Deno.test("a device that is gone takes its host with it: what comes back in its place gets another", async () => {
  const { devices, hosts, started, problems } = setUp();
  const a = user("a");
  const handle = await devices.open(a, LINE, OUT);
  hosts[0]?.says({ unit: 5, event: { gone: "unplugged" } });
  await settled();
  assertEquals(a.sent, [{ t: "device_gone", handle, code: "not_found", message: "unplugged" }]);
  // The same name and the same numbers, as a pseudo-terminal has them.
  const next = await devices.open(a, LINE, OUT);
  assertEquals(started, ["/dev/gpiochip0", "/dev/gpiochip0"]);
  assertEquals(hosts.map(({ isEnded }) => isEnded), [true, false]);
  assertEquals([await devices.act(a, next, LEVEL), problems], [0, []]);
});

Deno.test("a host with other devices open stays when one of them is gone", async () => {
  const { devices, hosts, started } = setUp();
  const a = user("a");
  await devices.open(a, LINE, OUT);
  const other = await devices.open(a, lineOf(6), OUT);
  hosts[0]?.says({ unit: 5, event: { gone: "unplugged" } });
  await settled();
  assertEquals(await devices.act(a, other, LEVEL), 0);
  assertEquals([started.length, hosts[0]?.isEnded], [1, false]);
});

Deno.test("a PWM channel rests while its agent is paused, and goes to its safe duty after its host has crashed", async () => {
  const { devices, hosts } = setUp();
  const [fan, other] = [user("fan"), user("other")];
  const channel: Place = { kind: "pwm", path: "/sys/class/pwm/pwmchip0", unit: 1, plugged: "1" };
  const setup = { kind: "pwm", options: { frequency_hz: 25_000, duty: 0.5, safe: 1 } } as const;
  const handle = await devices.open(fan, channel, setup);
  assertEquals(await reason(devices.open(other, channel, setup)), "busy");
  fan.state.paused = true;
  devices.paused(fan);
  await settled();
  assertEquals(hosts[0]?.asked.at(-1)?.op, "rest");
  assertEquals(await reason(devices.act(fan, handle, { do: "duty", duty: 1 })), "paused");
  hosts[0]?.crash();
  await settled();
  const reopened = hosts[1]?.asked.find(({ op }) => op === "open");
  assertEquals(reopened?.op === "open" && reopened.options, { ...setup.options, duty: 1 });
});
