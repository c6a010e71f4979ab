/** A node with `--home-assistant`, from the view of Home Assistant and of an agent that would spoil it. */
import { assertEquals, assertMatch } from "@std/assert";
import { nodeId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { assertDiscovery } from "../support/home_assistant.ts";
import { Stage } from "../support/stage.ts";

const CODE = `export async function setup(agent) {
  await agent.reading("temperature", 21.4);
  await agent.switch("lamp", { onChange: () => {} });
}`;
/** Tries to announce for others, and to take the device back. */
const HOSTILE = (device: string) =>
  `export async function setup(agent) {
  const tried = [];
  for (const [topic, retain] of [["${device}", true], ["homeassistant/sensor/x/config", false], ["homeassistant/status", false]]) {
    tried.push(await agent.publish(topic, "", { retain }).catch((error) => error.message));
    const frame = { t: "publish", topic, qos: 1, retain, text: "" };
    await Deno.stdout.write(new TextEncoder().encode("\\n" + JSON.stringify(frame) + "\\n"));
  }
  await agent.send_to("lights", { switch: "lamp", on: true }).catch(() => {});
  await agent.publish_result(tried);
}`;

Deno.test("readings and switches are announced, routed, kept from other agents, and taken back", async () => {
  await using stage = await Stage.set({ args: ["--home-assistant"] });
  const { bus } = stage;
  const device = `homeassistant/device/agentflow_${nodeId("test-node")}/config`;
  const agent = await stage.spawn({ name: "lights", code: CODE });
  const { json: config } = await bus.on(device, ({ json }) => Object.keys(json?.cmps ?? {}).length === 3);
  assertDiscovery("homeassistant", device, config);
  assertEquals(JSON.parse(await stage.retained(device)), config);
  assertMatch(await stage.retained(topics.reading(agent.id, "temperature")), /"value":21.4,"unit":"°C"/);

  // As Home Assistant turns a switch.
  const lamp = config.cmps[`${agent.id}_switch_lamp`];
  await bus.publish(lamp.command_topic, JSON.parse(lamp.payload_on));
  await bus.on(lamp.state_topic, ({ json }) => json.on === true);

  const evil = await stage.spawn({ name: "evil", code: HOSTILE(device) });
  const { json: tried } = await evil.on("results");
  const refusal = "only the node announces to Home Assistant, unless its policy grants the topic";
  assertEquals(
    tried.result,
    [device, "homeassistant/sensor/x/config", "homeassistant/status"].map((topic) =>
      `Cannot publish to ${topic}: ${refusal}`
    ),
  );
  await evil.logged(`Refused by the node: publish to homeassistant/status: ${refusal}`);
  assertEquals(Object.keys(JSON.parse(await stage.retained(device)).cmps).length >= 3, true);

  const from = bus.mark();
  await bus.publish("homeassistant/status", "online");
  await bus.on(device, ({ json }) => json?.cmps[`${agent.id}_switch_lamp`] !== undefined, from);
  await evil.press("delete");
  await agent.press("delete");
  await bus.on(device, ({ text }) => text === "", from);
  assertEquals(await stage.retained(topics.reading(agent.id, "temperature")), "");
});
