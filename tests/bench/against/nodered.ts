/** Node-RED, from npm in a folder of the bench: a flow that publishes what it is asked for, by its own MQTT nodes. */
import { join } from "@std/path";
import { Bus } from "../../support/bus.ts";
import type { Rig } from "../rig.ts";
import type { Talker } from "./talker.ts";
import { runProgram } from "./program.ts";

export const NODE_RED_VERSION = "4.1.8";

const ORDERS = "bench/nodered/orders";
const UP = "bench/nodered/up";
/** For npm on a slow line. */
const INSTALL_MS = 300_000;

/** The loop of the agent that stands beside it, as the body of a function node. */
const LOOP = `const { topic, count } = msg.payload;
for (let n = 0; n < count; n++) {
  const payload = n === 0 ? { n, startMs: Date.now() } : { n, value: 21.5, unit: "C" };
  node.send({ topic, payload });
}`;

function flow(port: number): unknown[] {
  const broker = {
    id: "b",
    type: "mqtt-broker",
    broker: "127.0.0.1",
    port: String(port),
    protocolVersion: "4",
  };
  const out = { z: "t", type: "mqtt out", qos: "1", retain: "", broker: "b", wires: [] };
  return [
    { id: "t", type: "tab", label: "bench" },
    { ...broker, keepalive: "60", cleansession: true, birthTopic: UP, birthQos: "1", birthPayload: "up" },
    {
      id: "i",
      z: "t",
      type: "mqtt in",
      topic: ORDERS,
      qos: "1",
      datatype: "json",
      broker: "b",
      wires: [["f"]],
    },
    { id: "f", z: "t", type: "function", func: LOOP, outputs: 1, libs: [], wires: [["o"]] },
    { ...out, id: "o", topic: "" },
  ];
}

/** @throws Error when it cannot be installed, or does not start */
export async function nodeRed(rig: Rig): Promise<Talker> {
  const folder = await rig.folder();
  await install(folder);
  const { port } = rig.broker;
  await Deno.writeTextFile(join(folder, "flows.json"), JSON.stringify(flow(port)));
  const settings = { flowFile: "flows.json", httpAdminRoot: false, httpNodeRoot: false, uiPort: 0 };
  await Deno.writeTextFile(join(folder, "settings.js"), `module.exports = ${JSON.stringify(settings)};\n`);
  const bus = await rig.own(() => Bus.connect(port, "bench/nodered/#"));
  const red = join(folder, "node_modules/node-red/red.js");
  const pid = await runProgram(rig, "node", [red, "--userDir", folder, "-s", join(folder, "settings.js")]);
  await bus.find("sign of life of Node-RED", ({ topic }) => topic === UP, 0, 60_000);
  return { pids: [pid], ask: (order) => bus.publish(ORDERS, order) };
}

async function install(folder: string): Promise<void> {
  const quiet = ["--no-audit", "--no-fund", "--omit=dev", "--ignore-scripts"];
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--prefix", folder, ...quiet, `node-red@${NODE_RED_VERSION}`],
    stdin: "null",
    stdout: "null",
    signal: AbortSignal.timeout(INSTALL_MS),
  }).output();
  if (!success) throw new Error(`Cannot install Node-RED: ${new TextDecoder().decode(stderr).trim()}`);
}
