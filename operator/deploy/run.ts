/** Runs `agentflow deploy` and reports the outcome. */
import { join } from "@std/path";
import { type BrokerUrl, parseBroker } from "../../protocol/broker/broker_url.ts";
import { readAccess } from "../../protocol/broker/access_files.ts";
import { isLoopback } from "../../protocol/broker/loopback.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { Environment } from "../../protocol/config/flag.ts";
import { Bus } from "../bus.ts";
import type { RunnerConfig } from "../../runner/config.ts";
import { deploy, type DeployResult } from "./deploy.ts";
import type { Wish } from "./desired.ts";
import { Device } from "./device.ts";
import type { DeployOptions } from "./options.ts";
import { SignsOfLife } from "./sign_of_life.ts";
import { Ssh } from "./ssh.ts";
import { makeWish } from "./wish.ts";

/** The environment the command runs in. */
export interface DeployIo {
  readonly env: Environment;
  /** Reports progress to the operator. */
  readonly report: (line: string) => void;
  /** Aborted when the operator interrupts the command. */
  readonly signal: AbortSignal;
  /** Keeps several deployments from preparing the same files at once. */
  readonly inTurn?: (work: () => Promise<Wish>) => Promise<Wish>;
}

/** The outcome, for programs and for people. */
export interface DeployOutcome {
  readonly json: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
}

/** @throws ConfigError, BusError, and any failure of the deployment, with messages for the operator */
export async function runDeploy(options: DeployOptions, io: DeployIo): Promise<DeployOutcome> {
  return options.action === "uninstall" ? await uninstall(options, io) : await install(options, io);
}

async function uninstall(options: DeployOptions, { signal }: DeployIo): Promise<DeployOutcome> {
  const { node, destination, purge } = options;
  const { found, state } = await deviceOf(options, signal).uninstall(purge);
  return {
    json: { ok: true, node, host: destination, action: found ? "uninstalled" : "unchanged", state },
    words: [
      found
        ? `Node '${node}' has been removed from ${destination}`
        : `There is no node '${node}' on ${destination}`,
      ...(state === undefined ? [] : [`Its agents' state is still in ${state}: --purge removes it`]),
    ],
  };
}

async function install(options: DeployOptions, io: DeployIo): Promise<DeployOutcome> {
  const { node, destination } = options;
  const result = await deployNode(options, io);
  return {
    json: { ok: true, node, host: destination, ...result },
    words: inWords(node, destination, result),
  };
}

/** Brings the node to its device, unless it is there. @throws as `runDeploy` */
export async function deployNode(options: DeployOptions, io: DeployIo): Promise<DeployResult> {
  const { node, destination, scope, flags, upgrade, dryRun, patienceMs } = options;
  await using bus = dryRun ? null : await busFor(options, io);
  const inTurn = io.inTurn ?? ((work) => work());
  const cacheDir = join(cacheFolder(io.env), "agentflow", "deploy");
  await Deno.mkdir(cacheDir, { recursive: true });
  const result = await deploy({
    device: deviceOf(options, io.signal),
    host: destination,
    wishFor: (architecture) =>
      inTurn(() =>
        makeWish({ node, scope, flags }, architecture, {
          runner: options.runner,
          deno: options.denoFile,
          env: io.env,
          signal: io.signal,
          cacheDir,
          report: io.report,
        })
      ),
    listen: bus === null ? undefined : () => SignsOfLife.listen(bus, node, io.signal),
    report: io.report,
    releaseId: new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
    upgrade,
    dryRun,
    signal: io.signal,
    patienceMs,
  });
  for (const warning of result.warnings) io.report(`Warning: ${warning}`);
  if (options.wait && !dryRun && bus === null) {
    io.report(
      "Did not wait for its heartbeat: the broker is on the device itself. Give --via URL to say how to reach it",
    );
  }
  return result;
}

/** @returns `null` if nobody is to wait, or if only the device can reach the broker @throws BusError */
export async function busFor(options: DeployOptions, io: DeployIo): Promise<Bus | null> {
  const heard = options.wait ? brokerFromHere(options) : undefined;
  return heard === undefined ? null : await connect(heard, options.flags.config, io);
}

export function deviceOf(
  { destination, sshConfig, node, scope }: DeployOptions,
  signal: AbortSignal,
): Device {
  return new Device(new Ssh({ destination, configFile: sshConfig, signal }), node, scope);
}

/** The broker's address from this machine; `undefined` if only the device can reach it. */
function brokerFromHere({ via, flags }: DeployOptions): BrokerUrl | undefined {
  const { broker } = flags.config;
  if (via !== undefined) {
    try {
      return parseBroker(via, undefined);
    } catch (error) {
      throw new ConfigError(`--via: ${(error as Error).message}: current value is '${via}'`);
    }
  }
  if (broker === "embedded" || isLoopback(broker.host)) return undefined;
  return broker;
}

async function connect(broker: BrokerUrl, { access }: RunnerConfig, io: DeployIo): Promise<Bus> {
  const warn = (message: string) => io.report(`Warning: ${message}`);
  return await Bus.connect({ broker, access: await readAccess(access, warn) });
}

export function cacheFolder({ XDG_CACHE_HOME, HOME }: DeployIo["env"]): string {
  return XDG_CACHE_HOME || (HOME ? join(HOME, ".cache") : "/tmp");
}

function inWords(node: string, host: string, result: DeployResult): string[] {
  const { action, release, heartbeat, missingAgents, architecture } = result;
  if (action === "planned") return ["Nothing was changed (--dry-run)"];
  const what = {
    installed: "is installed",
    upgraded: "is upgraded",
    started: "is started",
    unchanged: "is already up to date",
  }[action];
  const lines = [`Node '${node}' ${what} on ${host} (${architecture}, release ${release})`];
  if (heartbeat !== undefined) {
    const { version, agents, instance } = heartbeat;
    const running = agents.length === 0 ? "no agents" : `agents: ${agents.join(", ")}`;
    lines.push(`Heartbeat: agentflow-node ${version}, instance ${instance.slice(0, 8)}, ${running}`);
  }
  if (missingAgents.length > 0) {
    lines.push(`Not seen running again yet: ${missingAgents.join(", ")}: look at their errors`);
  }
  return lines;
}
