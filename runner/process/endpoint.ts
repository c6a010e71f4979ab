/** Which of some processes holds the other end of a connection within this machine, from Linux' `/proc`. */

/** A connection of this process. */
export interface Connection {
  /** Where it leads to. */
  readonly port: number;
  /** Its own. */
  readonly localPort: number;
}

const LISTENING = "0A";

/**
 * The process of `pids` that has accepted the connection, or listens where it waits to be accepted. Exact when asked
 * while the connection stands: its other end cannot change hands any more.
 * @returns `undefined` when it is none of them, or there is no `/proc`
 */
export function holderOf(connection: Connection, pids: readonly number[]): number | undefined {
  const inodes = new Set(["tcp", "tcp6"].flatMap((kind) => endpointInodes(readTable(kind), connection)));
  return inodes.size === 0 ? undefined : pids.find((pid) => holdsOne(pid, inodes));
}

/** The sockets that are or may become the other end, in a table as `/proc/net/tcp` has it. */
export function endpointInodes(table: string, { port, localPort }: Connection): string[] {
  return table.split("\n").slice(1).flatMap((row) => {
    const [, local = "", remote = "", state, , , , , , inode = "0"] = row.trim().split(/\s+/);
    const isEnd = portIn(local) === port && (state === LISTENING || portIn(remote) === localPort);
    return isEnd && inode !== "0" ? [inode] : [];
  });
}

/** Of `0100007F:075B`. */
function portIn(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}

function readTable(kind: string): string {
  try {
    return Deno.readTextFileSync(`/proc/self/net/${kind}`);
  } catch {
    // No such protocol here, or no /proc.
    return "";
  }
}

function holdsOne(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].some(({ name }) => inodes.has(socketAt(pid, name)));
  } catch {
    // It has ended.
    return false;
  }
}

/** The inode of a socket, or "". */
function socketAt(pid: number, fd: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? "";
  } catch {
    // It has been closed meanwhile.
    return "";
  }
}
