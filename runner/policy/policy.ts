/** What an operator allows agents on this node, and which rule applies to which agent. Pure. */
import { globMatches } from "../../protocol/patterns.ts";
import { DEFAULT_TOPIC_RULES, type TopicRules } from "../../protocol/agent_topics.ts";
import { MAX_FRAME_BYTES } from "../../protocol/frames.ts";
import {
  DEVICE_KINDS,
  type DeviceKind,
  type Devices,
  forEachKind,
  NO_DEVICES,
} from "../../protocol/devices/devices.ts";
import { HARMLESS_KINDS } from "../../protocol/devices/sensors.ts";
import { NO_PERMISSIONS, type Permissions } from "../../protocol/permissions.ts";

/** The credentials of agents that connect to the broker themselves. */
export interface AgentCredentials {
  readonly username: string;
  /** Absolute. */
  readonly password_file: string;
}

/** The limits of one agent. Sizes that are not set come from the node's flags (`--memory-mb` and the like). */
export interface Rules {
  readonly permissions: Permissions;
  /** The devices it may ask for. */
  readonly devices: Devices;
  /** Whether it may install packages; with patterns: which ones. */
  readonly install: boolean | readonly string[];
  readonly topics: TopicRules;
  /** Whether it may open its own connection to the broker. */
  readonly broker: "broker" | "none";
  /** `false`: none. */
  readonly agent_credentials: AgentCredentials | false;
  readonly memory_mb: number | undefined;
  readonly heap_mb: number | undefined;
  readonly state_mb: number | undefined;
  /** Percent of one core; no limit if not set. */
  readonly cpu_percent: number | undefined;
  readonly messages_per_second: number;
  readonly output_kb_per_second: number;
  /** The largest payload that it publishes, sends, or answers with. */
  readonly message_kb: number;
  readonly subscriptions: number;
  /** How many tasks it may have unanswered, and for how many answers it may wait itself. */
  readonly pending_tasks: number;
}

/** Rules for some agents; they override the rules for all. */
export interface Override extends Omit<Partial<Rules>, "permissions" | "devices" | "topics"> {
  readonly permissions?: Partial<Permissions>;
  readonly devices?: Partial<Devices>;
  readonly topics?: Partial<TopicRules>;
}

export interface Policy {
  /** How many agents may run on this node at the same time. */
  readonly max_agents: number;
  /** Memory of all agents together, MiB; `undefined` for a share of the machine's. */
  readonly total_memory_mb: number | undefined;
  /** CPU of all agents together, percent of one core; `undefined` for a share of the machine's. */
  readonly total_cpu_percent: number | undefined;
  /** State files and temporary files of all agents together, MiB; `undefined` for a share of what is free. */
  readonly total_disk_mb: number | undefined;
  readonly rules: Rules;
  /** By name pattern, in the order of the file: later entries override earlier ones. */
  readonly overrides: readonly { readonly pattern: string; readonly rules: Override }[];
  /** The policy's name for operators: the file, or that there is none. */
  readonly origin: string;
}

/**
 * Without a file: no permissions, sensors that measure the surroundings, any package, no control topics, and rates that
 * no useful agent reaches.
 */
export const DEFAULT_POLICY: Policy = Object.freeze<Policy>({
  max_agents: 1000,
  total_memory_mb: undefined,
  total_cpu_percent: undefined,
  total_disk_mb: undefined,
  rules: Object.freeze<Rules>({
    permissions: NO_PERMISSIONS,
    devices: Object.freeze({ ...NO_DEVICES, sensors: HARMLESS_KINDS }),
    install: true,
    topics: DEFAULT_TOPIC_RULES,
    broker: "broker",
    agent_credentials: false,
    memory_mb: undefined,
    heap_mb: undefined,
    state_mb: undefined,
    cpu_percent: undefined,
    messages_per_second: 100_000,
    output_kb_per_second: 65_536,
    message_kb: MAX_FRAME_BYTES / 1024,
    subscriptions: 1000,
    pending_tasks: 1000,
  }),
  overrides: [],
  origin: "the built-in policy (there is no --policy file)",
});

/** The same policy, with topics that only the node writes to unless `topics.control` grants them. */
export function reserve(policy: Policy, reserved: readonly string[]): Policy {
  const { rules } = policy;
  return Object.freeze({ ...policy, rules: { ...rules, topics: { ...rules.topics, reserved } } });
}

/** The rules for the agent of that name. */
export function rulesFor(policy: Policy, agent: string): Rules {
  return policy.overrides.filter(({ pattern }) => globMatches(pattern, agent)).reduce<Rules>(
    (rules, { rules: { permissions, devices, topics, ...rest } }) => ({
      ...rules,
      ...rest,
      permissions: { ...rules.permissions, ...permissions },
      devices: { ...rules.devices, ...devices },
      topics: { ...rules.topics, ...topics },
    }),
    policy.rules,
  );
}

/** The kinds of devices of which it allows some agent something. */
export function allowedKinds(policy: Policy): DeviceKind[] {
  const devices = allDevices(policy);
  return DEVICE_KINDS.filter((kind) => devices[kind].length > 0);
}

/** All that it allows some agent. */
export function allDevices({ rules, overrides }: Policy): Devices {
  const all = [rules, ...overrides.map(({ rules }) => rules)];
  return forEachKind((kind) => [...new Set(all.flatMap(({ devices }) => devices?.[kind] ?? []))]);
}

/** Where the policy holds the list that decides about `path` ("permissions.net") for that agent. */
export function ruleName(policy: Policy, agent: string, path: string): string {
  const pattern = decidingPattern(policy, agent, path);
  return `${pattern === undefined ? path : `agents["${pattern}"].${path}`} of ${policy.origin}`;
}

/**
 * The name pattern whose rules hold the list that decides about `path`; `undefined` if the list for all agents decides.
 */
export function decidingPattern(policy: Policy, agent: string, path: string): string | undefined {
  const [first = "", second] = path.split(".");
  return policy.overrides.findLast(({ pattern, rules }) => {
    const value = (rules as Record<string, unknown>)[first];
    const isSet = second === undefined
      ? value !== undefined
      : (value as Record<string, unknown>)?.[second] !== undefined;
    return isSet && globMatches(pattern, agent);
  })?.pattern;
}
