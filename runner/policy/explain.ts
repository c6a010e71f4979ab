/** A policy in words, for the operator who wrote it. Pure. */
import { PERMISSION_KINDS, type PermissionKind } from "../../protocol/permissions.ts";
import { DEVICE_KINDS, type DeviceKind } from "../../protocol/devices/devices.ts";
import { ANY } from "./covers.ts";
import type { AgentCredentials, Override, Policy, Rules } from "./policy.ts";

const KINDS: Readonly<Record<PermissionKind, string>> = {
  net: "connect or listen on",
  read: "read",
  write: "write",
  env: "see the variables",
  sys: "ask the system for",
  run: "run programs (which then run outside the sandbox)",
  ffi: "load native libraries (which then run outside the sandbox)",
};

const DEVICES: Readonly<Record<DeviceKind, string>> = {
  gpio: "use the lines",
  i2c: "talk to the I2C devices",
  spi: "talk to the SPI devices",
  serial: "use the serial ports",
  pwm: "drive the PWM channels",
  sensors: "read, once a second,",
};

/** The lines that say what agents may have. */
export function explainPolicy(policy: Policy): string[] {
  const { max_agents, rules, overrides, origin } = policy;
  return [
    `What agents may have by ${origin}:`,
    `- up to ${max_agents} agents at the same time`,
    `- all of them together: ${explainTotals(policy)}`,
    ...explainRules(rules).map((line) => `- ${line}`),
    ...overrides.flatMap(({ pattern, rules }) => [
      `For agents named '${pattern}', instead:`,
      ...explainRules(rules).map((line) => `- ${line}`),
    ]),
  ];
}

function explainTotals({ total_memory_mb, total_cpu_percent, total_disk_mb }: Policy): string {
  const [memory, cpu, disk] = [total_memory_mb, total_cpu_percent, total_disk_mb];
  return [
    memory === undefined ? "three quarters of the machine's memory" : `${memory} MB of memory`,
    cpu === undefined ? "90 percent of its CPU" : `${cpu} percent of one CPU core`,
    disk === undefined ? "half of what is free on its disk" : `${disk} MB of disk`,
  ].join(", ");
}

/** The rules that are a number. */
type SizeRule = { [R in keyof Rules]: Rules[R] extends number | undefined ? R : never }[keyof Rules];

function explainRules(rules: Rules | Override): string[] {
  const { permissions, devices, install, topics, broker, agent_credentials: credentials } = rules;
  const lines: string[] = [];
  for (const kind of PERMISSION_KINDS) {
    const entries = permissions?.[kind];
    if (entries !== undefined) lines.push(explainKind(kind, entries));
  }
  for (const kind of DEVICE_KINDS) {
    const entries = devices?.[kind];
    if (entries !== undefined) lines.push(explainDevices(kind, entries));
  }
  if (install !== undefined) lines.push(`install: ${explainInstall(install)}`);
  if (broker !== undefined) {
    lines.push(broker === "none" ? "broker: no connection of their own" : "broker: connections of their own");
  }
  if (credentials !== undefined) lines.push(`at the broker: ${explainCredentials(credentials)}`);
  if (topics?.publish !== undefined) lines.push(`publish to: ${inWords(topics.publish)}`);
  if (topics?.control !== undefined) lines.push(`publish to control topics: ${inWords(topics.control)}`);
  if (topics?.subscribe !== undefined) lines.push(`subscribe to: ${inWords(topics.subscribe)}`);
  const sizes = {
    memory_mb: "MB of memory",
    heap_mb: "MB of JavaScript heap",
    state_mb: "MB of state",
    cpu_percent: "percent of one CPU core",
    messages_per_second: "messages a second",
    output_kb_per_second: "KB of output a second",
    message_kb: "KB in one message",
    subscriptions: "subscriptions",
    pending_tasks: "tasks that wait for an answer",
  } as const satisfies Readonly<Record<SizeRule, string>>;
  for (const [key, unit] of Object.entries(sizes)) {
    const size = rules[key as keyof typeof sizes];
    if (size !== undefined) lines.push(`up to ${size} ${unit}`);
  }
  return lines;
}

function explainKind(kind: PermissionKind, entries: readonly string[]): string {
  const what = entries.includes(ANY) ? `anything they name ("${ANY}")` : inWords(entries);
  const shells = kind === "run" && entries.includes(ANY) ? "; shells only where named" : "";
  return `${kind}: ${entries.length === 0 ? "none" : `may ${KINDS[kind]} ${what}${shells}`}`;
}

function explainDevices(kind: DeviceKind, entries: readonly string[]): string {
  const what = entries.includes(ANY) ? `any of them ("${ANY}")` : inWords(entries);
  return `${kind}: ${entries.length === 0 ? "none" : `may ${DEVICES[kind]} ${what}`}`;
}

function explainCredentials(credentials: AgentCredentials | false): string {
  if (credentials === false) return "no credentials of their own";
  const { username, password_file } = credentials;
  return `they are told the user name '${username}' and the password in ${password_file}`;
}

function explainInstall(install: boolean | readonly string[]): string {
  if (install === true) return "any package";
  return install === false || install.length === 0 ? "no packages" : install.join(", ");
}

function inWords(list: readonly string[]): string {
  return list.length === 0 ? "none" : list.join(", ");
}
