/** Which of some processes holds the other end of a connection within this machine. */
import { readSockets, socketInodes, type TcpSocket } from "./sockets.ts";

/** A connection of this process. */
export interface Connection {
  /** The port at the other end. */
  readonly port: number;
  /** Its own. */
  readonly localPort: number;
}

/**
 * The process of `pids` that has accepted the connection, or listens where it waits to be accepted. Exact while the
 * connection is open: its other end can no longer change hands.
 * @returns `undefined` when it is none of them, or without `/proc`
 */
export function holderOf(connection: Connection, pids: readonly number[]): number | undefined {
  const inodes = endpointInodes(readSockets(), connection);
  if (inodes.length === 0) return undefined;
  return pids.find((pid) => {
    const held = socketInodes(pid);
    return inodes.some((inode) => held.has(inode));
  });
}

/** The sockets that are or may become the other end. */
export function endpointInodes(sockets: readonly TcpSocket[], { port, localPort }: Connection): string[] {
  return sockets.filter((socket) =>
    socket.localPort === port && (socket.isListening || socket.remotePort === localPort)
  ).map(({ inode }) => inode);
}
