/** What was found on a device: the answer of `remote/probe.sh`, read. Pure. */
import type { Machine } from "../release/platforms.ts";

export interface Observed extends Machine {
  readonly user: string;
  readonly home: string;
  readonly freeBytes: number;
  readonly hasSystemd: boolean;
  /** Programs that a deploy needs and that are not there. */
  readonly missingTools: readonly string[];
  /** Whether it may act as root without a password; `undefined` where it need not. */
  readonly canBeRoot: boolean | undefined;
  /** Whether the user's services run without a session. */
  readonly lingers: boolean;
  /** The node is there as a service of the other scope. */
  readonly isInOtherScope: boolean;
  /** Why the service manager does not answer; empty when it does. */
  readonly managerProblem: string;
  readonly isActive: boolean;
  readonly isEnabled: boolean;
  /** Hash of the unit that the service manager has; `undefined` without one. */
  readonly unitHash: string | undefined;
  /** The release in use. */
  readonly current: string | undefined;
  /** Hashes of its files, by their names in it. */
  readonly files: ReadonlyMap<string, string>;
  /** Of the files that were asked for: the hashes of those that are there. */
  readonly blobs: ReadonlySet<string>;
}

/** @throws Error when this is not what the probe says */
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
    freeBytes: Number(one("free_kb")) * 1024,
    hasSystemd: one("systemd") === "yes",
    missingTools: one("tools").split(" ").filter((tool) => tool !== ""),
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
