/** Opens connections to brokers. Loading this module loads the MQTT library, which takes 50 ms. */
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
