/** `agentflow deploy`, from its command line to its exit code. */
import { join } from "@std/path";
import { DenoBinaryError } from "../../artefact/deno_binary.ts";
import { BundleError } from "../../artefact/bundle.ts";
import { type BrokerUrl, parseBroker } from "../../bus/broker_url.ts";
import { readAccess } from "../../bus/access_files.ts";
import { ConfigError } from "../../bus/config_error.ts";
import { Bus, BusError } from "../../operator/bus.ts";
import type { RunnerConfig } from "../../runner/config.ts";
import { deploy, DeployError, type DeployResult } from "./deploy.ts";
import { Device, DeviceError } from "./device.ts";
import { deployHelp, type DeployOptions, parseDeploy } from "./options.ts";
import { SignsOfLife } from "./sign_of_life.ts";
import { Ssh, SshError } from "./ssh.ts";
import { makeWish } from "./wish.ts";

/** What the command is run with. */
export interface DeployIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The result. */
  readonly print: (line: string) => void;
  /** What happens meanwhile, and what goes wrong. */
  readonly report: (line: string) => void;
}

/** @returns the exit code */
export async function runDeploy(args: readonly string[], io: DeployIo): Promise<number> {
  try {
    const request = parseDeploy(args);
    if (request.kind === "help") {
      io.print(deployHelp());
      return 0;
    }
    const { options } = request;
    return options.action === "uninstall" ? await uninstall(options, io) : await install(options, io);
  } catch (error) {
    if (!isExpected(error)) throw error;
    io.report(`agentflow deploy: ${error.message}`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

function isExpected(error: unknown): error is Error {
  return [ConfigError, DeployError, DeviceError, SshError, BusError, BundleError, DenoBinaryError]
    .some((known) => error instanceof known);
}

async function uninstall(options: DeployOptions, io: DeployIo): Promise<number> {
  const { node, destination, json } = options;
  if (options.dryRun) throw new ConfigError("--dry-run does not go with --uninstall");
  const { found, state } = await deviceOf(options).uninstall(options.purge);
  if (json) {
    io.print(JSON.stringify({ node, host: destination, action: found ? "uninstalled" : "unchanged", state }));
    return 0;
  }
  io.print(
    found ? `Node '${node}' is gone from ${destination}` : `There is no node '${node}' on ${destination}`,
  );
  if (state !== undefined) io.print(`Its agents' state is still in ${state}: --purge removes it`);
  return 0;
}

async function install(options: DeployOptions, io: DeployIo): Promise<number> {
  const { node, destination, scope, flags, json, upgrade, dryRun, patienceMs } = options;
  const heard = options.wait && !dryRun ? brokerFromHere(options) : undefined;
  await using bus = heard === undefined ? null : await connect(heard, flags.config, io);
  const cacheDir = join(cacheFolder(io.env), "agentflow", "deploy");
  await Deno.mkdir(cacheDir, { recursive: true });
  const result = await deploy({
    device: deviceOf(options),
    host: destination,
    wishFor: (architecture) =>
      makeWish({ node, scope, flags }, architecture, {
        runner: options.runner,
        deno: options.denoFile,
        registry: io.env.NPM_CONFIG_REGISTRY,
        cacheDir,
        report: io.report,
      }),
    listen: bus === null ? undefined : () => SignsOfLife.listen(bus, node),
    report: io.report,
    releaseId: new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
    upgrade,
    dryRun,
    patienceMs,
  });
  for (const warning of result.warnings) io.report(`Warning: ${warning}`);
  if (options.wait && !dryRun && bus === null) {
    io.report(
      "Its heartbeat was not waited for: the broker is on the device itself. --via URL says how to reach it",
    );
  }
  if (json) io.print(JSON.stringify({ node, host: destination, ...result }));
  else for (const line of inWords(node, destination, result)) io.print(line);
  return 0;
}

function deviceOf({ destination, sshConfig, node, scope }: DeployOptions): Device {
  return new Device(new Ssh({ destination, configFile: sshConfig }), node, scope);
}

/** The broker as this machine reaches it; `undefined` for one that only the device does. */
function brokerFromHere({ via, flags }: DeployOptions): BrokerUrl | undefined {
  const { broker } = flags.config;
  if (via !== undefined) {
    try {
      return parseBroker(via, undefined);
    } catch (error) {
      throw new ConfigError(`--via: ${(error as Error).message}: current value is '${via}'`);
    }
  }
  if (broker === "embedded" || /^(localhost|127(\.\d+){3}|::1)$/.test(broker.host)) return undefined;
  return broker;
}

async function connect(broker: BrokerUrl, { access }: RunnerConfig, io: DeployIo): Promise<Bus> {
  const warn = (message: string) => io.report(`Warning: ${message}`);
  return await Bus.connect({ broker, access: await readAccess(access, warn) });
}

function cacheFolder({ XDG_CACHE_HOME, HOME }: DeployIo["env"]): string {
  return XDG_CACHE_HOME || (HOME ? join(HOME, ".cache") : "/tmp");
}

function inWords(node: string, host: string, result: DeployResult): string[] {
  const { action, release, heartbeat, missingAgents, architecture } = result;
  if (action === "planned") return ["Nothing was changed (--dry-run)"];
  const what = {
    installed: "is installed",
    upgraded: "is upgraded",
    started: "is started",
    unchanged: "is there as it shall be",
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
