/**
 * Moves agents from here to another node, so that none is lost and none runs twice.
 *
 * This node records that the agent leaves, holds it, and sends its config and persisted state to the target. Once the
 * target is seen running it (with `--trust`: has signed that it has arrived), this node records that it has released
 * the agent (the point of no return), ends its own instance, and tells the target to begin. Before that point, any
 * failure leaves the agent here. A cooperative target does not call `process()` before this node's decision: the
 * record here decides, whatever crashes in between.
 */
import { type Move, type Progress, progressText } from "../../../protocol/signing/statements.ts";
import { epochAfterMove } from "../../../protocol/placement.ts";
import { topics } from "../../../protocol/topics.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Manifests } from "../agents/manifests.ts";
import type { NodeKey } from "../../trust/node_key.ts";
import { packHandOver } from "./hand_over.ts";
import type { Peers } from "./peers.ts";
import { readSign, type Sign, signsOf } from "./signs.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Restored, Roster } from "../agents/roster.ts";
import type { Tasks } from "../agents/tasks.ts";
import { checkTarget, DepartureError, type Target } from "./target_check.ts";
import { TargetLine } from "./target_line.ts";
import type { Wiretap } from "./wiretap.ts";

export interface DepartureParts {
  readonly node: string;
  readonly link: Link;
  readonly clock: Clock;
  readonly roster: Roster;
  readonly reporter: Reporter;
  readonly stateFiles: StateFiles;
  readonly manifests: Manifests;
  readonly tasks: Tasks;
  readonly wiretap: Wiretap;
  readonly key: NodeKey;
  readonly peers: Peers;
  readonly timeoutMs: number;
}

/** While the target reports that it installs, the time limit is this many times longer. */
const INSTALL_FACTOR = 10;

type HandOverResult =
  | { readonly kind: "arrived" }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "late"; readonly hint: string }
  /** The agent did not finish its work in time, and was not sent. */
  | { readonly kind: "busy" }
  | { readonly kind: "ended" };

/** The command to move an agent. */
export interface Order {
  /** In its signed form, if it was signed: for a target that wants to see it. */
  readonly jws: string | undefined;
  /** The agent's epoch on the target; 0 if the sender knows no epochs. */
  readonly epoch: number;
}

interface Departure extends Target {
  readonly id: string;
  readonly agent: SupervisedAgent;
  readonly target: string;
  readonly order: Order;
}

/** A move in progress: which target must report, about which hand-over, and the callback. */
interface Expected {
  readonly target: string;
  readonly handOver: string;
  readonly onSign: (sign: Sign) => void;
}

/** The target's report about an agent that is moving there. */
export interface Report {
  readonly id: string;
  readonly agent: string;
  /** The node that claims to have sent it. */
  readonly from: string;
  /** Derived for older nodes, which do not send it. */
  readonly progress: Progress;
  readonly reason: string;
  readonly handOver: string;
  readonly seal: unknown;
}

/** Invariant: an agent is on at most one move at a time. */
export class Departures {
  readonly #moving = new Map<string, string>();
  /** By the id of the move. */
  readonly #expected = new Map<string, Expected>();

  readonly #target: TargetLine;

  constructor(private readonly parts: DepartureParts) {
    this.#target = new TargetLine(parts);
  }

  /**
   * Moves an agent. Resolves once it is the target's.
   * @throws DepartureError when it stays
   */
  async move(agent: SupervisedAgent, target: string, order: Order): Promise<void> {
    if (this.#moving.has(agent.name)) throw new DepartureError(`Agent '${agent.name}' is already moving`);
    if (agent.state.passage !== "open") {
      throw new DepartureError(`Agent '${agent.name}' has not arrived here yet`);
    }
    const id = crypto.randomUUID();
    this.#moving.set(agent.name, id);
    try {
      const found = await checkTarget(
        { id, agent: agent.name, from: this.parts.node, to: target },
        this.parts,
      );
      await this.#depart({ id, agent, target, order, ...found });
    } catch (error) {
      if (error instanceof DepartureError) throw error;
      // For example an unreadable state file: the agent must not stay held for ever.
      this.#stay(agent);
      throw new DepartureError(`Cannot migrate '${agent.name}': ${(error as Error).message}`);
    } finally {
      this.#moving.delete(agent.name);
    }
  }

  /** Handles a report of the target, and answers it from the record. @throws Refusal when it is not from the target */
  async report({ id, agent, from, progress, reason, handOver, seal }: Report): Promise<void> {
    const { peers, node } = this.parts;
    const move = { id, agent, from: node, to: from };
    if (!await peers.believe(from, progressText(move, handOver, progress, reason), seal)) {
      throw new Refusal(
        "unproved_report",
        `Refused a report about the move of '${agent}': node '${from}' did not sign it, or is not enrolled here`,
      );
    }
    const expected = this.#expected.get(id);
    const isAboutThis = !peers.demandsProof || expected?.handOver === handOver;
    if (this.#moving.get(agent) === id && expected?.target === from && isAboutThis) {
      expected.onSign({ progress, reason });
    }
    this.#answer(move);
  }

  #answer(move: Move): void {
    const { id, agent } = move;
    // Not decided yet: the answer comes with the decision.
    if (this.#moving.get(agent) === id) return;
    const committed = this.parts.roster.endedRecord(agent)?.migration === id;
    this.#target.decide(move, committed ? "commit" : "abort");
  }

  /** After a restart: without a record of letting go, the agent has stayed; tells the target. */
  recover({ agent, entry }: Restored): void {
    const { leaving } = entry;
    if (leaving === undefined) return;
    this.#target.callOff({ id: leaving.id, agent, target: leaving.to, cooperative: leaving.cooperative });
    void this.parts.roster.update(agent.name, ({ leaving: _leaving, ...rest }) => rest);
  }

  async #depart(departure: Departure): Promise<void> {
    const { id, agent, target, cooperative } = departure;
    const { roster, timeoutMs } = this.parts;
    // Record before the agent is held, because it does nothing from then on.
    await this.#recorded(
      agent,
      roster.record(agent.name, (entry) => ({ ...entry, leaving: { id, to: target, cooperative } })),
    );
    const result = await this.#handOver(departure);
    if (result.kind === "busy") {
      await roster.update(agent.name, ({ leaving: _leaving, ...entry }) => entry);
      this.#stay(agent);
      throw new DepartureError(
        `Cannot migrate '${agent.name}': its current work did not end within ${timeoutMs / 1000} s`,
      );
    }
    if (result.kind === "arrived") return await this.#letGo(departure);
    if (result.kind !== "refused" || cooperative) this.#target.callOff(departure);
    if (result.kind === "ended") {
      throw new DepartureError(`Agent '${agent.name}' was stopped while it was moving`);
    }
    await roster.update(agent.name, ({ leaving: _leaving, ...entry }) => entry);
    this.#stay(agent);
    const reason = result.kind === "refused"
      ? `'${target}' refused it: ${result.error}`
      : `'${target}' was not seen running it within ${timeoutMs / 1000} s${
        result.hint === "" ? "" : ` (an unsigned message says that it refused: ${result.hint})`
      }`;
    throw new DepartureError(`Cannot migrate '${agent.name}': ${reason}. It keeps running here`);
  }

  /** Holds the agent, sends it, and waits for the result. */
  async #handOver(departure: Departure): Promise<HandOverResult> {
    const { agent, target, id } = departure;
    const { clock, wiretap, peers, timeoutMs } = this.parts;
    const { promise, resolve } = Promise.withResolvers<HandOverResult>();
    const settled = new AbortController();
    const settle = (result: HandOverResult) => {
      resolve(result);
      settled.abort();
    };
    let factor = 1;
    // From topics where anybody may publish.
    let hint = "";
    let isSent = false;
    const onSign = ({ progress, reason }: Sign) => {
      // A sign from before the hand-over is about something else.
      if (!isSent) return;
      if (progress === "installing") factor = INSTALL_FACTOR;
      else if (progress === "arrived") settle({ kind: "arrived" });
      else if (progress === "refused") settle({ kind: "refused", error: reason });
    };
    using _tap = await wiretap.listen(signsOf(agent.name, target), (message) => {
      const sign = readSign(message, agent.name, target);
      if (sign === undefined || !isSent) return;
      if (!peers.demandsProof) onSign(sign);
      else if (sign.progress === "refused") hint = sign.reason;
    });
    void agent.ended.then(() => settle({ kind: "ended" }));
    const startedMs = clock.monotonicMs();
    if (!await within(agent.hold(), timeoutMs, clock)) return { kind: "busy" };
    if (settled.signal.aborted) return await promise;
    const { spawn, digest } = await this.#pack(departure);
    using expected = new DisposableStack();
    this.#expected.set(id, { target, handOver: digest, onSign });
    expected.defer(() => this.#expected.delete(id));
    isSent = true;
    this.#target.send(topics.node(target, "spawn"), spawn);
    const deadline = async () => {
      if (await clock.sleep(timeoutMs - (clock.monotonicMs() - startedMs), settled.signal) && factor > 1) {
        await clock.sleep(timeoutMs * (factor - 1), settled.signal);
      }
      settle({ kind: "late", hint });
    };
    void deadline();
    return await promise;
  }

  async #pack({ agent, target, id, box, order }: Departure): ReturnType<typeof packHandOver> {
    const { node, key, stateFiles, clock } = this.parts;
    const epoch = epochAfterMove(agent.config.epoch, order.epoch, clock.epochSeconds());
    return await packHandOver({
      move: { id, agent: agent.name, from: node, to: target },
      config: { ...agent.config.raw, epoch },
      state: await stateFiles.read(agent.name),
      paused: agent.state.paused,
      box,
      order: order.jws,
      key,
    });
  }

  /** The point of no return: from here on the agent is the target's. */
  async #letGo(departure: Departure): Promise<void> {
    const { id, agent, target, cooperative } = departure;
    const { roster, tasks, stateFiles } = this.parts;
    await this.#recorded(agent, roster.letGo(agent.name, id), () => this.#target.callOff(departure));
    const takeWaiting = tasks.keep(agent);
    await agent.stop("migrate");
    // Another implementation may not have understood the persisted state: then the file stays here.
    const removed = cooperative ? stateFiles.remove(agent.name) : undefined;
    this.#target.decide({ id, agent: agent.name, from: this.parts.node, to: target }, "commit");
    for (const { payload, replyTopic } of takeWaiting()) {
      this.#target.send(topics.task(agent.name), { _remote_task: true, _reply_topic: replyTopic, payload });
    }
    await removed;
  }

  /** Waits until a step is on disk. @throws DepartureError when it cannot be written: the agent keeps running here */
  async #recorded(agent: SupervisedAgent, written: Promise<void>, undo = () => {}): Promise<void> {
    try {
      await written;
    } catch (error) {
      undo();
      await this.parts.roster.update(agent.name, ({ leaving: _leaving, ...entry }) => entry);
      this.#stay(agent);
      const reason = (error as Error).message;
      throw new DepartureError(
        `Cannot migrate '${agent.name}': its move cannot be stored on disk (${reason}). It keeps running here`,
      );
    }
  }

  #stay(agent: SupervisedAgent): void {
    agent.release();
    if (!agent.isReady) return;
    this.parts.manifests.ready(agent);
    this.parts.tasks.ready(agent);
  }
}

/** Whether `promise` settles within `ms`. */
async function within(promise: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  const settled = new AbortController();
  void promise.then(() => settled.abort());
  return !await clock.sleep(ms, settled.signal);
}
