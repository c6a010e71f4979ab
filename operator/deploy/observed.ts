/** Parses what `remote/probe.sh` found on a device. Pure. */
import type { Machine } from "../release/platforms.ts";

export interface Observed extends Machine {
  readonly user: string;
  readonly home: string;
  /** Those groups for devices that exist there. */
  readonly groups: readonly string[];
  /** The user's groups. */
  readonly ownGroups: readonly string[];
  readonly freeBytes: number;
  readonly hasSystemd: boolean;
  /** Programs that a deployment needs but the device lacks. */
  readonly missingTools: readonly string[];
  /** Whether the user can act as root without a password; `undefined` if that is not needed. */
  readonly canBeRoot: boolean | undefined;
  /** Whether the user's services run without a login session. */
  readonly lingers: boolean;
  /** Whether the node exists as a service of the other scope. */
  readonly isInOtherScope: boolean;
  /** Why the service manager does not answer; empty if it does. */
  readonly managerProblem: string;
  readonly isActive: boolean;
  readonly isEnabled: boolean;
  /** Hash of the installed unit file; `undefined` if there is none. */
  readonly unitHash: string | undefined;
  /** The release in use. */
  readonly current: string | undefined;
  /** Hashes of that release's files, by file name. */
  readonly files: ReadonlyMap<string, string>;
  /** Hashes of the requested files that the device has. */
  readonly blobs: ReadonlySet<string>;
}

/** @throws Error when this is not the probe's output */
export function parseObserved(output: string): Observed {
  const facts = output.split("\n").map((line) => /^(\w+) ?(.*)/.exec(line)).filter((match) => match !== null);
  const all = (name: string) =>
    facts.filter(([, key]) => key === name).map(([, , value = ""]) => value.trim());
  const one = (name: string) => {
    const [value] = all(name);
    if (value === undefined) throw new Error(`the device does not say its '${name}': is its shell POSIX?`);
    return value;
  };
  const optional = (name: string) => all(name)[0] || undefined;
  const bits = Number(one("bits"));
  return {
    system: one("system"),
    machine: one("machine"),
    libc: one("libc"),
    bits: Number.isInteger(bits) ? bits : undefined,
    user: one("user"),
    home: one("home"),
    groups: words(one("groups")),
    ownGroups: words(one("own_groups")),
    freeBytes: Number(one("free_kb")) * 1024,
    hasSystemd: one("systemd") === "yes",
    missingTools: words(one("tools")),
    canBeRoot: one("root") === "unneeded" ? undefined : one("root") === "yes",
    lingers: one("linger") === "yes",
    isInOtherScope: one("other_unit") === "yes",
    managerProblem: one("manager"),
    isActive: one("active") === "active",
    isEnabled: one("enabled") === "enabled",
    unitHash: optional("unit"),
    current: optional("current"),
    files: new Map(
      all("file").map((line) => {
        const [hash = "", ...name] = line.split(" ");
        return [name.join(" "), hash] as const;
      }),
    ),
    blobs: new Set(all("blob")),
  };
}

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}
