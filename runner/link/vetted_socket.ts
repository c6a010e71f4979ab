/** A connection to the broker that sends nothing until the other end has been vetted. */
import { createConnection } from "node:net";
import type { Duplex } from "node:stream";
import type { Address } from "../../protocol/broker/addresses.ts";
import { hasZone } from "../../protocol/broker/broker_url.ts";
import { ZoneSocket } from "../../protocol/broker/zone_socket.ts";

/**
 * @param vet called once the connection is up, with the local port; returns why it must not be used
 * @param onRefused called with that reason
 */
export function vettedSocket(
  { broker, ip }: Address,
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
  const socket = createConnection({ host: ip ?? host, port });
  // The client writes its first packet, which contains the password, at once.
  socket.cork();
  socket.once("connect", () => {
    const refusal = vet(socket.localPort ?? 0);
    if (refusal === undefined) return socket.uncork();
    onRefused(refusal);
    socket.destroy();
  });
  return socket;
}
