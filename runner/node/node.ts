/** One node: its start, its incoming messages and its end. */
import { nodeFilters } from "../../protocol/commands.ts";
import { ownFilters } from "../../protocol/topics.ts";
import type { IncomingMessage, LinkListener, RefusedFilter } from "../link/link.ts";
import type { PolicyRefusal } from "../policy/policy_enforcer.ts";
import { type Connection, holderOf } from "../process/endpoint.ts";
import type { StopReason } from "../supervisor/state.ts";
import type { UpgradeNews } from "../upgrade/upgrades.ts";
import type { AgentEvents } from "./agents/agent_events.ts";
import { endImpostor } from "./agents/socket_guard.ts";
import { assemble } from "./assembly.ts";
import type { Assembly, NodeParts } from "./node_parts.ts";
import type { PresenceProof } from "./reports/presence.ts";

/** Time for the last messages to reach the broker, in milliseconds. */
const DRAIN_MS = 5000;
/** … and for the status that a node restores when it gives up its name. */
const FAREWELL_MS = 1000;

/** How a node ended. */
export type Ending =
  | { readonly kind: "closed" }
  /** Another runner is to take over. */
  | { readonly kind: "upgraded" }
  /** Another process had its name before it; the message is for the operator. */
  | { readonly kind: "name_taken"; readonly message: string };

/** Invariant: the node answers commands whatever its agents are doing. */
export class Node implements LinkListener {
  readonly #has: Assembly;
  #looking: Promise<void> | undefined;
  readonly #life = new AbortController();
  #closing: Promise<void> | undefined;
  #resolveClosed: (ending: Ending) => void = () => {};
  #incoming = 0;
  /** Resolves when the node has ended: all agents stopped, the last messages with the broker. */
  readonly closed: Promise<Ending>;

  constructor(private readonly parts: NodeParts) {
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    this.#has = assemble(parts, {
      isClosing: () => this.#closing !== undefined,
      close: (reason, isRemoved) => void this.close(reason, { kind: "closed" }, isRemoved),
      restart: () => void this.close("shutdown", { kind: "upgraded" }),
      yieldName: (message, kept) => void this.#yield(message, kept),
    });
  }

  /** Aborted when the node starts to shut down. */
  get ending(): AbortSignal {
    return this.#life.signal;
  }

  /** Receives the events of agents. */
  get events(): AgentEvents {
    return this.#has.events;
  }

  /** What proves to another process of this name that this one is the node, and for how long. */
  presenceProof(uptime: number): PresenceProof | undefined {
    return this.#has.presence.proof(uptime);
  }

  /** What the agents of one language have installed here; may be empty for each. */
  installs(language: "python" | "typescript"): (readonly string[])[] {
    return this.#has.supervisor.agents()
      .filter(({ config }) => (config.reading === "typescript") === (language === "typescript"))
      .map(({ config }) => config.install);
  }

  /** Brings back the agents that should run here, without waiting for the broker; then listens and reports. */
  async start(): Promise<void> {
    const { link, identity } = this.parts;
    const { roster, updates, arrivals, departures, vitals, inventory, guards, homeAssistant } = this.#has;
    for (const damage of await this.#loadGenerations()) this.onProblem(damage);
    for (const restored of await roster.restore()) {
      const { agent, entry } = restored;
      if (entry.previous !== undefined) updates.begin(agent, entry.previous);
      if (entry.arriving !== undefined) void arrivals.begin(agent, entry.arriving);
      departures.recover(restored);
    }
    void link.subscribe(nodeFilters(identity.name));
    // Messages sent while this process was away are not needed.
    void link.subscribe(ownFilters(identity.name), 0);
    void homeAssistant?.start();
    void vitals.run(this.#life.signal);
    this.#looking = inventory.run(this.#life.signal);
    for (const guard of guards) void guard.run(this.#life.signal);
    void this.#guardCpu();
  }

  /** Stops all agents, reports it, and ends. Later calls have no effect. */
  close(reason: StopReason, ending: Ending = { kind: "closed" }, isRemoved = false): Promise<void> {
    return this.#closing ??= this.#close(reason, ending, isRemoved);
  }

  onMessage(message: IncomingMessage): void {
    const { log } = this.parts;
    const { presence, placements, wiretap, controller, homeAssistant } = this.#has;
    if (log.isDebug) log.debug(`in #${++this.#incoming} ${message.topic} (${message.payload.length} bytes)`);
    presence.receive(message);
    placements.receive(message);
    homeAssistant?.receive(message);
    wiretap.deliver(message);
    void controller.receive(message);
  }

  onConnected(): void {
    const { echo, presence, reporter, vitals, arrivals, fleetReports, subscriptions } = this.#has;
    subscriptions.reconnected();
    echo.connected();
    presence.connected();
    reporter.nodeStatus("online");
    vitals.reportNode();
    arrivals.connected();
    fleetReports.connected();
  }

  onRefused(refused: RefusedFilter): void {
    this.#has.ownTopics.onRefused(refused);
  }

  onDisconnected(reason: string): void {
    this.#has.presence.disconnected();
    this.parts.log.debug(`The link is down: ${reason}`);
  }

  /**
   * While a local broker is down, an agent that listens on its port would receive what is meant for the broker.
   * @returns why the connection must not be used, after ending the agent
   */
  impostorAt(connection: Connection): string | undefined {
    const running = this.#has.supervisor.agents().filter(({ pid }) => pid !== undefined);
    const pid = holderOf(connection, running.flatMap((agent) => agent.pid ?? []));
    const agent = running.find((one) => one.pid === pid);
    if (pid === undefined || agent === undefined) return undefined;
    endImpostor(agent, connection.port);
    return `agent '${agent.name}' listens on its port, and is ended`;
  }

  /** Reports that an upgrade has passed, or has been rolled back. */
  onUpgrade(message: string, news: UpgradeNews): void {
    const isBad = news.upgrade === "taken_back";
    this.parts.log[isBad ? "error" : "info"](message);
    this.#has.reporter.nodeLog(isBad ? "error" : "log", message, { ...news });
    this.parts.audit.record({ event: "upgrade", outcome: news.upgrade, reason: message });
  }

  /** Reports a problem to the operator; the node keeps running. */
  onProblem(message: string): void {
    this.parts.log.error(message);
    this.#has.reporter.nodeLog("error", message);
  }

  /** Reports that an agent's dependencies are being fetched, which takes a while. */
  onInstalling(agent: string, what: string): void {
    this.#has.reporter.nodeLog("installing", `Installing ${what} for '${agent}'`, { child_name: agent });
    this.#has.arrivals.installing(agent);
  }

  /** Records that an agent asked for more than the policy allows. */
  onPolicyRefusal(refusal: PolicyRefusal): void {
    this.#has.admissions.beyondPolicy(refusal);
  }

  async #loadGenerations(): Promise<readonly string[]> {
    try {
      return await this.#has.generations.load();
    } catch (error) {
      return [`What was kept of fleets cannot be read: ${(error as Error).message}`];
    }
  }

  async #guardCpu(): Promise<void> {
    // If no agent can run, none has to be throttled.
    if (await this.parts.mayStop().catch(() => false)) await this.#has.cpuGuard.run(this.#life.signal);
  }

  async #close(reason: StopReason, ending: Ending, isRemoved: boolean): Promise<void> {
    this.#life.abort();
    await this.#has.supervisor.stopAll(reason);
    await this.parts.openDevices.end();
    await this.#has.tasks.close();
    if (isRemoved) this.#has.homeAssistant?.remove();
    else this.#has.homeAssistant?.flush();
    if (isRemoved) this.#has.reporter.nodeRemoved();
    else this.#has.reporter.nodeOffline();
    await this.#closeLinks(DRAIN_MS);
    this.#resolveClosed(ending);
  }

  /** Leaves the name to the node that had it first, silently: any message would be attributed to that node. */
  #yield(message: string, kept?: Uint8Array): Promise<void> {
    return this.#closing ??= this.#leave(message, kept);
  }

  async #leave(message: string, kept?: Uint8Array): Promise<void> {
    this.#life.abort();
    if (kept !== undefined) this.#has.reporter.restoreStatus(kept);
    await this.#closeLinks(kept === undefined ? 0 : FAREWELL_MS);
    await this.#has.supervisor.stopAll("shutdown");
    await this.parts.openDevices.end();
    this.#resolveClosed({ kind: "name_taken", message });
  }

  async #closeLinks(drainMs: number): Promise<void> {
    await Promise.all([
      this.parts.link.close(drainMs),
      this.#has.subscriptions.close(),
      this.#closeStores(),
    ]);
    this.parts.denials[Symbol.dispose]();
    await this.parts.audit[Symbol.asyncDispose]();
    await this.#looking;
  }

  /** The registry last: it releases the folder to the next runner. */
  async #closeStores(): Promise<void> {
    this.#has.changeWindows[Symbol.dispose]();
    await this.#has.generations[Symbol.asyncDispose]();
    await this.parts.registry[Symbol.asyncDispose]();
  }
}
