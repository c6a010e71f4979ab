/** The source of the modules that the harnesses of both languages load, carried by the runner. */
import agentTopics from "../../protocol/agent_topics.ts" with { type: "text" };
import gpioLines from "../../protocol/devices/gpio.ts" with { type: "text" };
import sensors from "../../protocol/devices/sensors.ts" with { type: "text" };
import i2cAddresses from "../../protocol/devices/i2c.ts" with { type: "text" };
import serialOptions from "../../protocol/devices/serial.ts" with { type: "text" };
import pwmOptions from "../../protocol/devices/pwm.ts" with { type: "text" };
import spiOptions from "../../protocol/devices/spi.ts" with { type: "text" };
import frames from "../../protocol/frames.ts" with { type: "text" };
import json from "../../protocol/json.ts" with { type: "text" };
import lines from "../../protocol/lines.ts" with { type: "text" };
import names from "../../protocol/names.ts" with { type: "text" };
import readings from "../../protocol/readings.ts" with { type: "text" };
import patterns from "../../protocol/patterns.ts" with { type: "text" };
import sourceText from "../../protocol/source_text.ts" with { type: "text" };
import spelling from "../../protocol/spelling.ts" with { type: "text" };
import topics from "../../protocol/topics.ts" with { type: "text" };
import activity from "../../agents/harness/activity.ts" with { type: "text" };
import api from "../../agents/harness/api.ts" with { type: "text" };
import clock from "../../agents/harness/clock.ts" with { type: "text" };
import redirect from "../../agents/harness/console.ts" with { type: "text" };
import deviceParts from "../../agents/harness/device_parts.ts" with { type: "text" };
import devices from "../../agents/harness/devices.ts" with { type: "text" };
import errors from "../../agents/harness/errors.ts" with { type: "text" };
import functions from "../../agents/harness/functions.ts" with { type: "text" };
import gpio from "../../agents/harness/gpio.ts" with { type: "text" };
import harness from "../../agents/harness/harness.ts" with { type: "text" };
import i2c from "../../agents/harness/i2c.ts" with { type: "text" };
import load from "../../agents/harness/load.ts" with { type: "text" };
import loop from "../../agents/harness/loop.ts" with { type: "text" };
import namesInCode from "../../agents/harness/names_in_code.ts" with { type: "text" };
import payload from "../../agents/harness/payload.ts" with { type: "text" };
import pipe from "../../agents/harness/pipe.ts" with { type: "text" };
import pwm from "../../agents/harness/pwm.ts" with { type: "text" };
import remarks from "../../agents/harness/remarks.ts" with { type: "text" };
import requests from "../../agents/harness/requests.ts" with { type: "text" };
import serial from "../../agents/harness/serial.ts" with { type: "text" };
import spi from "../../agents/harness/spi.ts" with { type: "text" };
import stateFile from "../../agents/harness/state_file.ts" with { type: "text" };
import switches from "../../agents/harness/switches.ts" with { type: "text" };
import tasks from "../../agents/harness/tasks.ts" with { type: "text" };
import typescriptCode from "../../agents/harness/typescript_code.ts" with { type: "text" };

export const SHARED_HARNESS: Readonly<Record<string, string>> = {
  "protocol/agent_topics.ts": agentTopics,
  "protocol/devices/gpio.ts": gpioLines,
  "protocol/devices/sensors.ts": sensors,
  "protocol/devices/i2c.ts": i2cAddresses,
  "protocol/devices/serial.ts": serialOptions,
  "protocol/devices/pwm.ts": pwmOptions,
  "protocol/devices/spi.ts": spiOptions,
  "protocol/frames.ts": frames,
  "protocol/patterns.ts": patterns,
  "protocol/json.ts": json,
  "protocol/lines.ts": lines,
  "protocol/names.ts": names,
  "protocol/readings.ts": readings,
  "protocol/source_text.ts": sourceText,
  "protocol/spelling.ts": spelling,
  "protocol/topics.ts": topics,
  "agents/harness/activity.ts": activity,
  "agents/harness/api.ts": api,
  "agents/harness/clock.ts": clock,
  "agents/harness/console.ts": redirect,
  "agents/harness/device_parts.ts": deviceParts,
  "agents/harness/devices.ts": devices,
  "agents/harness/errors.ts": errors,
  "agents/harness/functions.ts": functions,
  "agents/harness/gpio.ts": gpio,
  "agents/harness/harness.ts": harness,
  "agents/harness/i2c.ts": i2c,
  "agents/harness/load.ts": load,
  "agents/harness/loop.ts": loop,
  "agents/harness/names_in_code.ts": namesInCode,
  "agents/harness/payload.ts": payload,
  "agents/harness/pipe.ts": pipe,
  "agents/harness/pwm.ts": pwm,
  "agents/harness/remarks.ts": remarks,
  "agents/harness/requests.ts": requests,
  "agents/harness/serial.ts": serial,
  "agents/harness/spi.ts": spi,
  "agents/harness/state_file.ts": stateFile,
  "agents/harness/switches.ts": switches,
  "agents/harness/tasks.ts": tasks,
  "agents/harness/typescript_code.ts": typescriptCode,
};
