/** Which statements of other nodes this node believes: without `--trust` all, with it those of enrolled nodes. */
import { TokenBucket } from "../../../protocol/token_bucket.ts";
import { isSealedBy } from "../../../protocol/signing/statements.ts";
import type { Clock } from "../../clock.ts";
import type { CommandGate } from "../../trust/command_gate.ts";

/** Nodes send a few statements a second. Checking a signature takes far longer than reading it, and anybody can send some. */
const CHECKS_PER_SECOND = 1000;

/** Invariant: in a flood of forged signatures, a bounded number is checked per second; the others are not believed. */
export class Peers {
  readonly #checks: TokenBucket;

  /** @param gate `undefined`: this node trusts everybody */
  constructor(
    private readonly gate: Pick<CommandGate, "isEnforced" | "nodeKey"> | undefined,
    private readonly clock: Pick<Clock, "monotonicMs">,
  ) {
    this.#checks = new TokenBucket(CHECKS_PER_SECOND, clock.monotonicMs());
  }

  /** Whether only proved statements count. */
  get demandsProof(): boolean {
    return this.gate?.isEnforced === true;
  }

  /** Whether unproved statements count, with a warning. */
  get onlyWarn(): boolean {
    return this.gate?.isEnforced === false;
  }

  /** Whether `node` is enrolled here, and so can prove its statements. */
  async know(node: string): Promise<boolean> {
    return await this.gate?.nodeKey(node) !== undefined;
  }

  /** Whether it is proved that `node` has said `text`. */
  async hasSaid(node: string, text: string, seal: unknown): Promise<boolean> {
    const key = await this.gate?.nodeKey(node);
    return key !== undefined && this.#checks.tryTake(this.clock.monotonicMs()) && isSealedBy(key, text, seal);
  }

  /** Whether this node acts as if `node` had said `text`. */
  async believe(node: string, text: string, seal: unknown): Promise<boolean> {
    return !this.demandsProof || await this.hasSaid(node, text, seal);
  }
}
