/** Opens connections to brokers. Loading this module loads the MQTT library, which takes 50 ms. */
import { createConnection, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import type { Address } from "./addresses.ts";
import { type BrokerUrl, hasZone } from "./broker_url.ts";
import { ZoneSocket } from "./zone_socket.ts";

// Otherwise the library allocates and keeps 65,536 buffers before its first packet: one for each 16-bit number.
mqttPacket.writeToStream.cacheNumbers = false;

/**
 * Starts connecting.
 * @param openStream opens the connection below MQTT; default: as the URL says
 */
export function openClient(
  broker: BrokerUrl,
  options: IClientOptions,
  openStream: (() => Duplex) | undefined = usualStream({ broker, ip: undefined, text: "" }, options),
): MqttClient {
  return openStream === undefined
    ? mqtt.connect(broker.url, options)
    : new mqtt.MqttClient(openStream, options);
}

/**
 * Starts connecting to the first address; each reconnect goes to the next.
 * @param addresses at least one
 * @param lookUpAgain the addresses of the next round, asked for once all have been tried; never rejects
 */
export function openRotating(
  addresses: readonly Address[],
  options: IClientOptions,
  lookUpAgain: () => Promise<readonly Address[]>,
): MqttClient {
  const [first] = addresses;
  if (first === undefined) throw new Error("there is no address");
  if (addresses.length === 1) return openClient(first.broker, options, usualStream(first, options));
  if (addresses.every(({ broker }) => /^mqtts?:/.test(broker.url))) {
    let round = addresses;
    let tried = 0;
    const client = new mqtt.MqttClient(
      () => streamTo(round[tried++ % round.length] ?? first, options),
      options,
    );
    client.on("close", async () => {
      if (tried < round.length || client.disconnecting) return;
      round = await lookUpAgain();
      tried = 0;
    });
    return client;
  }
  const servers = addresses.map(({ broker: { host, port, url } }) => ({
    host,
    port,
    protocol: url.slice(0, url.indexOf(":")) as "ws",
  }));
  return mqtt.connect(first.broker.url, { ...options, servers });
}

/** The connection below MQTT, where the library cannot open it by the URL. */
export function usualStream(address: Address, options: IClientOptions): (() => Duplex) | undefined {
  return address.ip === undefined && !hasZone(address.broker) ? undefined : () => streamTo(address, options);
}

function streamTo({ broker, ip }: Address, { ca, cert, key }: IClientOptions): Duplex {
  if (hasZone(broker)) return new ZoneSocket(broker);
  const { host, port } = broker;
  const place = { host: ip ?? host, port };
  if (!broker.url.startsWith("mqtts:")) return createConnection(place);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED in the environment could disable it.
  return connect({ ...place, ...servername, ...definedOf({ ca, cert, key }), rejectUnauthorized: true });
}

function definedOf(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
