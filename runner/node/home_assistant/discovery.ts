/**
 * What a node announces to Home Assistant: one device, with its agents' readings, switches and alerts as components. Follows
 * the documentation of MQTT discovery, "Device discovery payload". Pure.
 */
import { deviceId } from "../../../protocol/home_assistant.ts";
import { topics } from "../../../protocol/topics.ts";

/** Something of an agent that Home Assistant shows. */
export type Shown =
  & { readonly agent: string; readonly actorId: string }
  & (
    | { readonly what: "reading"; readonly name: string; readonly kind: string; readonly unit: string }
    | { readonly what: "switch"; readonly name: string }
    | { readonly what: "alerts" }
  );

export interface Announcer {
  readonly name: string;
  readonly nodeId: string;
  readonly version: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The kinds that Home Assistant has a device class for, with the units it accepts. */
const DEVICE_CLASSES: Readonly<
  Record<string, { readonly class: string; readonly units: readonly string[] }>
> = {
  temperature: { class: "temperature", units: ["°C", "°F", "K"] },
  humidity: { class: "humidity", units: ["%"] },
  pressure: { class: "pressure", units: ["hPa", "Pa", "kPa", "mbar", "bar"] },
  light: { class: "illuminance", units: ["lx"] },
  voltage: { class: "voltage", units: ["V", "mV"] },
  current: { class: "current", units: ["A", "mA"] },
  power: { class: "power", units: ["W", "kW"] },
  energy: { class: "energy", units: ["J", "kJ", "Wh", "kWh"] },
  co2: { class: "carbon_dioxide", units: ["ppm"] },
  battery: { class: "battery", units: ["%"] },
};

const PLATFORMS = { reading: "sensor", switch: "switch", alerts: "event" } as const;
type Platform = (typeof PLATFORMS)[keyof typeof PLATFORMS];

export function componentId(shown: Shown): string {
  return shown.what === "alerts" ? `${shown.actorId}_alerts` : `${shown.actorId}_${shown.what}_${shown.name}`;
}

export function platformOf(shown: Shown): Platform {
  return PLATFORMS[shown.what];
}

/** What an announced id stands for; `undefined` if no node of this kind has announced it. */
export function readComponentId(
  id: string,
): { readonly actorId: string; readonly platform: Platform; readonly topic: string | undefined } | undefined {
  const [, actorId = "", what = "", name = ""] =
    /^([0-9a-f-]{36})_(alerts|reading|switch)(?:_([A-Za-z0-9_-]{1,64}))?$/.exec(id) ?? [];
  if (what === "alerts" && name === "") return { actorId, platform: "event", topic: undefined };
  if (what === "reading" && name !== "") {
    return { actorId, platform: "sensor", topic: topics.reading(actorId, name) };
  }
  if (what !== "switch" || name === "") return undefined;
  return { actorId, platform: "switch", topic: topics.switchState(actorId, name) };
}

/** @param gone components to take back: Home Assistant removes those of which only the platform is left */
export function deviceConfig(
  { name, nodeId, version }: Announcer,
  shown: readonly Shown[],
  gone: ReadonlyMap<string, string> = new Map(),
): Json {
  const components = shown.map((one) => [componentId(one), component(one, { name, nodeId })] as const);
  return {
    dev: { ids: [deviceId(nodeId)], name, mf: "AgentFlow", mdl: "AgentFlow Node", sw: version },
    o: { name: "AgentFlow Node", sw: version },
    cmps: Object.fromEntries([...components, ...[...gone].map(([id, platform]) => [id, { p: platform }])]),
  };
}

function component(shown: Shown, node: Pick<Announcer, "name" | "nodeId">): Json {
  const common = {
    p: platformOf(shown),
    unique_id: `${node.nodeId}_${componentId(shown)}`,
    qos: 1,
    availability_mode: "all",
    availability: [
      { topic: topics.nodeStatus(node.name), value_template: "{{ value_json.status }}" },
      {
        topic: topics.agent(shown.actorId, "heartbeat"),
        value_template: "{{ 'online' if value_json.state == 'running' else 'offline' }}",
      },
    ],
  };
  switch (shown.what) {
    case "reading":
      return {
        ...common,
        name: `${shown.agent} ${shown.name}`,
        state_topic: topics.reading(shown.actorId, shown.name),
        value_template: "{{ value_json.value }}",
        ...measureOf(shown.kind, shown.unit),
      };
    case "switch":
      return {
        ...common,
        name: `${shown.agent} ${shown.name}`,
        state_topic: topics.switchState(shown.actorId, shown.name),
        value_template: "{{ 'ON' if value_json.on else 'OFF' }}",
        state_on: "ON",
        state_off: "OFF",
        command_topic: topics.task(shown.agent),
        payload_on: JSON.stringify({ switch: shown.name, on: true }),
        payload_off: JSON.stringify({ switch: shown.name, on: false }),
      };
    case "alerts":
      return {
        ...common,
        name: `${shown.agent} alert`,
        state_topic: topics.agent(shown.actorId, "alert"),
        event_types: ["info", "warning", "error"],
        value_template: "{{ {'event_type': value_json.severity, 'message': value_json.message} | to_json }}",
      };
    default:
      return shown satisfies never;
  }
}

/** Home Assistant refuses a device class together with a unit that does not belong to it. */
function measureOf(kind: string, unit: string): Json {
  const known = Object.hasOwn(DEVICE_CLASSES, kind) ? DEVICE_CLASSES[kind] : undefined;
  const deviceClass = known?.units.includes(unit) === true ? { device_class: known.class } : {};
  return {
    // A counter of energy may begin again at 0; everything else is a value of the moment.
    state_class: deviceClass.device_class === "energy" ? "total_increasing" : "measurement",
    ...deviceClass,
    ...(unit === "" ? {} : { unit_of_measurement: unit }),
  };
}
