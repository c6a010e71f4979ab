/** What the broker retains for a fleet: each node's desired state and its report. */
import { topics } from "../../protocol/topics.ts";
import type { Generation } from "../../protocol/generations.ts";
import { type Desired, desiredIn, generationOf, type NodeReport, reportIn } from "../fleet/node_status.ts";
import { fieldsOf } from "../json.ts";
import type { Operator } from "../operator.ts";
import { hearsItself } from "./survey.ts";

export class FleetBoard implements Disposable {
  readonly desired = new Map<string, Desired>();
  readonly reports = new Map<string, NodeReport>();
  /** The generation of another fleet in a node's retained desired state. */
  readonly #others = new Map<string, Generation>();
  /** The tags of other fleets' generations that nodes report, by node and fleet. */
  readonly #otherTags = new Map<string, string>();
  readonly #listeners = new Set<(node: string) => void>();
  readonly #subscriptions = new DisposableStack();

  private constructor() {}

  /** Resolves once all retained messages have arrived; keeps listening. */
  static async open(operator: Operator, fleet: string): Promise<FleetBoard> {
    const board = new FleetBoard();
    const { bus } = operator;
    board.#subscriptions.use(
      await bus.subscribe(topics.node("+", "desired_state"), ({ topic, payload }) => {
        const [, node = ""] = topic.split("/");
        const fields = fieldsOf(payload);
        const other = generationOf(fields);
        if (other === undefined || other.fleet === fleet) board.#others.delete(node);
        else board.#others.set(node, other);
        const desired = desiredIn(fields, fleet);
        if (desired === undefined) board.desired.delete(node);
        else board.desired.set(node, desired);
      }),
    );
    board.#subscriptions.use(
      await bus.subscribe(topics.nodeGeneration("+", "+"), ({ topic, payload }) => {
        const [, node = "", , of = ""] = topic.split("/");
        const tag = fieldsOf(payload).tag;
        if (of !== fleet) board.#otherTags.set(`${node}/${of}`, typeof tag === "string" ? tag : "");
        else if (payload.length === 0) board.reports.delete(node);
        else board.reports.set(node, reportIn(fieldsOf(payload), fleet));
        for (const listener of [...board.#listeners]) listener(node);
      }),
    );
    await hearsItself(operator);
    return board;
  }

  /** Another fleet's generation that the node has not applied yet: the broker keeps only one desired state per node. */
  waitsFor(node: string): Generation | undefined {
    const other = this.#others.get(node);
    return other === undefined || this.#otherTags.get(`${node}/${other.fleet}`) === other.tag
      ? undefined
      : other;
  }

  /** Calls the listener for each new report. @returns a function that stops this */
  listen(listener: (node: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}
