/**
 * Agents that move from here to another node, so that none is lost and none runs twice.
 *
 * The agent comes to rest; its config and what it has persisted go to the target; once the target is seen running it
 * (with `--trust`: has said so itself, with the id that only the spawn told it), this node records that it has let go (the point of no return), ends its own instance, and tells the target to go on.
 * Before that point anything that goes wrong leaves the agent here. A target of our own kind holds `process()` back
 * until it is told, or has asked: the record here decides, whatever crashes in between.
 */
import { ExpectedError } from "../../../protocol/expected_error.ts";
import { actorId } from "../../../protocol/ids.ts";
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { StateFiles } from "../../store/state_files.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { MigrationSeals } from "./migration_seals.ts";
import type { Manifests } from "../agents/manifests.ts";
import { probePeer } from "./peer_probe.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Restored, Roster } from "../agents/roster.ts";
import type { Tasks } from "../agents/tasks.ts";
import type { Overheard, Wiretap } from "./wiretap.ts";

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
  readonly seals: MigrationSeals;
  readonly timeoutMs: number;
  /** Whether a heartbeat of the agent's is not enough: anybody may have published it. */
  readonly demandsProof: boolean;
}

/** Why an agent stays here; the message is for the operator. */
export class DepartureError extends ExpectedError {
  override name = "DepartureError";
}

/** While the target says that it installs, the time limit is so many times longer. */
const INSTALL_FACTOR = 10;

type Outcome =
  | { readonly kind: "arrived" }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "late" }
  | { readonly kind: "ended" };

interface Attempt {
  readonly id: string;
  readonly agent: SupervisedAgent;
  readonly target: string;
  readonly cooperative: boolean;
  /** The signed command to move it. */
  readonly order?: string | undefined;
}

/** Invariant: an agent is on at most one move at a time. */
export class Departures {
  readonly #moving = new Map<string, string>();
  /** By the id of a move that is under way: who must say that the agent has arrived, and whom to tell. */
  readonly #expected = new Map<string, { readonly target: string; readonly settle: () => void }>();

  constructor(private readonly parts: DepartureParts) {}

  /**
   * Moves an agent. Resolves once it is the target's.
   * @param order the signed command to do so, for a target that wants to see it
   * @throws DepartureError when it stays
   */
  async move(agent: SupervisedAgent, target: string, order?: string): Promise<void> {
    if (this.#moving.has(agent.name)) throw new DepartureError(`Agent '${agent.name}' is already moving`);
    if (agent.state.gate !== "open") {
      throw new DepartureError(`Agent '${agent.name}' has not arrived here yet`);
    }
    const id = crypto.randomUUID();
    this.#moving.set(agent.name, id);
    try {
      const cooperative = await this.#checkTarget(agent.name, target);
      await this.#attempt({ id, agent, target, cooperative, order });
    } catch (error) {
      if (error instanceof DepartureError) throw error;
      // Such as a state file that cannot be read: that must not leave it at rest for ever.
      this.#stay(agent);
      throw new DepartureError(`Cannot migrate '${agent.name}': ${(error as Error).message}`);
    } finally {
      this.#moving.delete(agent.name);
    }
  }

  /** The target says that the agent runs there, and waits. */
  arrived(id: string, agentName: string, from: string): void {
    const expected = this.#expected.get(id);
    if (this.#moving.get(agentName) === id && expected?.target === from) expected.settle();
  }

  /** The target asks whether it may go on: answered from what is recorded. */
  answer(id: string, agentName: string, from: string): void {
    // Not decided yet: the answer comes with the decision.
    if (this.#moving.get(agentName) === id) return;
    const committed = this.parts.roster.endedRecord(agentName)?.migration === id;
    this.#decide(id, agentName, from, committed ? "commit" : "abort");
  }

  /** After a restart: nothing was recorded as let go, so the agent has stayed; the target is told. */
  recover({ agent, entry }: Restored): void {
    const { leaving } = entry;
    if (leaving === undefined) return;
    this.#callOff({ id: leaving.id, agent, target: leaving.to, cooperative: leaving.cooperative });
    void this.parts.roster.update(agent.name, ({ leaving: _leaving, ...rest }) => rest);
  }

  /** @returns whether the target is of our own kind */
  async #checkTarget(name: string, target: string): Promise<boolean> {
    const peer = await probePeer(target, this.parts);
    switch (peer.kind) {
      case "offline":
        throw new DepartureError(`Cannot migrate '${name}': node '${target}' is offline`);
      case "silent":
        throw new DepartureError(
          `Cannot migrate '${name}': node '${target}' does not answer; is its name right?`,
        );
      case "online":
        if (peer.agents.includes(name)) {
          throw new DepartureError(
            `Cannot migrate '${name}': node '${target}' already runs an agent of that name`,
          );
        }
        if (this.parts.demandsProof && !peer.cooperative) {
          throw new DepartureError(
            `Cannot migrate '${name}': node '${target}' is of a kind that cannot prove that an agent has ` +
              "arrived, and this node runs with --trust. --trust-mode warn moves it all the same",
          );
        }
        return peer.cooperative;
      default:
        return peer satisfies never;
    }
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const { id, agent, target, cooperative } = attempt;
    const { clock, roster, timeoutMs } = this.parts;
    const startedMs = clock.monotonicMs();
    const atRest = await within(agent.hold(), timeoutMs, clock);
    if (!atRest) {
      this.#stay(agent);
      throw new DepartureError(
        `Cannot migrate '${agent.name}': what it is doing did not end within ${timeoutMs / 1000} s`,
      );
    }
    await this.#recorded(
      agent,
      roster.record(agent.name, (entry) => ({ ...entry, leaving: { id, to: target, cooperative } })),
    );
    const outcome = await this.#handOver(attempt, timeoutMs - (clock.monotonicMs() - startedMs));
    if (outcome.kind === "arrived") return await this.#letGo(attempt);
    if (outcome.kind !== "refused" || cooperative) this.#callOff(attempt);
    if (outcome.kind === "ended") {
      throw new DepartureError(`Agent '${agent.name}' was stopped while it was moving`);
    }
    await roster.update(agent.name, ({ leaving: _leaving, ...entry }) => entry);
    this.#stay(agent);
    const reason = outcome.kind === "refused"
      ? `'${target}' refused it: ${outcome.error}`
      : `'${target}' was not seen running it within ${timeoutMs / 1000} s`;
    throw new DepartureError(`Cannot migrate '${agent.name}': ${reason}. It goes on here`);
  }

  /** Sends the agent, and watches what becomes of it. */
  async #handOver(attempt: Attempt, timeoutMs: number): Promise<Outcome> {
    const { agent, target, id, order } = attempt;
    const { node, clock, stateFiles, wiretap, demandsProof } = this.parts;
    const { replace: _replace, ...config } = agent.config.raw;
    const state = await stateFiles.read(agent.name);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const settled = new AbortController();
    const settle = (outcome: Outcome) => {
      resolve(outcome);
      settled.abort();
    };
    let factor = 1;
    using expected = new DisposableStack();
    this.#expected.set(id, { target, settle: () => settle({ kind: "arrived" }) });
    expected.defer(() => this.#expected.delete(id));
    using _tap = await wiretap.listen(signsOf(agent.name, target), (message) => {
      // What the broker has kept is of another time.
      const sign = message.retained ? undefined : readSign(message, agent.name, target);
      if (sign === "installing") factor = INSTALL_FACTOR;
      else if (sign !== undefined && !(demandsProof && sign.kind === "arrived")) settle(sign);
    });
    void agent.ended.then(() => settle({ kind: "ended" }));
    this.#send(topics.node(target, "spawn"), {
      ...config,
      node: target,
      ...(state === undefined ? {} : { state }),
      migration: { id, from: node, paused: agent.state.paused, key: this.parts.seals.keyOf(id) },
      ...(order === undefined ? {} : { _migrate_jws: order }),
    });
    const deadline = async () => {
      if (await clock.sleep(timeoutMs, settled.signal) && factor > 1) {
        await clock.sleep(timeoutMs * (factor - 1), settled.signal);
      }
      settle({ kind: "late" });
    };
    void deadline();
    return await promise;
  }

  /** The point of no return: from here on the agent is the target's. */
  async #letGo(attempt: Attempt): Promise<void> {
    const { id, agent, target, cooperative } = attempt;
    const { roster, tasks, stateFiles } = this.parts;
    await this.#recorded(agent, roster.letGo(agent.name, id), () => this.#callOff(attempt));
    const waiting = tasks.takeBack(agent);
    await agent.stop("migrate");
    // A node of another kind may not have understood what the agent had persisted.
    if (cooperative) await stateFiles.remove(agent.name);
    this.#decide(id, agent.name, target, "commit");
    for (const { payload, replyTopic } of waiting) {
      this.#send(topics.task(agent.name), { _remote_task: true, _reply_topic: replyTopic, payload });
    }
  }

  /** A step that is taken only once it is on disk. @throws DepartureError when it cannot be: the agent goes on here */
  async #recorded(agent: SupervisedAgent, written: Promise<void>, undo = () => {}): Promise<void> {
    try {
      await written;
    } catch (error) {
      undo();
      await this.parts.roster.update(agent.name, ({ leaving: _leaving, ...entry }) => entry);
      this.#stay(agent);
      const reason = (error as Error).message;
      throw new DepartureError(
        `Cannot migrate '${agent.name}': its move cannot be kept on disk (${reason}). It goes on here`,
      );
    }
  }

  #stay(agent: SupervisedAgent): void {
    agent.release();
    if (!agent.isReady) return;
    this.parts.manifests.ready(agent);
    this.parts.tasks.ready(agent);
  }

  /** The target must not run it: neither now, nor when it comes back and finds the spawn. */
  #callOff({ id, agent, target, cooperative }: Attempt): void {
    if (cooperative) this.#decide(id, agent.name, target, "abort");
    else this.#send(topics.node(target, "stop"), { name: agent.name });
  }

  #decide(id: string, agent: string, target: string, decision: "commit" | "abort"): void {
    const { node: from, seals } = this.parts;
    const seal = seals.seal({ id, agent, from, to: target, decision });
    this.#send(topics.node(target, "migration"), { id, agent, from, decision, seal });
  }

  #send(topic: string, value: unknown): void {
    void this.parts.link.publish({
      topic,
      payload: JSON.stringify(value),
      qos: 1,
      retain: false,
      class: "control",
    });
  }
}

/** Where the target shows what becomes of the agent. */
function signsOf(agent: string, target: string): string[] {
  const id = actorId(agent);
  return [topics.agent(id, "heartbeat"), topics.agent(id, "errors"), topics.nodeLogs(target)];
}

function readSign(
  { topic, json }: Overheard,
  agent: string,
  target: string,
): Outcome | "installing" | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { node, state, severity, error, type, child_name: child, message } = json as Record<string, unknown>;
  if (topic === topics.agent(actorId(agent), "heartbeat")) {
    return node === target && (state === "running" || state === "paused") ? { kind: "arrived" } : undefined;
  }
  if (topic === topics.agent(actorId(agent), "errors")) {
    // A node that does not say which one it is, is not this one: the agent here is at rest.
    const isTheirs = node === undefined || node === target;
    return isTheirs && severity === "fatal" ? { kind: "refused", error: String(error) } : undefined;
  }
  if (child !== agent) return undefined;
  if (type === "installing") return "installing";
  return type === "error" ? { kind: "refused", error: String(message) } : undefined;
}

/** Whether `promise` settles within `ms`. */
async function within(promise: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  const settled = new AbortController();
  void promise.then(() => settled.abort());
  return !await clock.sleep(ms, settled.signal);
}
