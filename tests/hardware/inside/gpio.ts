/** Runs in the guest, as root: a node, its agents, and what becomes of the lines of a real GPIO chip. */
import { actorId } from "../../../protocol/ids.ts";
import type { Bus } from "../../support/bus.ts";
import { EDGE_PLEASE } from "../words.ts";
import {
  check,
  connect,
  find,
  type Json,
  PATIENCE_MS,
  running,
  say,
  scenario,
  spawn,
  startNode,
} from "./node.ts";

/** Of the chip of qemu's virtual board (ARM PL061): its registers, and the lines that are used here. */
const CHIP = { base: 0x09030000, input: 3, output: 5 };

const BUTTON = `export async function setup(agent) {
  const line = await agent.gpio("gpiochip0:3", { edges: "both" });
  line.onEdge((edge) => agent.publish("button", { ...edge, lost: line.lost }));
  await agent.publish("level", await line.read());
}`;
const LAMP = `let line;
export async function setup(agent) {
  line = await agent.gpio("gpiochip0:5", { direction: "out", safe: 0 });
}
export async function handle_task(agent, { write, crash, hang }) {
  if (crash) Deno.exit(1);
  if (hang) for (;;);
  await line.write(write).catch(async () => {
    // The device host has been started anew.
    line = await agent.gpio("gpiochip0:5", { direction: "out", safe: 0 });
    await line.write(write);
  });
  return { level: await line.read() };
}`;
const POLICY = { devices: { gpio: ["gpiochip0:3-5"] } };

/** What the chip drives on its output, as its registers say, whoever holds the line. */
async function level(): Promise<number> {
  const address = CHIP.base + ((1 << CHIP.output) << 2);
  const { stdout } = await new Deno.Command("devmem", { args: [`0x${address.toString(16)}`, "32"] }).output();
  return Number(new TextDecoder().decode(stdout).trim()) >> CHIP.output;
}

async function untilLevel(wanted: number): Promise<string> {
  const startedMs = performance.now();
  while (await level() !== wanted) {
    if (performance.now() - startedMs > PATIENCE_MS) throw new Error(`the line does not go to ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return `${Math.round(performance.now() - startedMs)} ms`;
}

const states = (name: string) => `agents/${actorId(name)}/heartbeat`;
const task = async (bus: Bus, payload: Json) =>
  (await bus.ask("agents/by-name/lamp/task", { _remote_task: true, payload }, PATIENCE_MS)).json;

/** A task that is not answered. */
const order = (bus: Bus, payload: Json) =>
  bus.publish("agents/by-name/lamp/task", { _remote_task: true, payload });

async function on(bus: Bus): Promise<void> {
  const answer = await task(bus, { write: 1 });
  if (answer.level !== 1) throw new Error(`the lamp answers ${JSON.stringify(answer)}`);
  await untilLevel(1);
}

async function pidOf(bus: Bus): Promise<number> {
  const { json } = await bus.ask("nodes/board/list", {}, PATIENCE_MS);
  return json.agents.find((agent: Json) => agent.name === "lamp").pid;
}

async function hostPid(): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (/^\d+$/.test(name) && line.includes("devices/host/main.ts\0gpio\0/dev/gpiochip0")) {
      return Number(name);
    }
  }
  throw new Error("there is no device host");
}

/** Switches the lamp on, does something to it, and waits until the line is at its safe level. */
const failsSafe = (bus: Bus, law: string, action: () => Promise<unknown>, back = true) =>
  check(`the output is safe: ${law}`, async () => {
    await on(bus);
    const from = bus.mark();
    await action();
    const time = await untilLevel(0);
    if (back) await running(bus, "lamp", from);
    return time;
  });

async function main(): Promise<void> {
  let node = await startNode(POLICY);
  let bus = await connect();
  await find(bus, "the node", "nodes/board/heartbeat", () => true);
  const command = (command: string) => bus.publish(`agents/${actorId("lamp")}/commands`, { command });

  await check("the inventory has the chip", async () => {
    const { json } = await find(bus, "devices", "nodes/board/devices", () => true);
    if (json.gpio[0]?.chip !== "gpiochip0") throw new Error(JSON.stringify(json));
  });
  await check("an input tells its edges with the kernel's time", async () => {
    await spawn(bus, "button", BUTTON, { gpio: ["gpiochip0:3"] });
    await find(bus, "level", "level", () => true);
    say(EDGE_PLEASE);
    const { json: up } = await find(bus, "rising edge", "button", ({ value }) => value === 1);
    const { json: down } = await find(bus, "falling edge", "button", ({ value }) => value === 0);
    const apartMs = (down.timestamp - up.timestamp) * 1000;
    // The button is down for 100 ms.
    if (!(apartMs > 50 && apartMs < 1000) || down.lost !== 0) throw new Error(JSON.stringify([up, down]));
    return `${apartMs.toFixed(1)} ms apart`;
  });
  await check("a line beyond the policy is refused, with the lines that allow it", async () => {
    const { error } = await spawn(bus, "thief", LAMP, { gpio: ["gpiochip0:6"] });
    if (!/devices\.gpio 'gpiochip0:6' is not allowed.*write "agents"/.test(error)) throw new Error(error);
  });
  await check("an output is what the agent writes, and the inventory tells who holds its line", async () => {
    await spawn(bus, "lamp", LAMP, { gpio: ["gpiochip0:5"] });
    await running(bus, "lamp");
    await find(bus, "the holders", "nodes/board/devices", ({ gpio }) => {
      const { holders = {}, problem } = gpio[0] ?? {};
      return holders[3] === "button" && holders[5] === "lamp" && problem === undefined;
    });
    await on(bus);
    await task(bus, { write: 0 });
    await untilLevel(0);
  });
  await check("a second agent is told who has the line", async () => {
    const { error } = await spawn(bus, "rival", LAMP, { gpio: ["gpiochip0:5"] });
    if (!/agent 'lamp' has the line/.test(error)) throw new Error(error);
  });
  await failsSafe(bus, "the agent is killed", async () => Deno.kill(await pidOf(bus), "SIGKILL"));
  await failsSafe(bus, "the agent crashes", () => order(bus, { crash: true }));
  await failsSafe(bus, "the agent hangs", () => order(bus, { hang: true }));
  await failsSafe(bus, "the agent is paused", () => command("pause"), false);
  const paused = bus.mark();
  await command("resume");
  await find(bus, "it goes on", states("lamp"), ({ state }) => state === "running", paused);
  await failsSafe(bus, "the device host is killed", async () => Deno.kill(await hostPid(), "SIGKILL"), false);
  await failsSafe(bus, "the agent is stopped", () => command("stop"), false);
  const again = bus.mark();
  await spawn(bus, "lamp", LAMP, { gpio: ["gpiochip0:5"] });
  await running(bus, "lamp", again);
  await failsSafe(bus, "the node is killed", () => Promise.resolve(node.kill("SIGKILL")), false);
  await bus[Symbol.asyncDispose]().catch(() => {});
  node = await startNode(POLICY);
  bus = await connect();
  await running(bus, "lamp");
  await failsSafe(bus, "the node ends", () => Promise.resolve(node.kill("SIGTERM")), false);
  await node.status;
}

await scenario(main);
