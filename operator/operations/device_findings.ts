/** Finds what keeps a node's agents from the devices that its policy allows. Pure. */
import type { DeviceKind } from "../../protocol/devices/devices.ts";
import { problemFix, problemWords } from "../../protocol/devices/problem.ts";
import { type DeviceRow, deviceRows, type ToldDevices } from "../fleet/devices.ts";

export interface DeviceFinding {
  readonly message: string;
  readonly advice: string;
}

/** How many devices of one problem are named. */
const MAX_NAMED = 5;

/** One for each problem, not for each device: what is missing is mostly missing for all of a kind. */
export function deviceFindings(devices: ToldDevices): DeviceFinding[] {
  const rows = deviceRows(devices).filter((row) => isWanted(row, devices));
  const byProblem = Map.groupBy(rows.filter(({ problem }) => problem !== null), ({ problem, kind, path }) => {
    const isOfOne = problem?.code === "busy" || problem?.code === "console";
    return `${kind} ${isOfOne ? path : JSON.stringify(problem)}`;
  });
  return [...absent(devices), ...[...byProblem.values()].map(findingOf)];
}

/** A device of which nobody wants anything may stay closed. */
function isWanted({ kind, agent, problem }: DeviceRow, { allowed }: ToldDevices): boolean {
  // A port that is the kernel's console works, but not well: that matters to its holder.
  if (problem?.code === "console") return agent !== null;
  const kinds: readonly string[] | undefined = allowed;
  return agent !== null || kinds === undefined || kinds.includes(kind);
}

function findingOf(rows: readonly DeviceRow[]): DeviceFinding {
  const [first] = rows;
  if (first === undefined || first.problem === null) throw new TypeError("a group has a member");
  const files = [...new Set(rows.map(({ path }) => path))];
  const named = `${files.slice(0, MAX_NAMED).join(", ")}${files.length > MAX_NAMED ? ", …" : ""}`;
  return {
    message: `its agents cannot use ${named}: ${problemWords(first.problem, first.path)}`,
    advice: problemFix(first.problem, first.path),
  };
}

/** Kinds that the policy allows, and of which the machine has nothing: usually it is switched off. */
function absent({ allowed = [], board = "", gpio, i2c }: ToldDevices): DeviceFinding[] {
  const isPi = board.startsWith("Raspberry Pi");
  const advice: Partial<Record<DeviceKind, string>> = {
    gpio: "is it a machine with GPIO? its kernel needs the driver of the chip: ls /sys/bus/gpio/devices",
    i2c: isPi
      ? "sudo raspi-config nonint do_i2c 0, and restart the node"
      : "sudo modprobe i2c-dev, and i2c-dev in /etc/modules-load.d/i2c.conf",
  };
  const has: Partial<Record<DeviceKind, readonly unknown[] | undefined>> = { gpio, i2c };
  const words: Partial<Record<DeviceKind, string>> = { gpio: "GPIO", i2c: "I2C" };
  return allowed.filter((kind) => has[kind]?.length === 0).flatMap((kind) => {
    const fix = advice[kind];
    return fix === undefined
      ? []
      : [{ message: `its policy allows ${words[kind]}, but it has none: not switched on?`, advice: fix }];
  });
}
