/** Templates of agents that watch the device they run on. */
import cpuMemory from "../../agents/templates/cpu_memory.ts" with { type: "text" };
import door from "../../agents/templates/door.ts" with { type: "text" };
import fileWatcher from "../../agents/templates/file_watcher.ts" with { type: "text" };
import humidity from "../../agents/templates/humidity.ts" with { type: "text" };
import temperature from "../../agents/templates/temperature.ts" with { type: "text" };
import { number, outputTopic, path, readingNeeds, sensorNeeds, sensorOf, text } from "./shapes.ts";
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
    name: "door",
    description: "Reads a contact on a GPIO line, and publishes when it opens or closes.",
    capabilities: ["sensor", "door", "gpio"],
    words: ["door", "window", "contact", "reed", "gpio", "button"],
    pollInterval: 1,
    parameters: {
      line: number(17, "Line of the GPIO chip.", { min: 0, max: 1023, isWhole: true }),
      chip: text("gpiochip0", "The GPIO chip.", /^[A-Za-z0-9][\w-]*$/, "the name of a GPIO chip"),
      open_level: number(1, "Value of the line when the door is open.", { min: 0, max: 1, isWhole: true }),
      topic: outputTopic("sensors/door"),
      gpioget: path("/usr/bin/gpioget", "The gpioget program."),
      libgpiod: number(1, "Major version of libgpiod: 1 on Debian 12, 2 from Debian 13 on.", {
        min: 1,
        max: 2,
        isWhole: true,
      }),
      path: path("", "File with 0 or 1 to read instead of the GPIO line."),
    },
    needs: ({ path, gpioget }) =>
      path === "" ? { permissions: { run: [String(gpioget)] } } : readingNeeds(String(path)),
    code: door,
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
