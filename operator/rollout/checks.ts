/** The checks that the fleet file asks for: an agent's answer to a task, a message on a topic. */
import { canonical } from "../../protocol/spawn_changes.ts";
import { isFailure, NoAnswerError } from "../commander.ts";
import type { Operator } from "../operator.ts";
import type { Check } from "./settings.ts";

type Tell = (node: string, why: string) => void;

/** Invariant: topics are listened to from `open` on. */
export class WaveChecks implements Disposable {
  readonly #heard = new Set<string>();
  readonly #subscriptions = new DisposableStack();

  private constructor(
    private readonly operator: Operator,
    private readonly nodes: readonly string[],
    private readonly checks: readonly Check[],
  ) {}

  static async open(
    operator: Operator,
    nodes: readonly string[],
    checks: readonly Check[],
  ): Promise<WaveChecks> {
    const all = new WaveChecks(operator, nodes, checks);
    const filters = checks.flatMap((check) =>
      "topic" in check ? nodes.map((node) => named(check.topic, node)) : []
    );
    const wanted = [...new Set(filters)].map((filter) => ({
      filter,
      // What was retained before says nothing of the change.
      handler: ({ retained }: { readonly retained: boolean }) => {
        if (!retained) all.#heard.add(filter);
      },
    }));
    if (wanted.length > 0) all.#subscriptions.use(await operator.bus.subscribeAll(wanted));
    return all;
  }

  /** A check without `{node}` counts for every node of the wave, and is made once. @throws BusError */
  async make(tell: Tell): Promise<void> {
    const made = new Map<string, Promise<string | undefined>>();
    await Promise.all(this.checks.flatMap((check) =>
      this.nodes.map(async (node) => {
        const text = named("topic" in check ? check.topic : check.task, node);
        const key = `${text} ${canonical(check)}`;
        const result = made.get(key) ?? this.#make(check, text);
        made.set(key, result);
        const why = await result;
        if (why !== undefined) tell(node, why);
      })
    ));
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }

  async #make(check: Check, name: string): Promise<string | undefined> {
    if ("topic" in check) {
      return this.#heard.has(name) ? undefined : `nothing has come on ${name} during the soak`;
    }
    try {
      const answer = await this.operator.commander.task(name, check.payload ?? null);
      return wrongAnswer(name, answer, check);
    } catch (error) {
      if (error instanceof NoAnswerError) return error.message;
      throw error;
    }
  }
}

/** Why an answer is not the expected one. @param check without `expect`, every answer but a failure counts */
export function wrongAnswer(
  agent: string,
  answer: unknown,
  check: Extract<Check, { task: string }>,
): string | undefined {
  const shown = (value: unknown) => (JSON.stringify(value) ?? "nothing").slice(0, 200);
  if ("expect" in check && check.expect !== undefined) {
    return canonical(answer) === canonical(check.expect)
      ? undefined
      : `${agent} answers ${shown(answer)} instead of ${shown(check.expect)}`;
  }
  return isFailure(answer) ? `${agent} answers ${shown(answer)}` : undefined;
}

function named(text: string, node: string): string {
  return text.replaceAll("{node}", node);
}
