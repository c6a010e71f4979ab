/** A worker with a broker and light nodes: what an operator measures must not include what they do. */
import { freePort, Mosquitto } from "../../support/brokers.ts";
import { LightFleet } from "../../support/light_fleet.ts";

const scope = self as unknown as {
  readonly name: string;
  onmessage: () => void;
  postMessage(message: unknown): void;
};
// The name says how many nodes there are.
const port = freePort();
// All stand-ins share one connection, which gets as many messages at once as many nodes would.
const broker = await Mosquitto.configured(port, [
  `listener ${port} 127.0.0.1`,
  "allow_anonymous true",
  "set_tcp_nodelay true",
  "max_queued_messages 0",
  "max_inflight_messages 0",
]);
const names = Array.from(
  { length: Number(scope.name) },
  (_, index) => [`node-${index}`, { row: String(index % 10) }],
);
await LightFleet.start(broker.port, Object.fromEntries(names));
scope.postMessage(broker.port);
scope.onmessage = async () => {
  await broker[Symbol.asyncDispose]();
  scope.postMessage("ended");
};
