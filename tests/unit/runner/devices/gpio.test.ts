import { assertEquals, assertRejects } from "@std/assert";
import { readGpioOptions } from "../../../../protocol/devices/gpio.ts";
import type { RunnerFrame } from "../../../../protocol/frames.ts";
import { DeviceError } from "../../../../runner/devices/device_error.ts";
import { Gpio } from "../../../../runner/devices/gpio.ts";
import { FakeClock, settled } from "../../../support/fake_clock.ts";
import { type FakeHost, fakeHost } from "../../../support/fake_host.ts";

const OUT = readGpioOptions({ direction: "out", safe: 0, initial: 1 });
const LINE = { chip: "gpiochip0", offset: 5 };

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
  const gpio = new Gpio({
    clock,
    startHost: (path) => {
      started.push(path);
      const host = fakeHost();
      hosts.push(host);
      return Promise.resolve(host);
    },
    onProblem: (message) => problems.push(message),
  });
  const asked = (index = 0) => hosts[index]?.asked.map(({ op, agent }) => `${op} ${agent}`) ?? [];
  return { gpio, hosts, problems, started, clock, asked };
}

const reason = async (work: Promise<unknown>) => (await assertRejects(() => work, DeviceError)).reason;

Deno.test("no host runs before the first line, and one for each chip then", async () => {
  const { gpio, started } = setUp();
  assertEquals(started, []);
  await gpio.open(user("a"), LINE, OUT);
  await gpio.open(user("b"), { chip: "gpiochip0", offset: 6 }, OUT);
  await gpio.open(user("b"), { chip: "gpiochip1", offset: 5 }, OUT);
  assertEquals(started, ["/dev/gpiochip0", "/dev/gpiochip1"]);
});

Deno.test("a line is used by the agent that has it, by no other, and by none that has made a handle up", async () => {
  const { gpio } = setUp();
  const [a, b] = [user("a"), user("b")];
  const handle = await gpio.open(a, LINE, OUT);
  assertEquals(await reason(gpio.open(b, LINE, OUT)), "busy");
  for (const forged of [handle, 0, -1, 99]) {
    assertEquals(await reason(gpio.write(b, forged, 1)), "not_granted");
  }
  assertEquals(await reason(gpio.read(a, 99)), "not_granted");
  assertEquals(await gpio.read(a, handle), 0);
});

Deno.test("the line of an agent whose process has ended is closed, whatever ended it", async () => {
  const { gpio, asked } = setUp();
  const a = user("a");
  const handle = await gpio.open(a, LINE, OUT);
  gpio.exited(a);
  await settled();
  assertEquals(asked(), ["grant a", "open a", "close a"]);
  assertEquals(await reason(gpio.write(a, handle, 1)), "not_granted");
  // Also where it ends while the line is opened.
  const opening = gpio.open(a, LINE, OUT);
  a.pid = 2;
  assertEquals(await reason(opening), "failed");
  assertEquals(asked().slice(-2), ["open a", "close a"]);
});

Deno.test("the outputs of an agent that is paused rest, and it cannot drive them", async () => {
  const { gpio, hosts, asked } = setUp();
  const a = user("a");
  const handle = await gpio.open(a, LINE, OUT);
  a.state.paused = true;
  gpio.paused(a);
  await settled();
  assertEquals(asked().at(-1), "rest a");
  assertEquals(await reason(gpio.write(a, handle, 1)), "paused");
  // One that starts paused begins at its safe level.
  await gpio.open(user("b", true), { chip: "gpiochip0", offset: 6 }, OUT);
  const [, last] = hosts[0]?.asked.slice(-2) ?? [];
  assertEquals(last?.op === "open" && last.options.initial, 0);
});

Deno.test("after a host has ended, agents know it, and the next one sets the outputs to their safe level", async () => {
  const { gpio, hosts, problems, asked } = setUp();
  const a = user("a");
  const handle = await gpio.open(a, LINE, OUT);
  hosts[0]?.crash();
  await settled();
  await settled();
  assertEquals(a.sent.map(({ t }) => t), ["device_gone"]);
  assertEquals(problems, ["The device host of gpiochip0 has ended, with 1 lines open"]);
  assertEquals(asked(1), ["grant a", "open a", "close a"]);
  const open = hosts[1]?.asked[1];
  assertEquals(open?.op === "open" && open.options.initial, 0);
  assertEquals(await reason(gpio.write(a, handle, 1)), "not_granted");
});

Deno.test("changes go to the agent that has the line", async () => {
  const { gpio, hosts } = setUp();
  const [a, b] = [user("a"), user("b")];
  const handle = await gpio.open(a, LINE, readGpioOptions({ edges: "both" }));
  await gpio.open(b, { chip: "gpiochip0", offset: 6 }, OUT);
  hosts[0]?.says({ offset: 5, edges: [[1.5, 1]], lost: 0 });
  await settled();
  assertEquals(a.sent, [{ t: "edges", handle, edges: [[1.5, 1]], lost: 0 }]);
  assertEquals(b.sent, []);
});

Deno.test("a host that says nothing is an error after five seconds, and its refusals are the agent's", async () => {
  const { gpio, hosts, clock } = setUp();
  const a = user("a");
  const handle = await gpio.open(a, LINE, OUT);
  const [host] = hosts;
  if (host === undefined) throw new Error("there is no host");
  host.answer = () => undefined;
  const waiting = reason(gpio.read(a, handle));
  await clock.advance(5000);
  assertEquals(await waiting, "timeout");
  host.answer = ({ id }) => ({ id, error: { code: "busy", message: "x" } });
  assertEquals(await reason(gpio.read(a, handle)), "busy");
});

Deno.test("at the end of the node every host's stdin ends, and no other is started", async () => {
  const { gpio, hosts } = setUp();
  const a = user("a");
  await gpio.open(a, LINE, OUT);
  await gpio.end();
  assertEquals(hosts.map(({ isEnded }) => isEnded), [true]);
  assertEquals(await reason(gpio.open(a, { chip: "gpiochip0", offset: 6 }, OUT)), "failed");
});
