/** The TCP sockets of this machine, from Linux' `/proc`. */

export interface TcpSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly isListening: boolean;
  /** Bytes that wait in the kernel, both ways. */
  readonly queuedBytes: number;
  readonly inode: string;
}

const LISTENING = "0A";

/** All TCP sockets of this machine; empty without `/proc`. */
export function readSockets(): TcpSocket[] {
  return ["tcp", "tcp6"].flatMap((kind) => parseSockets(readTable(kind)));
}

/** Parses a table such as `/proc/net/tcp`. Sockets without an owner are left out. */
export function parseSockets(table: string): TcpSocket[] {
  return table.split("\n").slice(1).flatMap((row) => {
    const [, local = "", remote = "", state, queues = "", , , , , inode = "0"] = row.trim().split(/\s+/);
    if (inode === "0") return [];
    // For a listening socket these numbers are its backlog and the limit of that.
    const isListening = state === LISTENING;
    const [sending = "0", unread = "0"] = queues.split(":");
    const queuedBytes = isListening ? 0 : Number.parseInt(sending, 16) + Number.parseInt(unread, 16);
    return [{ localPort: portIn(local), remotePort: portIn(remote), isListening, queuedBytes, inode }];
  });
}

/** The inodes of a process' open sockets; empty when it has ended. */
export function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const inode = socketAt(pid, name);
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    // It has ended.
  }
  return inodes;
}

function socketAt(pid: number, fd: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
  } catch {
    // It has been closed in the meantime.
    return undefined;
  }
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
