/** Renders the systemd unit of a deployed node from the unit in `scripts/`, whose comments give the reasons. Pure. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { DeviceAccess } from "./device_access.ts";
import template from "../../scripts/agentflow-node.service" with { type: "text" };

export interface UnitSpec {
  readonly description: string;
  /** The command and its arguments, unquoted. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The user's service manager or the system's. */
  readonly scope: UnitScope;
}

export type UnitScope =
  | { readonly kind: "user" }
  /** @param user the node runs as this user @param writable the only folder that it may write to */
  | {
    readonly kind: "system";
    readonly user: string;
    readonly writable: string;
    /** What its agents may use of the machine's devices. */
    readonly devices: DeviceAccess;
  };

/** Settings of the archive's unit that a deployed unit lacks, because its files are in the user's home. */
const OF_ARCHIVE = [
  "Documentation",
  "Environment",
  "EnvironmentFile",
  "DynamicUser",
  "StateDirectory",
  "StateDirectoryMode",
  "CacheDirectory",
  "CacheDirectoryMode",
  "ProtectHome",
];

/** Settings that the user's service manager lacks the privileges for. */
const OF_SYSTEM = [
  "Wants",
  "After",
  "CapabilityBoundingSet",
  "AmbientCapabilities",
  "ProtectSystem",
  "PrivateTmp",
  "PrivateDevices",
  "DevicePolicy",
  "PrivateUsers",
  "ProtectClock",
  "ProtectControlGroups",
  "ProtectHostname",
  "ProtectKernelLogs",
  "ProtectKernelModules",
  "ProtectKernelTunables",
  "ProtectProc",
  "RemoveIPC",
];

export function renderUnit({ description, command, environment, scope }: UnitSpec): string {
  const dropped = new Set(scope.kind === "user" ? [...OF_ARCHIVE, ...OF_SYSTEM] : OF_ARCHIVE);
  const replaced = new Map<string, readonly string[]>([
    ["Description", [description.replaceAll("%", "%%")]],
    // The node is a child of its launcher.
    ["NotifyAccess", ["all"]],
    ["ExecStart", [command.map((word) => quote(word.replaceAll("$", "$$$$"))).join(" ")]],
    // A service with a private /dev has no devices at all; DevicePolicy=closed leaves it those that are allowed.
    ...(scope.kind === "system" && scope.devices.allow.length > 0
      ? [["PrivateDevices", ["no"]] as const]
      : []),
    ...(scope.kind === "system" && scope.devices.writesSys === true
      ? [["ProtectKernelTunables", ["no"]] as const]
      : []),
    ["WantedBy", [scope.kind === "user" ? "default.target" : "multi-user.target"]],
  ]);
  const added = [
    ...Object.entries(environment).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`),
    ...(scope.kind === "user" ? [] : [
      `User=${scope.user}`,
      "ProtectHome=read-only",
      `ReadWritePaths=${quote(scope.writable)}`,
      ...scope.devices.allow.map((device) => `DeviceAllow=${device.replaceAll("%", "%%")} rw`),
      ...(scope.devices.groups.length === 0 ? [] : [`SupplementaryGroups=${scope.devices.groups.join(" ")}`]),
    ]),
  ];
  const lines = template.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const rendered = lines.flatMap((line) => {
    if (line === "[Service]") return ["", line, ...added];
    if (line.startsWith("[")) return line === "[Unit]" ? [line] : ["", line];
    const key = line.slice(0, line.indexOf("="));
    if (dropped.has(key)) return [];
    return replaced.get(key)?.map((value) => `${key}=${value}`) ?? [line];
  });
  return rendered.map(checkLine).join("\n") + "\n";
}

/** Rejects control characters: systemd would read the text after a line break as another setting. */
function checkLine(line: string): string {
  if (!/\p{Cc}/u.test(line)) return line;
  throw new ConfigError(`a unit cannot hold control characters: ${JSON.stringify(line)}`);
}

/** Quotes a word as systemd.syntax(7) requires. */
function quote(word: string): string {
  const escaped = word.replaceAll("%", "%%");
  if (/^[\w@%+=:,./$-]+$/.test(escaped)) return escaped;
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  // systemd also treats \r as a line end.
  return `"${escaped.replace(/[\\"]/g, "\\$&").replace(/\p{Cc}/gu, hex)}"`;
}
