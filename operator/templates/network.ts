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
    description:
      "Fetches a URL regularly, and publishes the status, the time taken and a value from the answer.",
    capabilities: ["http", "monitoring"],
    words: ["http", "https", "url", "website", "webpage", "endpoint", "poller"],
    pollInterval: 60,
    parameters: {
      url: text(
        "http://localhost:8080/",
        "URL to fetch; redirects are not followed.",
        /^https?:\/\/[^\s/,]+(?:\/\S*)?$/,
        "a http:// or https:// URL",
      ),
      topic: outputTopic("http/status"),
      field: text("", "Path in the JSON answer to publish, such as main.temp."),
      timeout: number(10, "Time limit for an answer, seconds.", { min: 0.1, max: 300 }),
    },
    needs: ({ url }) => ({ permissions: { net: [hostOf(String(url))] } }),
    code: httpPoller,
  },
  {
    name: "heartbeat",
    description: "Publishes a regular beat, and whether a host answers on a TCP port.",
    capabilities: ["monitoring"],
    words: ["heartbeat", "ping", "pings", "pinger", "beat", "alive"],
    pollInterval: 10,
    parameters: {
      topic: outputTopic("heartbeat"),
      target: text(
        "",
        "HOST:PORT to connect to at each beat; empty: only send beats.",
        /^(?:(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5})?$/,
        "HOST:PORT",
      ),
    },
    needs: ({ target }) => target === "" ? {} : { permissions: { net: [String(target)] } },
    code: heartbeat,
  },
  {
    name: "mqtt_bridge",
    description: "Forwards messages from this broker to another one, or from the other to this one.",
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
      filter: { kind: "filter", default: "sensors/#", doc: "Filter for the messages to forward." },
      prefix: text("bridged/", "Prefix for their topics.", /^[^+#$\p{Cc}]*$/u, "the beginning of a topic"),
      direction: {
        kind: "choice",
        default: "out",
        choices: ["out", "in"],
        doc: "out: from this broker to the other one; in: from the other to this one.",
      },
      username: text("", "User name on the other broker."),
      password_secret: secretName("Name of the secret that holds the password."),
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
    description: "Learns the usual range of the numbers on a topic, and raises an alert for an unusual one.",
    capabilities: ["monitoring", "anomaly"],
    words: ["anomaly", "anomalies", "outlier", "outliers"],
    pollInterval: undefined,
    parameters: {
      topic: inputFilter,
      field: inputField,
      window: number(60, "Number of last readings that define the usual range.", {
        min: 2,
        max: 10_000,
        isWhole: true,
      }),
      learn: number(20, "Readings to learn from before the first alert.", {
        min: 2,
        max: 10_000,
        isWhole: true,
      }),
      deviations: number(4, "Standard deviations from the mean that still count as usual.", { min: 0.1 }),
      output: outputTopic("anomalies"),
    },
    needs: () => ({}),
    code: anomaly,
  },
  {
    name: "threshold",
    description: "Raises an alert when a number on a topic leaves its range, and another when it is back.",
    capabilities: ["monitoring", "alert"],
    words: ["threshold", "alert", "alerts", "alarm"],
    pollInterval: undefined,
    parameters: {
      topic: inputFilter,
      field: inputField,
      above: number(30, "Highest normal value; null: no bound.", { isOptional: true }),
      below: number(null, "Lowest normal value; null: no bound.", { isOptional: true }),
      hysteresis: number(1, "How far inside the range a value must be to count as normal again.", { min: 0 }),
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
