/** Compares the desired state with the observed one and decides what a deployment must do. Pure. */
import { sha256 } from "../../protocol/hash.ts";
import { type Architecture, architectureOf } from "../release/platforms.ts";
import type { Release, Shipment, Wish } from "./desired.ts";
import { otherScope } from "./layout.ts";
import type { Observed } from "./observed.ts";

export type Plan =
  /** The deployment is impossible or not allowed; the reason says what to do. */
  | { readonly kind: "refuse"; readonly reason: string }
  /** Everything is already up to date. */
  | { readonly kind: "nothing" }
  /** Up to date, but not running, not enabled, or not lingering. */
  | { readonly kind: "start"; readonly lingers: boolean }
  | {
    readonly kind: "install";
    /** What differs, in words. */
    readonly changes: readonly string[];
    /** Files that the device does not have yet. */
    readonly uploads: readonly Shipment[];
    /** The release in use until now. */
    readonly previous: string | undefined;
    readonly lingers: boolean;
  };

/** The device's architecture, or why it cannot run a node. */
export function architectureFor(
  observed: Observed,
): { readonly architecture: Architecture } | { readonly problem: string } {
  const found = architectureOf(observed);
  if ("problem" in found) return found;
  if (!observed.hasSystemd) return { problem: "it has no systemd, which runs the node there" };
  const { missingTools } = observed;
  if (missingTools.length > 0) return { problem: `it lacks ${missingTools.join(", ")}: install them there` };
  return found;
}

/**
 * @param mayReplace whether an existing node may be changed
 */
export function planDeploy(release: Release, observed: Observed, mayReplace: boolean): Plan {
  const reason = obstacle(release, observed);
  if (reason !== undefined) return { kind: "refuse", reason };
  const { wish } = release;
  const lingers = wish.scope === "system" || observed.lingers;
  const changes = differences(release, observed);
  if (changes.length === 0) {
    return observed.isActive && observed.isEnabled && lingers
      ? { kind: "nothing" }
      : { kind: "start", lingers };
  }
  const previous = observed.current;
  if (previous !== undefined && !mayReplace) {
    return {
      kind: "refuse",
      reason: `node '${wish.node}' already exists and differs: ${changes.join(", ")}. ` +
        "--upgrade changes it, keeps its agents, and rolls back if the new release does not come up",
    };
  }
  const there = new Set([...observed.blobs, ...observed.files.values()]);
  const uploads = [wish.runner, wish.deno].filter(({ hash }) => !there.has(hash));
  const bytes = [...uploads, ...wish.config].reduce((sum, file) => sum + file.bytes, 0);
  if (bytes + MIN_FREE_BYTES > observed.freeBytes) {
    return {
      kind: "refuse",
      reason: `only ${mib(observed.freeBytes)} MiB are free in ${observed.home}: ` +
        `${mib(bytes + MIN_FREE_BYTES)} are needed`,
    };
  }
  return { kind: "install", changes, uploads, previous, lingers };
}

/** Room for the agents' harness and their first dependencies. */
export const MIN_FREE_BYTES = 32 * 1024 * 1024;

function obstacle({ wish }: Release, observed: Observed): string | undefined {
  const { scope, node } = wish;
  if (observed.isInOtherScope) {
    const other = otherScope(scope);
    const advice = other === "system" ? "give --system" : "leave --system out";
    return `node '${node}' already exists as a service of the ${other}: ${advice}, or --uninstall it first`;
  }
  if (observed.canBeRoot === false) {
    return `--system needs sudo without a password for ${observed.user}: leave it out for a service of ` +
      "the user's own, which needs none";
  }
  if (observed.managerProblem !== "") {
    return `its service manager does not answer: ${observed.managerProblem}` +
      (scope === "user" ? ` (as root there: loginctl enable-linger ${observed.user}; or give --system)` : "");
  }
  return undefined;
}

/**
 * Why agents could not use devices that the policy allows; `undefined` if they can. A system service is given the
 * groups; a user's own has those of the user.
 */
export function missingGroups(
  { scope, devices }: Wish,
  { user, groups, ownGroups }: Observed,
): string | undefined {
  const missing = scope === "system"
    ? []
    : devices.groups.filter((group) => groups.includes(group) && !ownGroups.includes(group));
  if (missing.length === 0) return undefined;
  return `The policy allows devices, but user ${user} is not in group ${missing.join(", ")}: run there ` +
    `sudo usermod -aG ${missing.join(",")} ${user}, and restart the device`;
}

/** The parts of the release that differ from the desired state; all parts for a new node. */
function differences({ wish, made }: Release, { files, unitHash }: Observed): string[] {
  const unitWanted = sha256(made.unit);
  const wanted = new Map([
    ["agentflow-node.js", wish.runner.hash],
    ["deno", wish.deno.hash],
    ...wish.config.map(({ name, hash }) => [`config/${name}`, hash] as const),
    ["launcher", sha256(made.launcher)],
    ["unit", unitWanted],
  ]);
  const changed = [...wanted].filter(([name, hash]) => files.get(name) !== hash).map(([name]) => name);
  const superfluous = [...files.keys()].filter((name) => !wanted.has(name));
  const isUnitOther = !changed.includes("unit") && unitHash !== unitWanted;
  return [...changed, ...superfluous, ...(isUnitOther ? ["unit"] : [])].map(describe);
}

function describe(name: string): string {
  if (name === "agentflow-node.js") return "runner";
  return name === "unit" ? "unit and flags" : name.replace("config/", "");
}

/** For people. */
export function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
