/** A member that is a process of its own. */
import { delay } from "@std/async/delay";
import mqtt from "mqtt";
import type { Member } from "./cluster.ts";

export interface ProcessOptions {
  readonly port: number;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** What must be so before clients are asked for. */
  isUp?(): Promise<boolean>;
}

/** How long a broker may take from its start until it serves clients. */
const PATIENCE_MS = 90_000;
const TRY_MS = 250;
const TRY_FOR_MS = 4000;

export class ProcessMember implements Member {
  #child: Deno.ChildProcess | undefined;

  constructor(private readonly options: ProcessOptions) {}

  get port(): number {
    return this.options.port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    const { command: [program, ...args], env, port, isUp } = this.options;
    this.#child = new Deno.Command(program, {
      args,
      ...(env === undefined ? {} : { env }),
      // Some brokers are scripts around the process that counts: all of them end together.
      detached: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const deadline = performance.now() + PATIENCE_MS;
    while (isUp !== undefined && !await isUp()) await this.#pause(deadline);
    while (!await serves(port)) await this.#pause(deadline);
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) return;
    const child = this.#child;
    this.#child = undefined;
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
    await child.status;
  }

  async #pause(deadline: number): Promise<void> {
    if (performance.now() > deadline) {
      throw new Error(
        `${this.options.command[0]} serves nobody on port ${this.port} within ${PATIENCE_MS / 1000} s`,
      );
    }
    await delay(TRY_MS);
  }
}

/** Whether a client can connect, subscribe, and get its own message: members of a cluster accept clients before that. */
export async function serves(port: number): Promise<boolean> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 4,
    clientId: `ready-${crypto.randomUUID().slice(0, 8)}`,
    reconnectPeriod: 0,
    connectTimeout: TRY_FOR_MS,
  });
  const topic = `ready/${crypto.randomUUID()}`;
  const answer = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => answer.resolve(false), TRY_FOR_MS);
  client.on("message", () => answer.resolve(true));
  for (const event of ["error", "close"] as const) client.on(event, () => answer.resolve(false));
  client.on("connect", () => {
    client.subscribe(topic, { qos: 1 }, () => client.publish(topic, "", { qos: 1 }));
  });
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    client.end(true);
  }
}
