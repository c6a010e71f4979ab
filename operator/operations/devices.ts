/** Compares the devices that an agent requests with those that a node reports. Pure. */
import { isJsonObject } from "../../protocol/json.ts";
import type { DeviceKind } from "../../protocol/devices/devices.ts";
import { lineOf, noSuchLine } from "../../protocol/devices/gpio.ts";
import { i2cAddressOf, noSuchBus } from "../../protocol/devices/i2c.ts";
import { meansSensor, noSuchSensor } from "../../protocol/devices/sensors.ts";
import { noSuchPort } from "../../protocol/devices/serial.ts";
import { channelOf, noSuchChannel } from "../../protocol/devices/pwm.ts";
import { noSuchSpi } from "../../protocol/devices/spi.ts";
import type { NodeView } from "../fleet/views.ts";

/**
 * Names a device that the node lacks; `undefined` if it has all of them, or does not report its devices.
 * @param devices as in a spawn config
 */
export function missingDevice(node: NodeView | undefined, devices: unknown): string | undefined {
  if (node?.devices === undefined || !isJsonObject(devices)) return undefined;
  const { sensors, gpio, i2c, spi, serial, pwm } = node.devices;
  const missing = <T>(
    kind: DeviceKind,
    has: readonly T[] | undefined,
    inWords: (has: readonly T[]) => string,
    isThere: (entry: string, has: readonly T[]) => boolean,
  ): string | undefined => {
    const asked = devices[kind];
    if (has === undefined || !Array.isArray(asked)) return undefined;
    const entry = asked.map(String).find((entry) => !isThere(entry, has));
    return entry === undefined ? undefined : `devices.${kind} '${entry}': ${inWords(has)}`;
  };
  return missing(
    "sensors",
    sensors,
    noSuchSensor,
    (entry, has) => has.some((one) => meansSensor(entry, one)),
  ) ??
    missing("gpio", gpio, noSuchLine, (entry, has) => lineOf(entry, has) !== undefined) ??
    missing("i2c", i2c, noSuchBus, (entry, has) => has.some(({ bus }) => bus === i2cAddressOf(entry)?.bus)) ??
    missing("spi", spi, noSuchSpi, (entry, has) => has.some(({ device }) => device === entry)) ??
    missing("pwm", pwm, noSuchChannel, (entry, has) => channelOf(entry, has) !== undefined) ??
    // Other names than these may lead to a port: its node looks.
    missing(
      "serial",
      serial,
      noSuchPort,
      (entry, has) =>
        !ENDS_OF_CABLES.test(entry) || has.some(({ path, links }) => path === entry || links.includes(entry)),
    );
}

/** Names that a node lists if there is such a port. */
const ENDS_OF_CABLES = /^\/dev\/(?:tty(?:USB|ACM|AMA)\d+|serial\/by-(?:id|path)\/.+)$/;
