/** What a roll-out does to the devices of an inventory. A device keeps the release before, so it can go back. */
import { pause } from "../../protocol/abort.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";
import { HEARTBEAT_INTERVAL_MS } from "../../protocol/heartbeat.ts";
import type { Work } from "../rollout/executor.ts";
import { inTurns } from "../rollout/in_turns.ts";
import type { Outcome } from "../rollout/state.ts";
import type { DeployResult } from "./deploy.ts";
import type { DeployOptions } from "./options.ts";
import { busFor, type DeployIo, deployNode, deviceOf } from "./run.ts";
import { type Heartbeat, SignsOfLife } from "./sign_of_life.ts";
import { SshError } from "./ssh.ts";

/** A device to change. */
export interface Target {
  readonly options: DeployOptions;
  /** The release that it had before; `undefined`: none. */
  readonly before: string | undefined;
  readonly isOff: boolean;
}

/** How many devices are changed, or looked at, at once: each gets up to 100 MiB. */
export const MAX_AT_ONCE = 8;
/** How often the nodes of a wave are looked at during its soak. */
const LOOK_MS = 30_000;

/** Invariant: what has become of a device is in `results` once its node is up. */
export class DeployWork implements Work {
  readonly results = new Map<string, DeployResult>();

  constructor(
    private readonly targets: ReadonlyMap<string, Target>,
    private readonly ioOf: (node: string) => DeployIo,
  ) {}

  look(): Promise<readonly string[]> {
    return Promise.resolve([...this.targets].flatMap(([node, { isOff }]) => isOff ? [node] : []));
  }

  async change(
    nodes: readonly string[],
    _changed: readonly string[],
    tell: (outcomes: Readonly<Record<string, Outcome>>) => void,
  ): Promise<void> {
    tell(Object.fromEntries(
      await inTurns(nodes, MAX_AT_ONCE, async (node) => [node, await this.#changed(node)] as const),
    ));
  }

  async soak(
    nodes: readonly string[],
    untilMs: number,
    tell: (node: string, why: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let leftMs = untilMs - Date.now(); leftMs > 0 && !signal.aborted; leftMs = untilMs - Date.now()) {
      await pause(Math.min(leftMs, LOOK_MS), signal);
      if (signal.aborted) return;
      await inTurns(nodes, MAX_AT_ONCE, async (node) => {
        const why = await this.#problem(node);
        if (why !== undefined) tell(node, why);
      });
    }
  }

  async restore(nodes: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const failures = await inTurns(
      nodes,
      MAX_AT_ONCE,
      async (node) => [node, await this.#goBack(node)] as const,
    );
    return Object.fromEntries(failures.flatMap(([node, why]) => why === undefined ? [] : [[node, why]]));
  }

  async #changed(node: string): Promise<Outcome> {
    try {
      const result = await deployNode(this.#target(node).options, this.ioOf(node));
      this.results.set(node, result);
      const { missingAgents: missing } = result;
      return missing.length === 0
        ? { kind: "ok" }
        : { kind: "failed", why: `not running again: ${missing.join(", ")}` };
    } catch (error) {
      if (error instanceof SshError) return { kind: "pending", why: `${error.message}: deploy again later` };
      return { kind: "failed", why: wordsOf(error) };
    }
  }

  /** What is wrong with a node since it was changed. */
  async #problem(node: string): Promise<string | undefined> {
    const { options } = this.#target(node);
    const result = this.results.get(node);
    if (result === undefined) return undefined;
    try {
      const { isActive, current } = await deviceOf(options, this.ioOf(node).signal).observe([]);
      if (!isActive) return "its service has ended";
      if (current !== result.release) return `it runs release ${current ?? "?"}`;
      return result.heartbeat === undefined ? undefined : await this.#change(node, result.heartbeat);
    } catch (error) {
      return wordsOf(error);
    }
  }

  /** @param before its first heartbeat with the new release */
  async #change(node: string, before: Heartbeat): Promise<string | undefined> {
    const io = this.ioOf(node);
    await using bus = await busFor(this.#target(node).options, io);
    if (bus === null) return undefined;
    using signs = await SignsOfLife.listen(bus, node, io.signal);
    const now = await signs.wait(before.release, () => true, 2 * HEARTBEAT_INTERVAL_MS);
    if (now === undefined) return "it sends no heartbeat";
    if (now.instance !== before.instance) return "it was restarted";
    const gone = before.agents.filter((agent) => !now.agents.includes(agent));
    return gone.length === 0 ? undefined : `not running any more: ${gone.join(", ")}`;
  }

  /** @returns why it does not */
  async #goBack(node: string): Promise<string | undefined> {
    const { options, before } = this.#target(node);
    const { release } = this.results.get(node) ?? {};
    try {
      const device = deviceOf(options, this.ioOf(node).signal);
      const { current } = await device.observe([]);
      // It has gone back by itself, or was never changed.
      if (current === undefined || current === before || current !== (release ?? current)) return undefined;
      if (before === undefined) {
        return `it had no node before, and keeps this one: agentflow deploy ${node} --to ${options.destination} --uninstall`;
      }
      await device.activate(before);
      return undefined;
    } catch (error) {
      return wordsOf(error);
    }
  }

  #target(node: string): Target {
    const target = this.targets.get(node);
    if (target === undefined) throw new Error(`there is no device ${node}`);
    return target;
  }
}

/** @throws what is no failure of a device */
function wordsOf(error: unknown): string {
  if (error instanceof ExpectedError) return error.message;
  throw error;
}
