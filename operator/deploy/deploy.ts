/** Installs or upgrades a node on a device, unless it is already up to date. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { HEARTBEAT_INTERVAL_MS } from "../../protocol/heartbeat.ts";
import type { Architecture } from "../release/platforms.ts";
import { type Release, releaseOf, type Shipment, type Wish } from "./desired.ts";
import { blobsOf, type Device, StartError } from "./device.ts";
import type { Observed } from "./observed.ts";
import { architectureFor, missingGroups, type Plan, planDeploy } from "./plan.ts";
import type { Heartbeat, SignsOfLife } from "./sign_of_life.ts";

/** The deployment failed; the message says why, and what to do. */
export class DeployError extends ExpectedError {
  override name = "DeployError";
}

export interface DeployParts {
  readonly device: Device;
  /** Address of the device, for messages. */
  readonly host: string;
  /** The requested node, for the device's architecture. */
  readonly wishFor: (architecture: Architecture) => Promise<Wish>;
  /** Listens for its heartbeat; `undefined`: do not wait for one. */
  readonly listen: (() => Promise<SignsOfLife & Disposable>) | undefined;
  /** Tells the operator what is happening. */
  readonly report: (message: string) => void;
  /** Name for the new release. */
  readonly releaseId: string;
  readonly upgrade: boolean;
  readonly dryRun: boolean;
  /** Aborted when the operator interrupts the deployment. */
  readonly signal: AbortSignal;
  /** How long a node may take from its start to its heartbeat, milliseconds. */
  readonly patienceMs: number;
}

export interface DeployResult {
  readonly action: "installed" | "upgraded" | "started" | "unchanged" | "planned";
  readonly architecture: Architecture;
  /** What differed. */
  readonly changes: readonly string[];
  /** The release in use. */
  readonly release: string | undefined;
  /** `undefined` if we did not wait for it. */
  readonly heartbeat: Heartbeat | undefined;
  /** Agents that ran before the deployment and have not been seen since. */
  readonly missingAgents: readonly string[];
  /** What the operator should know. */
  readonly warnings: readonly string[];
}

/**
 * @throws DeployError when the node cannot be brought into the requested state
 * @throws SshError, DeviceError, BusError, DenoBinaryError
 */
export async function deploy(parts: DeployParts): Promise<DeployResult> {
  const { device, host, report } = parts;
  report(`Looking at ${host}`);
  const first = await device.observe(undefined);
  const found = architectureFor(first);
  if ("problem" in found) throw new DeployError(`Cannot deploy to ${host}: ${found.problem}`);
  const { architecture } = found;
  report(`${host} is ${architecture} with ${first.libc}, user ${first.user}`);
  const wish = await parts.wishFor(architecture);
  const observed = await device.observe(blobsOf(wish));
  const release = releaseOf(wish, observed);
  const plan = planDeploy(release, observed, parts.upgrade);
  if (plan.kind === "refuse") throw new DeployError(`Cannot deploy to ${host}: ${plan.reason}`);
  return await new Deployment(parts, architecture, release, observed).carryOut(plan);
}

/** One deployment in progress. */
class Deployment {
  readonly #warnings: string[] = [];

  constructor(
    private readonly parts: DeployParts,
    private readonly architecture: Architecture,
    private readonly release: Release,
    private readonly observed: Observed,
  ) {}

  async carryOut(plan: Exclude<Plan, { kind: "refuse" }>): Promise<DeployResult> {
    const missing = missingGroups(this.release.wish, this.observed);
    if (missing !== undefined) this.#warnings.push(missing);
    const { dryRun, report } = this.parts;
    if (dryRun && plan.kind !== "nothing") {
      for (const line of describe(plan)) report(line);
      return this.#result("planned", { changes: plan.kind === "install" ? plan.changes : [] });
    }
    switch (plan.kind) {
      case "nothing":
        report("Nothing to change");
        return this.#result("unchanged", { heartbeat: await this.#heartbeatOfRunning() });
      case "start":
        return await this.#start(plan.lingers);
      case "install":
        return await this.#install(plan);
      default:
        return plan satisfies never;
    }
  }

  async #start(lingers: boolean): Promise<DeployResult> {
    const { device, report } = this.parts;
    using signs = await this.parts.listen?.() ?? null;
    await this.#ensureLinger(lingers);
    if (this.observed.isActive && this.observed.isEnabled) {
      return this.#result("unchanged", { heartbeat: await this.#heartbeatOfRunning() });
    }
    report("Everything is installed, but the service is not running: starting it");
    await this.#orExplain(() => device.start());
    return this.#result("started", { heartbeat: await this.#comesUp(signs, this.observed.current) });
  }

  async #install({ changes, uploads, previous, lingers }: Plan & { kind: "install" }): Promise<DeployResult> {
    const { device, releaseId, report } = this.parts;
    using signs = await this.parts.listen?.() ?? null;
    const before = previous === undefined ? undefined : await this.#agentsBefore(signs);
    report(`To do: ${changes.join(", ")}`);
    report(`Uploading ${sizeOf(uploads)}`);
    await device.receive(releaseId, this.release, uploads);
    await this.#selfTest();
    await this.#ensureLinger(lingers);
    report(previous === undefined ? "Starting the service" : "Switching over");
    let heartbeat: Heartbeat | undefined;
    try {
      await device.activate(releaseId);
      heartbeat = await this.#comesUp(signs, releaseId);
    } catch (error) {
      if (this.parts.signal.aborted) throw this.#interrupted(previous);
      if (previous !== undefined) throw await this.#goBack(previous, error as Error);
      if (error instanceof StartError) throw this.#notStarted(error);
      throw error;
    }
    const missingAgents = await this.#missingAgents(signs, before ?? []);
    await device.tidy(releaseId, previous);
    return this.#result(previous === undefined ? "installed" : "upgraded", {
      changes,
      release: releaseId,
      heartbeat: heartbeat && await signs?.wait(releaseId, () => true, 0),
      missingAgents,
    });
  }

  async #selfTest(): Promise<void> {
    const { device, releaseId, report } = this.parts;
    report("Running the self-test there");
    try {
      const lines = await device.selfTest(releaseId);
      report(`Self-test: ${lines.at(-1) ?? ""}`);
    } catch (error) {
      await device.discard(releaseId);
      throw error;
    }
  }

  /** Without lingering, the service ends with the user's last session and does not start at boot. */
  async #ensureLinger(lingers: boolean): Promise<void> {
    if (lingers || await this.parts.device.enableLinger()) return;
    this.#warnings.push(
      `The node ends when ${this.observed.user} logs out, and does not start at boot: run there as root ` +
        `loginctl enable-linger ${this.observed.user}`,
    );
  }

  /** @throws DeployError when that release sends no heartbeat in time, or its service has ended */
  async #comesUp(signs: SignsOfLife | null, release: string | undefined): Promise<Heartbeat | undefined> {
    if (signs === null) return undefined;
    const { report, patienceMs, device } = this.parts;
    report("Waiting for its heartbeat");
    let isActive = true;
    for (let leftMs = patienceMs; leftMs > 0 && isActive; leftMs -= LOOK_MS) {
      const heartbeat = await signs.wait(release, () => true, Math.min(leftMs, LOOK_MS));
      if (heartbeat !== undefined && await this.#stays(signs, release)) return heartbeat;
      if (this.parts.signal.aborted) throw new DeployError("Interrupted before its heartbeat came");
      ({ isActive } = await device.observe(undefined));
    }
    const why = this.#whySilent(signs.rival(release), isActive);
    throw new DeployError(`${why} Its log says:\n${await device.journal()}`);
  }

  /** If two nodes share a name, the later one ends soon after its first heartbeat. */
  async #stays(signs: SignsOfLife, release: string | undefined): Promise<boolean> {
    if (signs.rival(release) === undefined) return true;
    this.parts.report("Another node with this name is online: waiting to see which one stays");
    await signs.wait(release, () => signs.rival(release) === undefined, HEARTBEAT_MS);
    return (await this.parts.device.observe(undefined)).isActive;
  }

  /** @param rival instance of another node with the same name */
  #whySilent(rival: string | undefined, isActive: boolean): string {
    const { host, patienceMs } = this.parts;
    const { node } = this.release.wish;
    if (rival !== undefined) {
      return `Another node called '${node}' is online at the broker (instance ${rival.slice(0, 8)}): ` +
        "of two nodes with one name, the later one ends: give this one another name, or stop the other.";
    }
    return isActive
      ? `Node '${node}' runs on ${host}, but the broker has no heartbeat of it after ${
        patienceMs / 1000
      } s: can ` +
        `${host} reach the broker?`
      : `Node '${node}' has ended on ${host} before its heartbeat came.`;
  }

  async #heartbeatOfRunning(): Promise<Heartbeat | undefined> {
    using signs = await this.parts.listen?.() ?? null;
    return await this.#comesUp(signs, this.observed.current);
  }

  /** Waits for one heartbeat, which lists the node's agents. */
  async #agentsBefore(signs: SignsOfLife | null): Promise<readonly string[]> {
    if (signs === null || !this.observed.isActive) return [];
    return (await signs.wait(this.observed.current, () => true, HEARTBEAT_MS))?.agents ?? [];
  }

  async #missingAgents(
    signs: SignsOfLife | null,
    before: readonly string[],
  ): Promise<string[]> {
    if (signs === null || before.length === 0) return [];
    const areBack = ({ agents }: Heartbeat) => before.every((agent) => agents.includes(agent));
    const heartbeat = await signs.wait(this.parts.releaseId, areBack, this.parts.patienceMs);
    return before.filter((agent) => !heartbeat?.agents.includes(agent));
  }

  /** Reports immediately: an operator who interrupts may not wait for the final error. */
  #interrupted(previous: string | undefined): DeployError {
    const before = previous === undefined ? "" : `; the previous release is ${previous}`;
    const message =
      `Interrupted: release ${this.parts.releaseId} is installed, but has not proved itself${before}. ` +
      "Run deploy again to check it";
    this.parts.report(message);
    return new DeployError(message);
  }

  /** @returns what to tell the operator */
  async #goBack(previous: string, reason: Error): Promise<Error> {
    const { device, releaseId, report } = this.parts;
    report("The new release does not come up: rolling back");
    const what = reason instanceof StartError ? this.#notStarted(reason).message : reason.message;
    try {
      await device.activate(previous);
      await device.discard(releaseId);
    } catch (error) {
      return new DeployError(
        `${what}\nThe previous release does not come up either: ${(error as Error).message}`,
      );
    }
    return new DeployError(`${what}\nThe previous release (${previous}) is running again`);
  }

  async #orExplain(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw error instanceof StartError ? this.#notStarted(error) : error;
    }
  }

  #notStarted(error: StartError): DeployError {
    const { node } = this.release.wish;
    return new DeployError(`Node '${node}' does not start on ${this.parts.host}:\n${error.message}`);
  }

  #result(action: DeployResult["action"], more: Partial<DeployResult>): DeployResult {
    return {
      action,
      architecture: this.architecture,
      changes: [],
      release: this.observed.current,
      heartbeat: undefined,
      missingAgents: [],
      warnings: this.#warnings,
      ...more,
    };
  }
}

/** How often to check that the service still runs. */
const LOOK_MS = 5000;
/** A little longer than the heartbeat interval. */
const HEARTBEAT_MS = HEARTBEAT_INTERVAL_MS + 2000;

function describe(plan: Exclude<Plan, { kind: "refuse" | "nothing" }>): string[] {
  if (plan.kind === "start") return ["Would start the service, and change nothing else"];
  return [
    `Would ${plan.previous === undefined ? "install" : "change"}: ${plan.changes.join(", ")}`,
    `Would upload ${sizeOf(plan.uploads)}, test it there, and start it`,
  ];
}

function sizeOf(uploads: readonly Shipment[]): string {
  if (uploads.length === 0) return "settings only (the programs are already there)";
  const mib = uploads.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 / 1024;
  return `${uploads.map(({ name }) => name).join(" and ")} (${mib.toFixed(1)} MiB)`;
}
