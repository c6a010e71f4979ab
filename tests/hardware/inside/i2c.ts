/** Runs in the guest, as root: a node, agents on an I2C bus, and a sensor that the kernel reads over it. */
import { actorId } from "../../../protocol/ids.ts";
import { check, connect, find, type Json, running, scenario, spawn, startNode } from "./node.ts";

const POLICY = { devices: { i2c: ["0:0x48-0x50"], sensors: ["temperature"] } };

/** Writes a word into register 0, and reads it and its first byte back. */
const MEMORY = (topic: string, address: string) =>
  `export async function setup(agent) {
  const memory = await agent.i2c(0, ${address});
  await memory.write([0x00, 0x19, 0x80]);
  const [both, one] = [
    (await memory.transfer([{ write: [0x00] }, { read: 2 }]))[0],
    (await memory.transfer([{ write: [0x00] }, { read: 1 }]))[0],
  ];
  await agent.publish("${topic}", { both: [...both], one: [...one] });
  const errors = [];
  for (const wrong of [() => agent.i2c(0, 0x51), () => agent.i2c(0, 0x52), () => agent.i2c(1, ${address})]) {
    await wrong().then(() => errors.push("none"), ({ code }) => errors.push(code));
  }
  const tooLong = await memory.read(3).catch(({ message }) => message);
  await agent.publish("${topic}/errors", { errors, tooLong });
}`;
const THERMOMETER = `export async function setup(agent) {
  const found = await agent.sensors();
  const reading = await agent.sensor("temperature").read();
  await agent.publish("temperature", { found, reading });
}`;

async function main(): Promise<void> {
  const node = await startNode(POLICY);
  const bus = await connect();
  await find(bus, "the node", "nodes/board/heartbeat", () => true);

  await check("the inventory has the bus", async () => {
    const { json } = await find(bus, "devices", "nodes/board/devices", () => true);
    if (!/SMBus stub driver/.test(json.i2c[0]?.name)) throw new Error(JSON.stringify(json));
  });
  await check("an agent writes and reads words and bytes of a device", async () => {
    await spawn(bus, "memory", MEMORY("memory", "0x48"), { i2c: ["0:0x48"] });
    const { json } = await find(bus, "what it read", "memory", () => true);
    if (JSON.stringify(json) !== '{"both":[25,128],"one":[25]}') throw new Error(JSON.stringify(json));
  });
  await check("an address that it did not ask for is not granted; what SMBus lacks is an error", async () => {
    const { json } = await find(bus, "its errors", "memory/errors", () => true);
    if (json.errors.join() !== "not_granted,not_granted,not_granted") throw new Error(JSON.stringify(json));
    if (!/speaks SMBus alone/.test(json.tooLong)) throw new Error(json.tooLong);
  });
  await check("an address beyond the policy is refused, with the lines that allow it", async () => {
    const { error } = await spawn(bus, "thief", MEMORY("thief", "0x51"), { i2c: ["0:0x51"] });
    if (!/devices\.i2c '0:0x51' is not allowed.*write "agents"/.test(error)) throw new Error(error);
  });
  await check("a second agent is told who has the address", async () => {
    const { error } = await spawn(bus, "rival", MEMORY("rival", "0x48"), { i2c: ["0:0x48"] });
    if (!/agent 'memory' has the address/.test(error)) throw new Error(error);
  });
  await check(
    "a driver that takes the address is told of, and reads what the agent wrote; an agent reads its sensor",
    async () => {
      const from = bus.mark();
      await bus.publish(`agents/${actorId("memory")}/commands`, { command: "stop" });
      await find(
        bus,
        "its end",
        `agents/${actorId("memory")}/heartbeat`,
        ({ state }) => state === "stopped",
        from,
      );
      await Deno.writeTextFile("/sys/bus/i2c/devices/i2c-0/new_device", "lm75 0x48");
      // Hot-plug: the node sees it within ten seconds, and says so.
      await find(
        bus,
        "driver",
        "nodes/board/devices",
        ({ i2c, sensors }) =>
          i2c[0]?.drivers["0x48"] === "lm75" &&
          sensors.some((sensor: Json) => sensor.id === "hwmon/0-0048/temp1"),
      );
      await spawn(bus, "thermometer", THERMOMETER, { sensors: ["temperature"] });
      await running(bus, "thermometer");
      const { json } = await find(bus, "temperature", "temperature", () => true);
      const { value, unit, sensor } = json.reading;
      if (value !== 25.5 || unit !== "°C" || sensor !== "hwmon/0-0048/temp1") {
        throw new Error(JSON.stringify(json));
      }
      return `${value} ${unit} from ${sensor}`;
    },
  );
  await check("an address that the kernel's driver has is refused", async () => {
    const { error } = await spawn(bus, "late", MEMORY("late", "0x48"), { i2c: ["0:0x48"] });
    if (!/the kernel's driver lm75 has the address/.test(error)) throw new Error(error);
  });
  node.kill("SIGTERM");
  await node.status;
}

await scenario(main);
