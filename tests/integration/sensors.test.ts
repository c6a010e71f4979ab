/** Agents read the sensors of their node, from a made-up `/sys`, in either language. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { BOARD, withSys } from "../support/made_up_sys.ts";
import { Stage } from "../support/stage.ts";

/** Fetching the interpreter takes a machine under load long. */
const PATIENCE_MS = 240_000;

const TYPESCRIPT = `export async function setup(agent) {
  await agent.publish("read/list", await agent.sensors());
  await agent.publish("read/typescript", await agent.sensor("temperature").read());
  const failed = await agent.sensor("power").read().catch((error) => error);
  await agent.publish("read/refused", [failed.name, failed.code]);
}`;
const PYTHON = `async def setup(agent):
    await agent.publish("read/python", await agent.sensor("humidity").read())
    await agent.reading("humidity", 48.2, name="hall")
    async def turn(on):
        if not on:
            raise ValueError("it is stuck")
        await agent.publish("read/turned", on)
    lamp = await agent.switch("lamp", turn)
    await agent.publish("read/lamp", [lamp.name, lamp.on])
    try:
        await agent.reading("humidity", "48.2")
    except TypeError as error:
        await agent.publish("read/no_number", str(error))
    try:
        await agent.sensor("power").read()
    except OSError as error:
        await agent.publish("read/refused_python", [type(error).__name__, error.code])
    try:
        await agent.gpio("GPIO17", direction="out", safe=0)
    except OSError as error:
        await agent.publish("read/no_line", [type(error).__name__, error.code])
    try:
        await agent.gpio("GPIO17", direction="out")
    except TypeError as error:
        await agent.publish("read/no_safe", str(error))
`;

Deno.test("an agent reads what it asks for, in either language, and nothing else", async () => {
  await withSys(BOARD, async ({ root }) => {
    await using stage = await Stage.set({ args: ["--sys", root] });
    const { bus } = stage;
    await stage.spawn({ name: "reader", devices: { sensors: ["temperature"] }, code: TYPESCRIPT });
    const { json: list } = await bus.on("read/list");
    assertEquals(list.length, 5);
    const { devices } = await stage.command("inspect", { devices: true });
    assertEquals([devices.sensors.length, devices.allowed], [9, ["sensors"]]);
    const { json: reading } = await bus.on("read/typescript");
    assertEquals([reading.value, reading.unit, reading.kind], [21.4, "°C", "temperature"]);
    assertEquals((await bus.on("read/refused")).json, ["DeviceError", "not_granted"]);
    await stage.launch({ name: "in_python", devices: { sensors: ["humidity"] }, code: PYTHON });
    const found = await bus.find("a reading", ({ topic }) => topic === "read/python", 0, PATIENCE_MS);
    assertEquals([found.json.value, found.json.unit], [48.2, "%"]);
    const { json: hall } = await bus.on(topics.reading(actorId("in_python"), "hall"));
    assertEquals([hall.kind, hall.value, hall.unit, hall.agent], ["humidity", 48.2, "%", "in_python"]);
    assertStringIncludes((await bus.on("read/no_number")).text, 'value must be a finite number, got "48.2"');
    assertEquals((await bus.on("read/lamp")).json, ["lamp", false]);
    const turn = async (on: boolean) =>
      (await bus.ask(topics.task("in_python"), { _remote_task: true, payload: { switch: "lamp", on } })).json;
    assertEquals(await turn(true), { switch: "lamp", on: true });
    assertEquals((await bus.on("read/turned")).json, true);
    const lamp = topics.switchState(actorId("in_python"), "lamp");
    await bus.on(lamp, ({ json }) => json.on);
    assertEquals((await turn(false)).error, "it is stuck");
    assertEquals((await bus.on("read/refused_python")).json, ["DeviceError", "not_granted"]);
    assertEquals((await bus.on("read/no_line")).json, ["DeviceError", "not_granted"]);
    assertStringIncludes((await bus.on("read/no_safe")).text, "Cannot open line GPIO17: safe must be 0 or 1");
    // Neither what the policy leaves out nor what is not there is spawned.
    const beyond = await stage.command("spawn", { name: "b", code: "1", devices: { sensors: ["power"] } });
    assertStringIncludes(beyond.error, `write {"agents": {"b": {"devices": {"sensors": [`);
    const absent = await stage.command("spawn", { name: "c", code: "1", devices: { sensors: ["light"] } });
    assertStringIncludes(
      absent.error,
      "Cannot spawn 'c' on test-node: devices.sensors 'light': there is no such",
    );
  });
});
