import { discoveryTopic } from "../../../../../protocol/home_assistant.ts";
import { assertEquals } from "@std/assert";
import {
  componentId,
  deviceConfig,
  readComponentId,
  type Shown,
} from "../../../../../runner/node/home_assistant/discovery.ts";
import { actorId } from "../../../../../protocol/ids.ts";
import { assertDiscovery } from "../../../../support/home_assistant.ts";

const NODE = { name: "attic.2", nodeId: "dced0f12-b803-5b09-b0e1-3238aa8f8411", version: "0.2.0" };
const AGENT = { agent: "hall", actorId: actorId("hall") };
const reading = (kind: string, unit: string): Shown => ({
  ...AGENT,
  what: "reading",
  name: kind,
  kind,
  unit,
});

// deno-lint-ignore no-explicit-any -- a payload of JSON
const componentsOf = (shown: readonly Shown[]) => deviceConfig(NODE, shown).cmps as any;

Deno.test("what is announced is as Home Assistant documents it", () => {
  const shown: readonly Shown[] = [
    reading("temperature", "°C"),
    reading("visitors", ""),
    { ...AGENT, what: "switch", name: "lamp" },
    { ...AGENT, what: "alerts" },
  ];
  const topic = discoveryTopic("homeassistant", NODE.nodeId);
  assertDiscovery("homeassistant", topic, deviceConfig(NODE, shown));
  assertDiscovery("homeassistant", topic, deviceConfig(NODE, shown, new Map([["gone", "sensor"]])));
  assertDiscovery("my/ha", discoveryTopic("my/ha", NODE.nodeId), deviceConfig(NODE, []));
});

Deno.test("a component is there while its node is online and its agent runs", () => {
  const [component] = Object.values(componentsOf([reading("temperature", "°C")])) as [
    { availability: unknown; availability_mode: string },
  ];
  assertEquals([component.availability_mode, component.availability], ["all", [
    { topic: "nodes/attic.2/status", value_template: "{{ value_json.status }}" },
    {
      topic: `agents/${AGENT.actorId}/heartbeat`,
      value_template: "{{ 'online' if value_json.state == 'running' else 'offline' }}",
    },
  ]]);
});

Deno.test("a reading has a device class only with a unit that belongs to it", () => {
  const measure = (kind: string, unit: string) => {
    const { device_class, state_class, unit_of_measurement } =
      componentsOf([reading(kind, unit)])[componentId(reading(kind, unit))];
    return [device_class, state_class, unit_of_measurement];
  };
  assertEquals(measure("temperature", "°F"), ["temperature", "measurement", "°F"]);
  assertEquals(measure("temperature", "C"), [undefined, "measurement", "C"]);
  assertEquals(measure("light", "lx"), ["illuminance", "measurement", "lx"]);
  assertEquals(measure("energy", "kWh"), ["energy", "total_increasing", "kWh"]);
  assertEquals(measure("visitors", ""), [undefined, "measurement", undefined]);
  assertEquals(measure("constructor", "°C"), [undefined, "measurement", "°C"]);
});

Deno.test("a switch is commanded by a task for its agent", () => {
  const lamp: Shown = { ...AGENT, what: "switch", name: "lamp" };
  const { command_topic, payload_on, payload_off, state_topic } = componentsOf([lamp])[componentId(lamp)];
  assertEquals([command_topic, state_topic], [
    "agents/by-name/hall/task",
    `agents/${AGENT.actorId}/switches/lamp`,
  ]);
  assertEquals([JSON.parse(payload_on), JSON.parse(payload_off)], [
    { switch: "lamp", on: true },
    { switch: "lamp", on: false },
  ]);
});

Deno.test("an announced id tells what it was; anything else is nothing", () => {
  for (const shown of [reading("co2", "ppm"), { ...AGENT, what: "switch", name: "a_b-c" } as const]) {
    assertEquals(readComponentId(componentId(shown))?.actorId, AGENT.actorId);
  }
  assertEquals(readComponentId(componentId({ ...AGENT, what: "alerts" }))?.topic, undefined);
  for (
    const id of [
      "",
      "x",
      `${AGENT.actorId}_reading_`,
      `${AGENT.actorId}_reading_a/b`,
      "__proto__",
      `${AGENT.actorId}_light_a`,
    ]
  ) {
    assertEquals(readComponentId(id), undefined, id);
  }
});
