/** Templates of agents that watch other hosts, and messages on the broker. */
import anomaly from "../../agents/templates/anomaly.ts" with { type: "text" };
import heartbeat from "../../agents/templates/heartbeat.ts" with { type: "text" };
import httpPoller from "../../agents/templates/http_poller.ts" with { type: "text" };
import mqttBridge from "../../agents/templates/mqtt_bridge.ts" with { type: "text" };
import threshold from "../../agents/templates/threshold.ts" with { type: "text" };
import { hostOf, inputField, inputFilter, number, outputTopic, secretName, text } from "./shapes.ts";
import type { Template } from "./template.ts";

export const NETWORK: readonly Template[] = [
  {
    name: "http_poller",
    description: "Fetches a URL again and again, and publishes status, time and a value of the answer.",
    capabilities: ["http", "monitoring"],
    words: ["http", "https", "url", "website", "webpage", "endpoint", "poller"],
    pollInterval: 60,
    parameters: {
      url: text(
        "http://localhost:8080/",
        "What to fetch; a redirect is not followed.",
        /^https?:\/\/[^\s/,]+(?:\/\S*)?$/,
        "a http:// or https:// URL",
      ),
      topic: outputTopic("http/status"),
      field: text("", "What to publish of a JSON answer, as names between dots: main.temp."),
      timeout: number(10, "Seconds an answer may take.", { min: 0.1, max: 300 }),
    },
    needs: ({ url }) => ({ permissions: { net: [hostOf(String(url))] } }),
    code: httpPoller,
  },
  {
    name: "heartbeat",
    description: "Says at every beat that it is there, and whether a host answers on a TCP port.",
    capabilities: ["monitoring"],
    words: ["heartbeat", "ping", "pings", "pinger", "beat", "alive"],
    pollInterval: 10,
    parameters: {
      topic: outputTopic("heartbeat"),
      target: text(
        "",
        "HOST:PORT to connect to at each beat; without it beats alone are sent.",
        /^(?:(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5})?$/,
        "HOST:PORT",
      ),
    },
    needs: ({ target }) => target === "" ? {} : { permissions: { net: [String(target)] } },
    code: heartbeat,
  },
  {
    name: "mqtt_bridge",
    description: "Carries messages from this broker to another one, or from there to here.",
    capabilities: ["mqtt", "bridge"],
    words: ["mqtt", "bridge", "forward", "forwarder"],
    pollInterval: undefined,
    parameters: {
      url: text(
        "mqtt://localhost:1884",
        "The other broker.",
        /^mqtts?:\/\/(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/?$/,
        "a mqtt:// or mqtts:// URL of host and port",
      ),
      filter: { kind: "filter", default: "sensors/#", doc: "The messages to carry." },
      prefix: text("bridged/", "Put in front of their topics.", /^[^+#$\p{Cc}]*$/u, "the begin of a topic"),
      direction: {
        kind: "choice",
        default: "out",
        choices: ["out", "in"],
        doc: "out: from this broker to the other one; in: from there to here.",
      },
      username: text("", "User name at the other broker."),
      password_secret: secretName("Name of the secret with its password."),
    },
    needs: ({ url, password_secret }) => ({
      permissions: { net: [hostOf(String(url))] },
      install: ["npm:mqtt@5"],
      secrets: password_secret === "" ? [] : [String(password_secret)],
    }),
    code: mqttBridge,
  },
  {
    name: "anomaly",
    description: "Learns what is usual for the numbers on a topic, and raises an alert for one that is not.",
    capabilities: ["monitoring", "anomaly"],
    words: ["anomaly", "anomalies", "outlier", "outliers"],
    pollInterval: undefined,
    parameters: {
      topic: inputFilter,
      field: inputField,
      window: number(60, "How many readings make up what is usual.", { min: 2, max: 10_000, isWhole: true }),
      learn: number(20, "Readings before it judges.", { min: 2, max: 10_000, isWhole: true }),
      deviations: number(4, "Standard deviations from the mean that are still usual.", { min: 0.1 }),
      output: outputTopic("anomalies"),
    },
    needs: () => ({}),
    code: anomaly,
  },
  {
    name: "threshold",
    description: "Raises an alert when a number on a topic leaves its range, and one when it is back.",
    capabilities: ["monitoring", "alert"],
    words: ["threshold", "alert", "alerts", "alarm"],
    pollInterval: undefined,
    parameters: {
      topic: inputFilter,
      field: inputField,
      above: number(30, "Highest value that is in order; null: no bound.", { isOptional: true }),
      below: number(null, "Lowest value that is in order; null: no bound.", { isOptional: true }),
      hysteresis: number(1, "How far inside the range a value is back in order.", { min: 0 }),
      severity: {
        kind: "choice",
        default: "error",
        choices: ["info", "warning", "error"],
        doc: "Severity of the alert.",
      },
    },
    needs: () => ({}),
    code: threshold,
  },
];
