/** Builds a node from its configuration: every part is made here and passed to whom it concerns. */
import { join } from "@std/path";
import { AgentRuntime } from "./agent_runtime.ts";
import type { Clock } from "./clock.ts";
import type { RunnerConfig } from "./config.ts";
import { fetchEnv } from "./install/env.ts";
import { Installer } from "./install/installer.ts";
import type { BrokerUrl } from "./link/broker_url.ts";
import { MqttLink } from "./link/mqtt_link.ts";
import type { Logger } from "./logger.ts";
import { createIdentity } from "./node/identity.ts";
import { Node } from "./node/node.ts";
import { lastWill } from "./node/reporter.ts";
import { StateFiles } from "./store/state_files.ts";
import { VERSION } from "./version.ts";

/** What a node is built from beside its configuration. */
export interface Surroundings {
  readonly broker: BrokerUrl;
  /** Deno's executable for agents. */
  readonly deno: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The environment of this process, for fetching packages. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A node that runs. */
export interface RunningNode {
  readonly node: Node;
  /** Rejects, with the reason for the operator, when no agent can run here. */
  readonly ready: Promise<unknown>;
}

/** Starts a node: it connects at once, while what the agents need is made ready. */
export function runNode(config: RunnerConfig, surroundings: Surroundings): RunningNode {
  const { broker, deno, clock, log, env } = surroundings;
  const identity = createIdentity(config.name, broker, VERSION);
  const link = new MqttLink({
    broker,
    clientId: `agentflow-${config.name}-${identity.instance.slice(0, 8)}`,
    will: lastWill(identity, clock),
    limits: { messages: config.outboxMessages, bytes: config.outboxBytes },
    clock,
    log,
  });
  const stateFiles = new StateFiles(config.stateDir);
  const runtime = new AgentRuntime({
    node: config.name,
    broker,
    workDir: config.workDir,
    deno,
    clock,
    heapMb: config.heapMb,
    stateBytes: config.stateBytes,
    installer: new Installer({ deno, dir: join(config.workDir, "installs"), env: fetchEnv(env) }),
    stateFiles,
    peers: () => node.peers(),
    onStateDamaged: (agent, error) => node.onError(agent, { phase: "setup", severity: "warning", error }),
  });
  const { hangTimeoutMs } = config;
  const node: Node = new Node({ identity, clock, log, link, runtime, stateFiles, hangTimeoutMs });
  node.start();
  void link.run(node);
  return { node, ready: runtime.prepared };
}
