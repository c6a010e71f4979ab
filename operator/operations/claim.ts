/** Claims the next generation of a fleet: if two operators apply at once, all agree on the same winner. */
import type { Generation } from "../../protocol/generations.ts";
import { topics } from "../../protocol/topics.ts";
import { claimVerdict, type Head, headFields, headIn, OvertakenError } from "../fleet/head.ts";
import { fieldsOf } from "../json.ts";
import { OperationError, type Operator } from "../operator.ts";
import { hearsItself } from "./survey.ts";

/** How often an operator signals that it is still writing a generation. */
const BEAT_MS = 2_000;
/** An operator that is silent for this long is considered dead. */
const PATIENCE_MS = 3 * BEAT_MS;

/** A subscription to the fleet's topic, from before the base is read until the generation is written. */
export class FleetHead implements Disposable {
  readonly #log: Head[] = [];
  #onHead: (head: Head) => void = () => {};
  #beat: ReturnType<typeof setInterval> | undefined;
  #subscription: Disposable | undefined;
  #isOpen = false;
  /** What the broker keeps has come once more: the connection was lost, and messages may be missing. */
  #wasCut = false;

  private constructor(private readonly operator: Operator, private readonly fleet: string) {}

  static async open(operator: Operator, fleet: string): Promise<FleetHead> {
    const head = new FleetHead(operator, fleet);
    head.#subscription = await operator.bus.subscribe(topics.fleetHead(fleet), ({ payload, retained }) => {
      if (retained && head.#isOpen) head.#wasCut = true;
      const said = headIn(fieldsOf(payload), fleet);
      if (said === undefined) return;
      head.#log.push(said);
      head.#onHead(said);
    });
    await hearsItself(operator);
    head.#isOpen = true;
    return head;
  }

  /** The head, once its operator has finished writing it or is considered dead. */
  async current(): Promise<Head | undefined> {
    for (;;) {
      const last = this.#log.at(-1);
      if (last === undefined || last.isConfirmed || !await this.#next()) return this.#log.at(-1);
    }
  }

  /**
   * Claims `own` as the next generation. Other operators wait until it is confirmed.
   * @param base the tag of the generation that `own` is based on
   * @throws OvertakenError if somebody else was first; OperationError if the connection was lost before that was known.
   *   Nothing has changed then
   */
  async claim(base: string | undefined, own: Generation): Promise<void> {
    const from = base === undefined ? 0 : this.#log.findLastIndex(({ tag }) => tag === base) + 1;
    await this.#say({ ...own, isConfirmed: false });
    await hearsItself(this.operator);
    if (this.#wasCut) {
      // Somebody else's claim may have come first, and his operator takes himself for the winner.
      throw new OperationError(
        `Nothing has been applied: the connection to the broker was lost while it was decided who changes fleet ` +
          `'${this.fleet}': apply again`,
      );
    }
    const since = this.#log.slice(from);
    const verdict = claimVerdict(since, base, own.tag);
    if (verdict.kind !== "won") {
      const winner = verdict.kind === "lost"
        ? this.#log.findLast(({ tag }) => tag === verdict.to.tag)
        : undefined;
      if (winner !== undefined) await this.#say(winner);
      const who = winner === undefined
        ? "somebody else"
        : `${winner.by} (generation ${winner.generation}${
          winner.message === "" ? "" : `, "${winner.message}"`
        })`;
      throw new OvertakenError(
        `Nothing has been applied: ${who} has applied fleet '${this.fleet}' at the same time: ` +
          "look at what has changed (agentflow diff), then apply again",
      );
    }
    this.#keep({ ...own, isConfirmed: false });
    const beat = () => void this.#say({ ...own, isConfirmed: false }).catch(() => {});
    this.#beat = setInterval(beat, BEAT_MS);
  }

  /** Announces that the generation has been written for all nodes, so that others can build on it. */
  async confirm(own: Generation): Promise<void> {
    clearInterval(this.#beat);
    const confirmed = { ...own, isConfirmed: true };
    this.#keep(confirmed);
    await this.#say(confirmed);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beat);
    this.#subscription?.[Symbol.dispose]();
  }

  /** Republishes our head if a loser's claim overwrites it: the loser may die before restoring it. */
  #keep(own: Head): void {
    this.#onHead = ({ tag, basedOn }) => {
      if (tag !== own.tag && !basedOn.includes(own.tag)) void this.#say(own).catch(() => {});
    };
  }

  /** @returns whether another message came in time */
  async #next(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#onHead = () => resolve(true);
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    const came = await promise;
    clearTimeout(timer);
    this.#onHead = () => {};
    return came;
  }

  async #say(head: Head): Promise<void> {
    await this.operator.bus.publish(topics.fleetHead(this.fleet), headFields(head), { retain: true });
  }
}
