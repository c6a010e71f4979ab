/** What a node has for its agents, as it reports it (`nodes/{name}/devices`). */
import type { DeviceKind } from "./devices.ts";
import type { HeldChip } from "./gpio.ts";
import type { I2cBus } from "./i2c.ts";
import type { DeviceProblem } from "./problem.ts";
import type { Sensor } from "./sensors.ts";
import type { SerialPortInfo } from "./serial.ts";
import type { SpiDevice } from "./spi.ts";

export interface NodeDevices {
  /** What the machine calls itself, such as `Raspberry Pi 4 Model B Rev 1.4`; `""` if it does not. */
  readonly board: string;
  /** Kinds of which the node's policy allows some agent something. */
  readonly allowed: readonly DeviceKind[];
  /** Sensors have no holder: several agents may read one. */
  readonly sensors: readonly Sensor[];
  readonly gpio: readonly HeldChip[];
  readonly i2c: readonly HeldBus[];
  readonly spi: readonly HeldSpi[];
  readonly serial: readonly HeldPort[];
  readonly pwm: readonly HeldPwm[];
}

export interface HeldSpi extends SpiDevice {
  /** The agent that holds it. */
  readonly holder?: string;
  readonly problem?: DeviceProblem;
}

export interface PwmChip {
  /** The N of `pwmchipN`. */
  readonly chip: number;
  /** The device behind it, such as `fe20c000.pwm`. */
  readonly name: string;
  /** How many it has. */
  readonly channels: number;
}

export interface HeldPwm extends PwmChip {
  /** The agents that hold channels, by their numbers. */
  readonly holders: Readonly<Record<string, string>>;
  readonly problem?: DeviceProblem;
}

export interface HeldBus extends I2cBus {
  /** The agents that hold addresses, by address: `0x76`. */
  readonly holders: Readonly<Record<string, string>>;
  /** The kernel's drivers, by the addresses that they have. */
  readonly drivers: Readonly<Record<string, string>>;
  readonly problem?: DeviceProblem;
}

export interface HeldPort extends SerialPortInfo {
  /** The agent that holds it. */
  readonly holder?: string;
  readonly problem?: DeviceProblem;
}
