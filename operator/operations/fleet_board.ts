/** What the broker keeps of a fleet: what each node should have, and what each says it has. */
import { topics } from "../../protocol/topics.ts";
import { type Desired, desiredIn, type NodeReport, reportIn } from "../fleet/node_status.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";
import { hearsItself } from "./survey.ts";

export class FleetBoard implements Disposable {
  readonly desired = new Map<string, Desired>();
  readonly reports = new Map<string, NodeReport>();
  readonly #listeners = new Set<(node: string) => void>();
  readonly #subscriptions = new DisposableStack();

  private constructor() {}

  /** Resolves once all is known that the broker keeps; goes on listening. */
  static async open(operator: Operator, fleet: string): Promise<FleetBoard> {
    const board = new FleetBoard();
    const { bus } = operator;
    board.#subscriptions.use(
      await bus.subscribe(topics.node("+", "desired_state"), ({ topic, payload }) => {
        const [, node = ""] = topic.split("/");
        const desired = desiredIn(fieldsOf(payload), fleet);
        if (desired === undefined) board.desired.delete(node);
        else board.desired.set(node, desired);
      }),
    );
    board.#subscriptions.use(
      await bus.subscribe(topics.nodeGeneration("+", fleet), ({ topic, payload }) => {
        const [, node = ""] = topic.split("/");
        if (payload.length === 0) board.reports.delete(node);
        else board.reports.set(node, reportIn(fieldsOf(payload), fleet));
        for (const listener of [...board.#listeners]) listener(node);
      }),
    );
    await hearsItself(operator);
    return board;
  }

  /** Calls the listener for each report that comes from now on. @returns ends it */
  listen(listener: (node: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}
