/**
 * The keys of a device discovery payload as Home Assistant documents them, with their types: "Device discovery payload" and
 * "Using availability topics" of source/_integrations/mqtt.markdown at commit 0a31440 of home-assistant/home-assistant.io
 * (2025), and the keys of sensor.mqtt, switch.mqtt and event.mqtt that schemas of home-assistant/core list (mqtt/schemas.py at
 * c6ca7f5, sensor.py at 17309b7, switch.py at 5896343, event.py at 03ffd74). Home Assistant itself was not run.
 */
import { assert, assertEquals } from "@std/assert";
import { isJsonObject } from "../../protocol/json.ts";

type Check = (value: unknown) => boolean;
type Keys = Readonly<Record<string, readonly [required: boolean, check: Check]>>;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isTexts: Check = (value) => Array.isArray(value) && value.length > 0 && value.every(isText);
const isQos: Check = (value) => value === 0 || value === 1 || value === 2;
const isTopic: Check = (value) => isText(value) && !/[+#\0]/.test(value as string);
const oneOf = (...values: readonly string[]): Check => (value) => values.includes(value as string);
const isAvailability: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => fits(one, AVAILABILITY));

const AVAILABILITY: Keys = {
  topic: [true, isTopic],
  value_template: [false, isText],
  payload_available: [false, isText],
  payload_not_available: [false, isText],
};
const DEVICE: Keys = {
  ids: [true, (value) => isText(value) || isTexts(value)],
  name: [true, isText],
  mf: [false, isText],
  mdl: [false, isText],
  sw: [false, isText],
  hw: [false, isText],
  sn: [false, isText],
};
const ORIGIN: Keys = { name: [true, isText], sw: [false, isText], url: [false, isText] };
const COMMON: Keys = {
  p: [true, isText],
  unique_id: [true, isText],
  name: [false, isText],
  qos: [false, isQos],
  availability: [false, isAvailability],
  availability_mode: [false, oneOf("all", "any", "latest")],
  value_template: [false, isText],
};
const COMPONENTS: Readonly<Record<string, Keys>> = {
  sensor: {
    ...COMMON,
    state_topic: [true, isTopic],
    state_class: [false, oneOf("measurement", "total", "total_increasing")],
    device_class: [false, isText],
    unit_of_measurement: [false, isText],
  },
  switch: {
    ...COMMON,
    command_topic: [true, isTopic],
    state_topic: [false, isTopic],
    state_on: [false, isText],
    state_off: [false, isText],
    payload_on: [false, isText],
    payload_off: [false, isText],
  },
  event: { ...COMMON, state_topic: [true, isTopic], event_types: [true, isTexts] },
};

function fits(value: unknown, keys: Keys): boolean {
  if (!isJsonObject(value)) return false;
  const isKnown = Object.keys(value).every((key) => keys[key]?.[1](value[key]) === true);
  return isKnown && Object.entries(keys).every(([key, [required]]) => !required || key in value);
}

/** Fails unless the topic and the payload are what the documentation says. */
export function assertDiscovery(prefix: string, topic: string, payload: unknown): void {
  const [, id = ""] = topic.startsWith(`${prefix}/`)
    ? /^device\/([a-zA-Z0-9_-]+)\/config$/.exec(topic.slice(prefix.length + 1)) ?? []
    : [];
  assert(id !== "", `${topic} is no discovery topic`);
  assert(isJsonObject(payload), "the payload is an object");
  assertEquals(Object.keys(payload).sort(), ["cmps", "dev", "o"]);
  assert(fits(payload.dev, DEVICE), `dev: ${JSON.stringify(payload.dev)}`);
  assert(fits(payload.o, ORIGIN), `o: ${JSON.stringify(payload.o)}`);
  assert(isJsonObject(payload.cmps), "cmps is an object");
  for (const [id, component] of Object.entries(payload.cmps)) {
    assert(isJsonObject(component), id);
    const keys = COMPONENTS[String(component.p)];
    assert(keys !== undefined, `${id} has the platform ${component.p}`);
    // Only the platform: it is taken back.
    if (Object.keys(component).length > 1) {
      assert(fits(component, keys), `${id}: ${JSON.stringify(component)}`);
    }
  }
}
