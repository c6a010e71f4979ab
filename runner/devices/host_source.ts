/** The source of the device host, carried by the runner. */
import serialOptions from "../../protocol/devices/serial.ts" with { type: "text" };
import spiOptions from "../../protocol/devices/spi.ts" with { type: "text" };
import patterns from "../../protocol/patterns.ts" with { type: "text" };
import expectedError from "../../protocol/expected_error.ts" with { type: "text" };
import deviceError from "./device_error.ts" with { type: "text" };
import gpio from "./host/gpio.ts" with { type: "text" };
import gpioUapi from "./host/gpio_uapi.ts" with { type: "text" };
import i2c from "./host/i2c.ts" with { type: "text" };
import i2cUapi from "./host/i2c_uapi.ts" with { type: "text" };
import kernelError from "./host/kernel_error.ts" with { type: "text" };
import libc from "./host/libc.ts" with { type: "text" };
import main from "./host/main.ts" with { type: "text" };
import pwm from "./host/pwm.ts" with { type: "text" };
import serial from "./host/serial.ts" with { type: "text" };
import serialUapi from "./host/serial_uapi.ts" with { type: "text" };
import spi from "./host/spi.ts" with { type: "text" };
import spiUapi from "./host/spi_uapi.ts" with { type: "text" };
import units from "./host/units.ts" with { type: "text" };

/** Every module the host loads; their other imports are types only. */
export const DEVICE_HOST = {
  entry: "runner/devices/host/main.ts",
  files: {
    "protocol/expected_error.ts": expectedError,
    "runner/devices/device_error.ts": deviceError,
    "runner/devices/host/gpio.ts": gpio,
    "runner/devices/host/gpio_uapi.ts": gpioUapi,
    "runner/devices/host/i2c.ts": i2c,
    "runner/devices/host/i2c_uapi.ts": i2cUapi,
    "runner/devices/host/kernel_error.ts": kernelError,
    "runner/devices/host/libc.ts": libc,
    "runner/devices/host/main.ts": main,
    "runner/devices/host/pwm.ts": pwm,
    "runner/devices/host/serial.ts": serial,
    "runner/devices/host/serial_uapi.ts": serialUapi,
    "runner/devices/host/spi.ts": spi,
    "runner/devices/host/spi_uapi.ts": spiUapi,
    "protocol/devices/serial.ts": serialOptions,
    "protocol/devices/spi.ts": spiOptions,
    "protocol/patterns.ts": patterns,
    "runner/devices/host/units.ts": units,
  },
} as const;
