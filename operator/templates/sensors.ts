/** Templates of agents that watch the device they run on. */
import bme280 from "../../agents/templates/bme280.ts" with { type: "text" };
import cpuMemory from "../../agents/templates/cpu_memory.ts" with { type: "text" };
import door from "../../agents/templates/door.ts" with { type: "text" };
import fileWatcher from "../../agents/templates/file_watcher.ts" with { type: "text" };
import relay from "../../agents/templates/relay.ts" with { type: "text" };
import humidity from "../../agents/templates/humidity.ts" with { type: "text" };
import serialLines from "../../agents/templates/serial_lines.ts" with { type: "text" };
import temperature from "../../agents/templates/temperature.ts" with { type: "text" };
import {
  flag,
  lineNeeds,
  lineOf,
  number,
  outputTopic,
  path,
  sensorNeeds,
  sensorOf,
  simulate,
  text,
} from "./shapes.ts";
import type { Template } from "./template.ts";

const offset = number(0, "Correction added to the reading.");

export const SENSORS: readonly Template[] = [
  {
    name: "temperature",
    description: "Reads a temperature sensor of the node, and publishes degrees Celsius.",
    capabilities: ["sensor", "temperature"],
    words: ["temperature", "temperatures", "temp", "thermometer", "thermal", "ds18b20", "dht22"],
    pollInterval: 10,
    parameters: { ...sensorOf("temperature"), offset, topic: outputTopic("sensors/temperature") },
    needs: sensorNeeds,
    code: temperature,
  },
  {
    name: "humidity",
    description: "Reads a humidity sensor of the node, and publishes percent.",
    capabilities: ["sensor", "humidity"],
    words: ["humidity", "moisture"],
    pollInterval: 10,
    parameters: { ...sensorOf("humidity"), offset, topic: outputTopic("sensors/humidity") },
    needs: sensorNeeds,
    code: humidity,
  },
  {
    name: "bme280",
    description: "Reads a BME280 or BMP280 over I2C, and publishes temperature, humidity and pressure.",
    capabilities: ["sensor", "temperature", "humidity", "pressure", "i2c"],
    words: ["bme280", "bmp280", "barometer"],
    pollInterval: 10,
    parameters: {
      bus: number(1, "The N of /dev/i2c-N.", { min: 0, max: 999, isWhole: true }),
      address: {
        kind: "choice",
        default: "0x76",
        choices: ["0x76", "0x77"],
        doc: "Address of the sensor on the bus.",
      },
      simulate,
      topic: outputTopic("sensors/weather"),
    },
    needs: ({ bus, address, simulate }) =>
      simulate === true ? {} : { devices: { i2c: [`${bus}:${address}`] } },
    code: bme280,
  },
  {
    name: "serial_lines",
    description: "Reads lines from a serial port, and publishes each.",
    capabilities: ["serial"],
    words: ["serial", "gps", "rs232", "uart"],
    pollInterval: 5,
    parameters: {
      port: text(
        "/dev/ttyUSB0",
        "The port; /dev/serial/by-id/… stays the same wherever it is plugged in.",
        /^\/dev\/[\w.:+@,/-]{1,190}$/,
        "the path of a serial port",
      ),
      baud: number(9600, "Symbols per second.", { min: 50, max: 4_000_000, isWhole: true }),
      simulate,
      topic: outputTopic("serial/lines"),
    },
    needs: ({ port, simulate }) => simulate === true ? {} : { devices: { serial: [String(port)] } },
    code: serialLines,
  },
  {
    name: "door",
    description: "Waits for a contact on a GPIO line, and publishes when it opens or closes.",
    capabilities: ["sensor", "door", "gpio"],
    words: ["door", "window", "contact", "reed", "gpio", "button"],
    pollInterval: 30,
    parameters: {
      line: lineOf("GPIO17"),
      open_level: number(1, "Level of the line when the door is open.", { min: 0, max: 1, isWhole: true }),
      bias: {
        kind: "choice",
        default: "up",
        choices: ["up", "down", "off", "as-is"],
        doc: "up: the contact connects the line to ground; down: to the supply.",
      },
      debounce_ms: number(20, "How long a level has to last, milliseconds.", { min: 0, max: 10_000 }),
      simulate,
      topic: outputTopic("sensors/door"),
    },
    needs: lineNeeds,
    code: door,
  },
  {
    name: "relay",
    description:
      "Switches a relay or a lamp on a GPIO line, which has a safe level while the agent does not run.",
    capabilities: ["switch", "gpio"],
    words: ["relay", "lamp"],
    pollInterval: undefined,
    parameters: {
      line: lineOf("GPIO27"),
      name: text("relay", "Name of the switch.", /^[A-Za-z0-9][\w-]{0,63}$/, "letters, digits, _ and -"),
      safe_on: flag("Whether the relay is on while the agent is paused or does not run."),
      active_low: flag("Whether the relay is on at the low level of the line."),
      simulate,
    },
    needs: lineNeeds,
    code: relay,
  },
  {
    name: "cpu_memory",
    description: "Publishes how busy the device is: processor, load, memory.",
    capabilities: ["sensor", "system"],
    words: ["cpu", "memory", "ram", "load", "processor"],
    pollInterval: 10,
    parameters: {
      topic: outputTopic("system/usage"),
      memory_alert_percent: number(
        5,
        "Raise an alert when less memory than this is available, percent; 0: never.",
        {
          min: 0,
          max: 100,
        },
      ),
    },
    needs: () => ({ permissions: { sys: ["cpus", "loadavg", "systemMemoryInfo"] } }),
    code: cpuMemory,
  },
  {
    name: "file_watcher",
    description: "Watches a file or a folder, and publishes changes.",
    capabilities: ["files"],
    words: ["file", "files", "folder", "directory"],
    pollInterval: undefined,
    parameters: {
      path: path("/var/lib/agentflow/inbox", "The file or folder; its path must not contain symbolic links."),
      recursive: number(0, "Whether to watch subfolders, too: 1 or 0.", {
        min: 0,
        max: 1,
        isWhole: true,
      }),
      topic: outputTopic("files/changed"),
    },
    needs: ({ path }) => ({ permissions: { read: [String(path)] } }),
    code: fileWatcher,
  },
];
