/** Opens and ends connections to brokers. */
import type { Duplex } from "node:stream";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import { type BrokerUrl, hasZone } from "./broker_url.ts";
import { ZoneSocket } from "./zone_socket.ts";

// Otherwise the library makes 65,536 buffers before it writes its first packet, and keeps them: one for each number of
// two bytes.
mqttPacket.writeToStream.cacheNumbers = false;

/**
 * Starts connecting.
 * @param openStream opens the connection below MQTT; default: as the URL says
 */
export function openClient(
  broker: BrokerUrl,
  options: IClientOptions,
  openStream: (() => Duplex) | undefined = hasZone(broker) ? () => new ZoneSocket(broker) : undefined,
): MqttClient {
  return openStream === undefined
    ? mqtt.connect(broker.url, options)
    : new mqtt.MqttClient(openStream, options);
}

/**
 * Ends a client's connection cleanly, even if the broker no longer answers.
 *
 * Waits for messages in flight, and then for the other side to close, at most `patienceMs` each. The client's own wait
 * has no limit.
 */
export async function endClient(client: MqttClient, patienceMs: number): Promise<void> {
  const isIdle = () => Object.keys(client.outgoing).length === 0;
  if (client.connected && !isIdle()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    // The client has processed it by the next turn of the event loop.
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
