/** What to use instead of packages that access hardware themselves. Pure. */

/** The part of a node's hardware that a package is for. */
type Part = "gpio" | "i2c" | "spi" | "serial" | "pwm" | "sensors" | "other";

/** Package names, in lower case, with `-` in place of `_` and `.`. */
const PACKAGES: Readonly<Record<"npm" | "pypi", readonly (readonly [RegExp, Part])[]>> = {
  npm: [
    [/^(?:onoff|rpio|pigpio|rpi-gpio|gpio|node-libgpiod|opengpio|raspi-gpio)$/, "gpio"],
    [/^(?:i2c-bus|raspi-i2c)$/, "i2c"],
    [/^(?:node-dht-sensor|rpi-dht-sensor|ds18b20(?:-raspi)?|bme280(?:-sensor)?|bmp280-sensor)$/, "sensors"],
    [/^(?:serialport|@serialport\/[\w-]+|raspi-serial)$/, "serial"],
    [/^spi-device$/, "spi"],
    [/^(?:usb|node-hid)$/, "other"],
  ],
  pypi: [
    [/^(?:rpi-?gpio|gpiozero|gpiod|pigpio|lgpio|board|blinka)$/, "gpio"],
    [/^(?:smbus2?)$/, "i2c"],
    [/^spidev$/, "spi"],
    [/^pyserial$/, "serial"],
    [/^rpi-hardware-pwm$/, "pwm"],
    [
      /^(?:w1thermsensor|adafruit-(?:dht|bme280|bmp280|sht31d|si7021|lm75|ds18x20))$/,
      "sensors",
    ],
    [
      /^(?:adafruit-(?!circuitpython-|blinka$)[a-z0-9-]+|rpi-[a-z0-9-]+|picamera2?|pyusb|bluepy|bleak|pybluez|libusb1|sense-hat|ads1x15[a-z0-9-]*)$/,
      "other",
    ],
  ],
};

const LINES: Readonly<Record<"npm" | "pypi", Readonly<Record<Exclude<Part, "other">, string>>>> = {
  npm: {
    gpio: 'const line = await agent.gpio("GPIO17", { direction: "out", safe: 0 })',
    i2c: "const device = await agent.i2c(1, 0x76)",
    spi: 'const device = await agent.spi("0.0", { mode: 0, speed_hz: 500000 })',
    serial: 'const port = await agent.serial("/dev/ttyUSB0", { baudRate: 9600 })',
    pwm: 'const fan = await agent.pwm("0.1", { frequency_hz: 25000, safe: 0 })',
    sensors: 'const { value } = await agent.sensor("temperature").read()',
  },
  pypi: {
    gpio: 'line = await agent.gpio("GPIO17", direction="out", safe=0)',
    i2c: "device = await agent.i2c(1, 0x76)",
    spi: 'device = await agent.spi("0.0", mode=0, speed_hz=500000)',
    serial: 'port = await agent.serial("/dev/ttyUSB0", baud_rate=9600)',
    pwm: 'fan = await agent.pwm("0.1", frequency_hz=25000, safe=0)',
    sensors: 'reading = await agent.sensor("temperature").read()',
  },
};
const ASKS: Readonly<Record<Exclude<Part, "other">, string>> = {
  gpio: '"devices": {"gpio": ["GPIO17"]}',
  i2c: '"devices": {"i2c": ["1:0x76"]}',
  spi: '"devices": {"spi": ["0.0"]}',
  serial: '"devices": {"serial": ["/dev/ttyUSB0"]}',
  pwm: '"devices": {"pwm": ["0.1"]}',
  sensors: '"devices": {"sensors": ["temperature"]}',
};

/**
 * Packages that agents in Python have without installing them: the harness has their modules (`board`, `busio`, …), and
 * the drivers in the packages `adafruit-circuitpython-…` work with those.
 */
const PROVIDED: readonly string[] = ["adafruit-blinka"];

/** The modules that the harness has in its place: `agents/harness/python/circuitpython.py`. */
export const PROVIDED_MODULES: readonly string[] = [
  "adafruit_dht",
  "board",
  "busio",
  "digitalio",
  "microcontroller",
  "micropython",
];

/** @param name in lower case, with `-` in place of `_` and `.` */
export function isProvided(name: string): boolean {
  return PROVIDED.includes(name);
}

/** Why a package for hardware cannot be installed, and what to write instead; `undefined` for any other package. */
export function insteadOf(registry: "npm" | "pypi", name: string): string | undefined {
  const part = PACKAGES[registry].find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
  if (part === undefined) return undefined;
  const needs = `'${name}' needs the device's own hardware, which no agent can reach by itself`;
  if (part !== "other") {
    return `${needs}. The node does it: write ${LINES[registry][part]} with ${
      ASKS[part]
    } in the spawn config ` +
      "(see docs/hardware.md)";
  }
  return `${needs}, and the node hands out no cameras, radios and other ports. Let a small program outside the ` +
    "node read the device and publish its values, and subscribe to them here";
}
