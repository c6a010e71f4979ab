/** What a deploy wants and finds, for tests of its decisions. */
import type { Shipment, Wish } from "../../operator/deploy/desired.ts";
import type { Observed } from "../../operator/deploy/observed.ts";

const MIB = 1024 * 1024;

export function shipment(name: string, hash = `hash-of-${name}`): Shipment {
  return { name, source: `/here/${name}`, hash, bytes: MIB };
}

export function wish(more: Partial<Wish> = {}): Wish {
  return {
    node: "kitchen",
    scope: "user",
    args: [{ text: "--broker" }, { text: "192.168.1.10" }],
    runner: shipment("agentflow-node.js"),
    deno: shipment("deno"),
    config: [],
    devices: { allow: [], groups: [] },
    ...more,
  };
}

/** A Raspberry Pi without a node. */
export function observed(more: Partial<Observed> = {}): Observed {
  return {
    system: "Linux",
    machine: "aarch64",
    libc: "glibc 2.36",
    bits: 64,
    user: "pi",
    home: "/home/pi",
    groups: ["dialout", "gpio", "i2c"],
    ownGroups: ["pi"],
    freeBytes: 1024 * MIB,
    hasSystemd: true,
    missingTools: [],
    canBeRoot: undefined,
    lingers: false,
    isInOtherScope: false,
    managerProblem: "",
    isActive: false,
    isEnabled: false,
    unitHash: undefined,
    current: undefined,
    files: new Map(),
    blobs: new Set(),
    ...more,
  };
}
