/** A connection to the broker that says nothing before it is known who is at its other end. */
import { createConnection } from "node:net";
import type { Duplex } from "node:stream";
import { type BrokerUrl, hasZone } from "../../protocol/broker/broker_url.ts";
import { ZoneSocket } from "../../protocol/broker/zone_socket.ts";

/**
 * @param vet asked once the connection stands, with the port of this end; why it must not be used
 * @param onRefused told that
 */
export function vettedSocket(
  broker: BrokerUrl,
  vet: (localPort: number) => string | undefined,
  onRefused: (reason: string) => void,
): Duplex {
  if (hasZone(broker)) {
    return new ZoneSocket(broker, (localPort) => {
      const refusal = vet(localPort);
      if (refusal === undefined) return;
      onRefused(refusal);
      throw new Error(refusal);
    });
  }
  const { host, port } = broker;
  const socket = createConnection({ host, port });
  // The client writes its first packet, the password in it, at once.
  socket.cork();
  socket.once("connect", () => {
    const refusal = vet(socket.localPort ?? 0);
    if (refusal === undefined) return socket.uncork();
    onRefused(refusal);
    socket.destroy();
  });
  return socket;
}
