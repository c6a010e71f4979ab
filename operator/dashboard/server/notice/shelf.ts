/** Where rules, notices and deliveries survive a restart. */
import type { DeliveryDto, Notice, Rule } from "../../notice_wire.ts";
import type { NoticeMessage } from "./message.ts";
import type { NoticeState } from "./transition.ts";

/** The state of one rule for one subject. */
export interface KeptNotice {
  readonly id: string;
  readonly ruleId: string;
  readonly subject: string;
  readonly state: NoticeState;
}

/** A message for one channel. */
export interface Delivery {
  /** The idempotency key. */
  readonly id: string;
  readonly channel: string;
  readonly message: NoticeMessage;
  /** Epoch seconds. */
  readonly created: number;
  readonly attempts: number;
}

/** What a step of the rules has changed. */
export interface Commit {
  readonly notices: readonly KeptNotice[];
  readonly ended: readonly Notice[];
  readonly deliveries: readonly Omit<Delivery, "attempts">[];
}

/**
 * Invariants: a commit takes effect as a whole or not at all; a delivery with a known id is added only once, so a commit
 * that is repeated sends nothing twice.
 */
export interface NoticeShelf {
  rules(): Promise<readonly Rule[]>;
  saveRule(rule: Rule): Promise<void>;
  removeRule(id: string): Promise<void>;

  /** Those that have not ended. */
  notices(): Promise<readonly KeptNotice[]>;
  commit(commit: Commit): Promise<void>;
  /** The newest first. */
  ended(limit: number): Promise<readonly Notice[]>;

  /** Waiting deliveries that are due, the oldest first. @param now epoch seconds */
  due(now: number, limit: number): Promise<readonly Delivery[]>;
  markSent(id: string): Promise<void>;
  /** @param nextAt when to try again, epoch seconds; null for never */
  markFailed(id: string, error: string, nextAt: number | null): Promise<void>;
  /** The newest first. */
  deliveries(limit: number): Promise<readonly DeliveryDto[]>;

  /**
   * Makes this dashboard the one that tells, unless another one is. @param now epoch seconds
   * @returns whether it is
   */
  lease(holder: string, now: number, seconds: number): Promise<boolean>;
  /** Lets another dashboard tell at once. */
  release(holder: string): Promise<void>;
  /** Deletes what ended, was sent or failed before. @param before epoch seconds */
  expire(before: number): Promise<void>;
}
