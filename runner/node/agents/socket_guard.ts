/**
 * Ends agents that listen on the broker's port, because other programs on this machine would send them their passwords,
 * and agents whose connections hold too much data in the kernel, where it counts as no process' memory.
 */
import type { Clock } from "../../clock.ts";
import type { TcpSocket } from "../../process/sockets.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface SocketGuardParts {
  readonly clock: Clock;
  readonly agents: () => readonly SupervisedAgent[];
  readonly brokerPort: number;
  /** Whether the broker is reachable: then nobody else can listen in its place. */
  readonly isBrokerThere: () => boolean;
  /** All TCP sockets of the machine. */
  readonly sockets: () => readonly TcpSocket[];
  /** Those of a process, by inode. */
  readonly inodesOf: (pid: number) => ReadonlySet<string>;
}

const INTERVAL_MS = 250;
/** Checks are rare while the broker is reachable: the kernel takes milliseconds to list its sockets. */
const SELDOM = 20;

/** How many connections an agent may have, if the policy grants it no other hosts. */
export const MAX_CONNECTIONS = 16;
/** How much data may wait in the kernel on all connections of an agent. */
const MAX_QUEUED_MB = 16;
const MIB = 1024 * 1024;

/** The checked properties of an agent's sockets. */
interface Holding {
  readonly listensAtBroker: boolean;
  readonly count: number;
  readonly queuedMb: number;
}

export class SocketGuard {
  /** Sockets that listen on the broker's port and belong to no agent. */
  #strangers = new Set<string>();

  constructor(private readonly parts: SocketGuardParts) {}

  /** Watches all agents until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, agents, sockets, isBrokerThere } = this.parts;
    for (let round = 1; await clock.rest(INTERVAL_MS, signal); round++) {
      if (round % SELDOM !== 0 && isBrokerThere()) continue;
      const running = agents().filter(({ pid }) => pid !== undefined);
      if (running.length > 0) this.#look(running, sockets());
    }
  }

  #look(agents: readonly SupervisedAgent[], sockets: readonly TcpSocket[]): void {
    const { brokerPort, inodesOf } = this.parts;
    const listeners = sockets.filter(({ isListening, localPort }) => isListening && localPort === brokerPort);
    const isNew = listeners.some(({ inode }) => !this.#strangers.has(inode));
    // Finding the owner of a socket means checking every open file.
    if (!isNew && !mayBeTooMuch(sockets)) return;
    const byInode = new Map(sockets.map((socket) => [socket.inode, socket]));
    const byEnds = new Map(sockets.map((socket) => [endsOf(socket.localPort, socket.remotePort), socket]));
    // Unread data from a broker on this machine waits at the broker's end.
    const queuedBytes = ({ queuedBytes, localPort, remotePort }: TcpSocket) =>
      queuedBytes + (byEnds.get(endsOf(remotePort, localPort))?.queuedBytes ?? 0);
    const strangers = new Set(listeners.map(({ inode }) => inode));
    for (const agent of agents) {
      const inodes = inodesOf(agent.pid ?? 0);
      const own = [...inodes].flatMap((inode) => byInode.get(inode) ?? []);
      for (const { inode } of own) strangers.delete(inode);
      const queued = own.reduce((sum, socket) => sum + queuedBytes(socket), 0);
      judge(agent, holdingOf(own, queued, brokerPort), brokerPort);
    }
    this.#strangers = strangers;
  }
}

/** Whether any agent can exceed a limit: most machines have fewer connections than one agent may have. */
function mayBeTooMuch(sockets: readonly TcpSocket[]): boolean {
  const queued = sockets.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
  return queued > MAX_QUEUED_MB * MIB ||
    sockets.filter(({ isListening }) => !isListening).length > MAX_CONNECTIONS;
}

function endsOf(localPort: number, remotePort: number): string {
  return `${localPort}:${remotePort}`;
}

function holdingOf(own: readonly TcpSocket[], queuedBytes: number, brokerPort: number): Holding {
  return {
    listensAtBroker: own.some(({ isListening, localPort }) => isListening && localPort === brokerPort),
    count: own.length,
    queuedMb: Math.round(queuedBytes / MIB * 10) / 10,
  };
}

function judge(agent: SupervisedAgent, holding: Holding, brokerPort: number): void {
  const { listensAtBroker, count, queuedMb } = holding;
  if (listensAtBroker) endImpostor(agent, brokerPort);
  else if (count > MAX_CONNECTIONS && agent.config.permissions.net.length === 0) {
    agent.kill({ limit: "connections", measured: count, allowed: MAX_CONNECTIONS, unit: "sockets" });
  } else if (queuedMb > MAX_QUEUED_MB) {
    agent.kill({ limit: "unread data", measured: queuedMb, allowed: MAX_QUEUED_MB, unit: "MB" });
  }
}

/** Ends an agent that has taken the broker's port. */
export function endImpostor(agent: SupervisedAgent, brokerPort: number): void {
  const error = `listening limit: it listens on the broker's port ${brokerPort}`;
  agent.kill({ limit: "listening", measured: 1, allowed: 0, unit: "sockets" }, error);
}
