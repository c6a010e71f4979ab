/** The desired state of a node on a device: its files and unit, derived from the operator's request. Pure. */
import type { DeviceAccess } from "../release/device_access.ts";
import { renderUnit } from "../release/unit.ts";
import launcher from "../../scripts/agentflow-node.sh" with { type: "text" };
import { type Layout, layoutOf, type Scope } from "./layout.ts";

/** A file on the operator's machine to be sent to the device. */
export interface Shipment {
  /** Its name on the device. */
  readonly name: string;
  /** Its path on this machine. */
  readonly source: string;
  /** SHA-256, in hex. */
  readonly hash: string;
  readonly bytes: number;
}

/** An argument of the runner: literal text, or a file to be sent along. */
export type Argument = { readonly text: string } | { readonly file: string };

/** What the operator asked for. */
export interface Wish {
  readonly node: string;
  readonly scope: Scope;
  /** Flags of the runner, besides its name and folders. */
  readonly args: readonly Argument[];
  readonly runner: Shipment;
  readonly deno: Shipment;
  /** What its policy allows its agents of the machine's devices. */
  readonly devices: DeviceAccess;
  /** Files that its flags name: keys, certificates, policy. */
  readonly config: readonly Shipment[];
}

/** A release as it should be on the device. */
export interface Release {
  readonly layout: Layout;
  /** Generated files: name and text. */
  readonly made: { readonly unit: string; readonly launcher: string };
  readonly wish: Wish;
}

/** @param device the user on the device, that user's home folder, and the groups that there are */
export function releaseOf(
  wish: Wish,
  device: { readonly user: string; readonly home: string; readonly groups: readonly string[] },
): Release {
  const layout = layoutOf(device.home, wish.node, wish.scope);
  const { current, state, work, node } = layout;
  const flags = wish.args.map((arg) => "text" in arg ? arg.text : `${current}/config/${arg.file}`);
  const unit = renderUnit({
    description: `AgentFlow node '${wish.node}'`,
    command: [
      layout.launcher,
      ...["--name", wish.node, "--state-dir", state, "--work-dir", work],
      ...flags,
    ],
    environment: {
      DENO_DIR: `${work}/runner`,
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
      // Stops V8 from growing its young generation.
      DENO_V8_FLAGS: "--max-semi-space-size=1",
    },
    scope: wish.scope === "user" ? { kind: "user" } : {
      kind: "system",
      user: device.user,
      writable: node,
      // systemd does not start a service with a group that does not exist.
      devices: {
        ...wish.devices,
        groups: wish.devices.groups.filter((group) => device.groups.includes(group)),
      },
    },
  });
  return { layout, made: { unit, launcher }, wish };
}
