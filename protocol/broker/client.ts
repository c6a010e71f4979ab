/** Opens and ends connections to brokers. */
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { type BrokerUrl, hasZone } from "./broker_url.ts";
import { ZoneSocket } from "./zone_socket.ts";

/** Begins to connect. */
export function openClient(broker: BrokerUrl, options: IClientOptions): MqttClient {
  return hasZone(broker)
    ? new mqtt.MqttClient(() => new ZoneSocket(broker), options)
    : mqtt.connect(broker.url, options);
}

/**
 * Ends a client's connection in order, also where the broker answers no more.
 *
 * What is under way is waited for, and then the other side's end; not longer than `patienceMs` each. A client that waits by
 * itself does so for ever.
 */
export async function endClient(client: MqttClient, patienceMs: number): Promise<void> {
  const isIdle = () => Object.keys(client.outgoing).length === 0;
  if (client.connected && !isIdle()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    // It has been taken in when the next turn comes.
    const look = () => setTimeout(() => isIdle() && resolve(), 0);
    const timer = setTimeout(resolve, patienceMs);
    client.on("packetreceive", look).once("close", resolve);
    await promise;
    clearTimeout(timer);
    client.off("packetreceive", look).off("close", resolve);
  }
  const timer = setTimeout(() => client.stream.destroy(), patienceMs);
  await client.endAsync(!client.connected || !isIdle());
  clearTimeout(timer);
}
