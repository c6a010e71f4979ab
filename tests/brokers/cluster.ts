/** A broker as the laws see it: one member, or several that know each other. */
import type { Need } from "../support/programs.ts";
import type { Lack } from "./laws/table.ts";

/** One process of a broker. */
export interface Member {
  /** Of MQTT, on loopback. */
  readonly port: number;
  /** While it runs; of a broker that a script starts, the script's. */
  readonly pid: number | undefined;
  /** Ends it without a word to anybody. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again with what it has kept. Resolves when it serves clients. */
  start(): Promise<void>;
}

/** Invariant: all members serve clients when it has been started, and all have ended when it has been disposed of. */
export interface Cluster extends AsyncDisposable {
  readonly members: readonly Member[];
}

/** A broker that the laws are tried on. */
export interface Product {
  /** As written on the command line. */
  readonly name: string;
  readonly need: Need;
  /** Whether CI tries it: the others are for those who ask for them. */
  readonly isInCi: boolean;
  /** What it says itself that it cannot do, each with the document. */
  readonly limits?: Readonly<Partial<Record<Lack, string>>>;
  /** @param folder for configuration and data; empty */
  start(folder: string): Promise<Cluster>;
}

/** How members are started and ended. */
export interface Together {
  /** What else ends with them. */
  readonly also?: readonly AsyncDisposable[];
  /** Whether the first one must serve before the others may join it. */
  readonly isFirstAlone?: boolean;
}

/** Starts `members`, and ends them together. */
export async function clusterOf(
  members: readonly Member[],
  { also = [], isFirstAlone = false }: Together = {},
): Promise<Cluster> {
  const end = async () => {
    await Promise.all(members.map((member) => member.kill()));
    for (const one of also) await one[Symbol.asyncDispose]();
  };
  try {
    const first = isFirstAlone ? members.slice(0, 1) : [];
    await first[0]?.start();
    await Promise.all(members.slice(first.length).map((member) => member.start()));
  } catch (error) {
    await end();
    throw error;
  }
  return { members, [Symbol.asyncDispose]: end };
}
