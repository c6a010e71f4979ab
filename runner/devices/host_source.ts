/** The source of the device host, carried by the runner. */
import gpio from "../../protocol/devices/gpio.ts" with { type: "text" };
import expectedError from "../../protocol/expected_error.ts" with { type: "text" };
import deviceError from "./device_error.ts" with { type: "text" };
import uapi from "./host/gpio_uapi.ts" with { type: "text" };
import libc from "./host/libc.ts" with { type: "text" };
import lines from "./host/lines.ts" with { type: "text" };
import main from "./host/main.ts" with { type: "text" };

/** Every module the host loads; their other imports are types only. */
export const DEVICE_HOST = {
  entry: "runner/devices/host/main.ts",
  files: {
    "protocol/devices/gpio.ts": gpio,
    "protocol/expected_error.ts": expectedError,
    "runner/devices/device_error.ts": deviceError,
    "runner/devices/host/gpio_uapi.ts": uapi,
    "runner/devices/host/libc.ts": libc,
    "runner/devices/host/lines.ts": lines,
    "runner/devices/host/main.ts": main,
  },
} as const;
