/** Watches nodes and agents after a change: errors, ends and restarts, and whether a node goes off. */
import { actorId } from "../../protocol/ids.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { topics } from "../../protocol/topics.ts";
import type { BusMessage } from "../bus.ts";
import { NoAnswerError, RefusedError } from "../commander.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";

/** An agent to watch. */
export interface WatchedPlace {
  readonly node: string;
  readonly agent: string;
}

const LOOK_MS = 5000;
/** States of an agent that is neither running nor about to. */
const BAD_STATES: ReadonlySet<string> = new Set(["failed", "stopped", "restarting", "unresponsive"]);
const GOOD_STATES: ReadonlySet<string> = new Set(["running", "paused"]);

interface Problem {
  readonly why: string;
  /** `undefined`: it concerns the node itself. */
  readonly agent: string | undefined;
}

/**
 * Listens from before the change, as an agent may fail at once. Invariant: what an agent did before its node started it
 * anew does not count, and neither does what it did on another node.
 */
export class HealthWatch implements Disposable {
  readonly #begun = new Set<string>();
  readonly #problems = new Map<string, Problem>();
  readonly #restarts = new Map<string, number>();
  readonly #subscriptions = new DisposableStack();
  #onProblem: ((node: string, why: string) => void) | undefined;

  private constructor(
    private readonly operator: Operator,
    private readonly places: readonly WatchedPlace[],
  ) {}

  /** @throws BusError */
  static async open(
    operator: Operator,
    nodes: readonly string[],
    places: readonly WatchedPlace[],
  ): Promise<HealthWatch> {
    const watch = new HealthWatch(operator, places);
    const ofAgents = places.flatMap(({ node, agent }) => {
      const at = `${node}/${agent}`;
      const handle =
        (take: (fields: Fields) => string | undefined) => ({ payload, retained }: BusMessage) => {
          const fields = fieldsOf(payload);
          if (retained || !watch.#begun.has(at) || (fields.node !== undefined && fields.node !== node)) {
            return;
          }
          const why = take(fields);
          if (why !== undefined) watch.#found(node, `${agent}: ${why}`, agent);
        };
      const id = actorId(agent);
      return [
        { filter: topics.agent(id, "errors"), handler: handle(errorOf) },
        // Unlike the status, it says on which node.
        { filter: topics.agent(id, "heartbeat"), handler: handle(endOf) },
      ];
    });
    const ofNodes = nodes.flatMap((node) => [
      {
        filter: topics.nodeLogs(node),
        handler: ({ payload, retained }: BusMessage) => {
          const { type, child_name } = fieldsOf(payload);
          if (!retained && type === "spawned") watch.#starts(node, String(child_name));
        },
      },
      {
        filter: topics.nodeStatus(node),
        handler: ({ payload, retained }: BusMessage) => {
          if (!retained && fieldsOf(payload).status === "offline") {
            watch.#found(node, "the node has gone off");
          }
        },
      },
    ]);
    watch.#subscriptions.use(await operator.bus.subscribeAll([...ofAgents, ...ofNodes]));
    return watch;
  }

  /** From now on all agents count, and what has been found and will be found is told. @throws BusError */
  async begin(onProblem: (node: string, why: string) => void): Promise<void> {
    for (const { node, agent } of this.places) this.#begun.add(`${node}/${agent}`);
    this.#onProblem = onProblem;
    for (const [node, { why }] of this.#problems) onProblem(node, why);
    await this.#look((at, restarts) => void this.#restarts.set(at, restarts));
  }

  /** Asks every node for its agents. @throws BusError */
  async end(): Promise<void> {
    await this.#look((at, restarts, node, agent) => {
      const before = this.#restarts.get(at) ?? 0;
      if (restarts > before) this.#found(node, `${agent}: it was restarted`);
    });
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }

  async #look(
    see: (at: string, restarts: number, node: string, agent: string) => void,
  ): Promise<void> {
    const byNode = Map.groupBy(this.places, ({ node }) => node);
    await Promise.all([...byNode].map(async ([node, places]) => {
      const listed = await listedAgents(this.operator, node);
      if (listed === undefined) return this.#found(node, "the node does not answer");
      for (const { agent } of places) {
        const entry = listed.get(agent);
        if (isWell(entry)) see(`${node}/${agent}`, Number(entry?.restart_count ?? 0), node, agent);
        else this.#found(node, `${agent}: it is ${String(entry?.state ?? "gone")}`);
      }
    }));
  }

  /** A change may start an agent twice: one that moves here is then replaced. */
  #starts(node: string, agent: string): void {
    this.#begun.add(`${node}/${agent}`);
    const isTold = this.#onProblem !== undefined;
    if (!isTold && this.#problems.get(node)?.agent === agent) this.#problems.delete(node);
  }

  #found(node: string, why: string, agent?: string): void {
    if (this.#problems.has(node)) return;
    this.#problems.set(node, { why, agent });
    this.#onProblem?.(node, why);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether an agent runs, as its node lists it. */
export function isWell(agent: { readonly state?: unknown } | undefined): boolean {
  return GOOD_STATES.has(String(agent?.state));
}

/** The agents of a node, by name. @returns `undefined` if the node does not answer */
export async function listedAgents(
  { commander }: Operator,
  node: string,
): Promise<ReadonlyMap<string, Fields> | undefined> {
  try {
    const { agents } = await commander.command(node, "list", {}, { timeoutMs: LOOK_MS });
    const entries = Array.isArray(agents) ? agents.filter(isJsonObject) : [];
    return new Map(entries.map((entry) => [String(entry.name), entry]));
  } catch (error) {
    if (error instanceof NoAnswerError || error instanceof RefusedError) return undefined;
    throw error;
  }
}

/** A task that fails may be the fault of whoever gave it. */
function errorOf({ phase, error }: Fields): string | undefined {
  return phase === "handle_task" ? undefined : `${phase}: ${String(error).slice(0, 300)}`;
}

function endOf({ state }: Fields): string | undefined {
  return BAD_STATES.has(String(state)) ? `it is ${state}` : undefined;
}
