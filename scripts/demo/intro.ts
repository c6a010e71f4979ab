/** The first lines of the demo: what the reader sees, and what to try next. Pure. */
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";

export interface Scene {
  readonly node: string;
  readonly sensor: string;
  /** The file the sensor was read from, as the reader knows it. */
  readonly file: string;
  readonly port: number;
  readonly seconds: number | undefined;
  /** Address of the dashboard, where there is one. */
  readonly dashboard: string | undefined;
}

export function intro({ node, sensor, file, port, seconds, dashboard }: Scene): string {
  const pub = (topic: string, payload: string) =>
    `  mosquitto_pub -h 127.0.0.1 -p ${port} -t ${topic} -m '${payload}'`;
  const hello = { name: "hello", code: "export const process = (agent) => agent.log('hello');" };
  const command = (word: string) => pub(topics.agentCommands(actorId(sensor)), json({ command: word }));
  const end = seconds === undefined
    ? "Press Ctrl-C to end."
    : `The demo ends after ${seconds} s, or at Ctrl-C.`;
  return `An MQTT broker and the node '${node}' run here, on port ${port} of 127.0.0.1. ${file} is sent to
${topics.node(node, "spawn")}, as any client would send it, and runs in a sandbox. All messages on the
broker are shown below: time, topic, payload. ${end}
${dashboard === undefined ? "" : `\nDashboard, with control: ${dashboard}\n`}
Try these in another terminal (Debian package mosquitto-clients):

  mosquitto_sub -h 127.0.0.1 -p ${port} -t 'sensors/#' -v
${pub(topics.node(node, "list"), "{}")}
${command("pause")}
${command("resume")}
${pub(topics.node(node, "spawn"), json(hello).replaceAll("'", `'\\''`))}
${pub(topics.node(node, "stop"), json({ name: sensor }))}
`;
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
