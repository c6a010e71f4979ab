/** A temporary node on the author's machine with its own broker, which behaves as on a device. */
import { join } from "@std/path";
import { parseBroker } from "../../../protocol/broker/broker_url.ts";
import type { Environment } from "../../../protocol/config/flag.ts";
import { startEmbeddedBroker } from "../../../runner/broker/embedded.ts";
import { systemClock } from "../../../runner/clock.ts";
import { parseCommandLine } from "../../../runner/config.ts";
import { findDeno } from "../../../protocol/deno_executable.ts";
import { createLogger } from "../../../runner/logger.ts";
import { readPolicy } from "../../../runner/policy/read.ts";
import { runNode } from "../../../runner/run_node.ts";

export interface DevNodeOptions {
  readonly name: string;
  /** The broker's port on loopback; 0 = any free port. */
  readonly port: number;
  /** Folder for agents' state; `undefined`: a temporary folder. */
  readonly stateDir: string | undefined;
  /** Additional flags of the runner. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** Receives the node's warnings. */
  readonly warn: (line: string) => void;
}

export interface DevNode extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Rejects with the reason if no agent can run here. */
  readonly ready: Promise<unknown>;
}

/** @throws ConfigError for unusable flags; Error when the port is taken */
export async function startDevNode(options: DevNodeOptions): Promise<DevNode> {
  const { name, port, env, warn } = options;
  const folder = options.stateDir === undefined
    ? await Deno.makeTempDir({ prefix: "agentflow-dev-" })
    : undefined;
  const stateDir = options.stateDir ?? join(folder ?? "", "state");
  await Deno.mkdir(stateDir, { recursive: true });
  const args = ["--broker", "embedded", "--name", name, "--state-dir", stateDir, ...options.args];
  // Hide the author's other variables from the node: they configure access to the fleet.
  const request = parseCommandLine(args, { HOME: env.HOME, XDG_CACHE_HOME: env.XDG_CACHE_HOME }, "dev");
  if (request.kind !== "run") throw new Error("unreachable: these flags ask for nothing else");
  const { config } = request;
  const policy = await readPolicy(config.policy);
  const broker = await startEmbeddedBroker({ port });
  const { node, ready } = await runNode(config, {
    broker: parseBroker("127.0.0.1", broker.port),
    access: {},
    policy,
    deno: await findDeno(config.deno, env.PATH ?? ""),
    clock: systemClock,
    log: createLogger("ERROR", warn),
    env: Deno.env.toObject(),
  });
  return {
    name,
    port: broker.port,
    ready,
    [Symbol.asyncDispose]: async () => {
      void node.close("shutdown");
      await node.closed;
      await broker.close();
      if (folder !== undefined) await Deno.remove(folder, { recursive: true });
    },
  };
}
