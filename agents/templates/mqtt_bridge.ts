/**
 * Forwards messages from this broker to another one (`out`), or from the other to this one (`in`).
 *
 * Messages are published under `prefix`. Two bridges in opposite directions would forward a message forever if the filter
 * of each matches what the other publishes: choose prefixes that the filters do not match.
 */
import { Buffer } from "node:buffer";
import mqtt from "mqtt";
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** The other broker: a mqtt:// or mqtts:// URL; needs the permission `net` for its host and port. */
  readonly url: string;
  /** Topic filter, at the source, for the messages to forward. */
  readonly filter: string;
  /** Prefix for their topics. */
  readonly prefix: string;
  /** `out`: from this broker to the other one. `in`: from the other to this one. */
  readonly direction: string;
  /** User name on the other broker. */
  readonly username: string;
  /** Name of the secret that holds the password. */
  readonly password_secret: string;
}

const PARAMETERS: Parameters = {
  "url": "mqtt://localhost:1884",
  "filter": "sensors/#",
  "prefix": "bridged/",
  "direction": "out",
  "username": "",
  "password_secret": "",
};

export async function setup(agent: Agent): Promise<void> {
  const { url, filter, prefix, direction, username, password_secret } = PARAMETERS;
  const client = mqtt.connect(url, {
    ...(username === "" ? {} : { username }),
    ...(password_secret === "" ? {} : { password: agent.secret(password_secret) }),
  });
  agent.signal.addEventListener("abort", () => client.end(true));
  client.on("connect", () => tell(agent, `connected to ${url}`));
  client.on("close", () => tell(agent, `no connection to ${url}`));
  // Without a listener, an error would end the agent; the client retries by itself.
  client.on("error", (error) => tell(agent, `${url}: ${error.message}`));

  if (direction === "in") {
    client.on("connect", () => client.subscribe(filter, { qos: 1 }));
    client.on("message", (topic, payload) => {
      const done = agent.publish(prefix + topic, new Uint8Array(payload));
      done.then(() => count(agent), (error) => agent.log(`Not carried: ${error.message}`));
    });
  } else {
    await agent.subscribe(filter, async (payload, topic) => {
      const body = typeof payload === "string" || payload instanceof Uint8Array
        ? payload
        : JSON.stringify(payload);
      await client.publishAsync(prefix + topic, typeof body === "string" ? body : Buffer.from(body), {
        qos: 1,
      });
      count(agent);
    });
  }
}

export function handle_task(agent: Agent): { carried: number; connection: string } {
  return { carried: agent.state.carried ?? 0, connection: agent.state.connection ?? "not connected yet" };
}

function count(agent: Agent): void {
  agent.state.carried = (agent.state.carried ?? 0) + 1;
}

/** Logs a change of the connection once, not at every attempt. */
function tell(agent: Agent, connection: string): void {
  if (agent.state.connection === connection || agent.signal.aborted) return;
  agent.state.connection = connection;
  agent.set_status(connection);
}
