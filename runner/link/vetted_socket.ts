/** A connection to the broker that says nothing before it is known who is at its other end. */
import { createConnection, type Socket } from "node:net";

/**
 * @param vet asked once the connection stands, with the port of this end; why it must not be used
 * @param onRefused told that
 */
export function vettedSocket(
  { host, port }: { readonly host: string; readonly port: number },
  vet: (localPort: number) => string | undefined,
  onRefused: (reason: string) => void,
): Socket {
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
