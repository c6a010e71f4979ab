/** The roll-out of a fleet at the broker: reads and stores it, and passes orders to whoever carries it out. */
import { isJsonObject } from "../../protocol/json.ts";
import { topics } from "../../protocol/topics.ts";
import { fieldsOf, valueOf } from "../json.ts";
import { subjectArgs, subjectWords } from "./subject.ts";
import { hearsItself } from "../operations/survey.ts";
import { OperationError, type Operator } from "../operator.ts";
import { demandSeal, knownKeys, type TrustedKeys } from "../fleet/seal.ts";
import {
  type AnyPlan,
  type KeptRollout,
  packedPlan,
  packedRollout,
  type ReadPlan,
  type Rollout,
  rolloutIn,
  unpackedPlan,
} from "./record.ts";

export type Order =
  | { readonly order: "pause" | "resume"; readonly by: string }
  | { readonly order: "abort"; readonly by: string; readonly reverts: boolean };

/** How long a living executor may take to answer. */
const ANSWER_MS = 3000;

/** Which signatures count. */
export interface SealRule {
  /** Keys of other operators; the operator's own is known, too. */
  readonly trusted: TrustedKeys;
  /** Whether what no known key has signed is refused. */
  readonly demands: boolean;
}

const ANY_SEAL: SealRule = { trusted: new Map(), demands: false };

/** @returns `undefined` if the fleet has had no roll-out */
export async function readRollout(
  operator: Operator,
  fleet: string,
  trusted: TrustedKeys = new Map(),
): Promise<KeptRollout | undefined> {
  const keys = knownKeys(operator.commander.key, trusted);
  let found: KeptRollout | undefined;
  using _subscription = await operator.bus.subscribe(topics.fleetRollout(fleet), ({ payload }) => {
    found = rolloutIn(payload, fleet, keys);
  });
  await hearsItself(operator);
  return found;
}

/** @throws OperationError if the rule demands a signature that the roll-out does not have */
export function refuseUnsealed({ fleet, seal }: KeptRollout, { demands }: SealRule): void {
  if (demands) {
    demandSeal(
      seal,
      `The roll-out of ${subjectWords(fleet)}`,
      `agentflow rollout show ${subjectArgs(fleet)} --json`,
    );
  }
}

/** @throws OperationError if the broker does not have it, or the rule demands a signature that it does not have */
export async function readPlan<T extends AnyPlan>(
  operator: Operator,
  { fleet, id }: Rollout,
  read: ReadPlan<T>,
  { trusted, demands }: SealRule = ANY_SEAL,
): Promise<T> {
  let payload: Uint8Array | undefined;
  using _subscription = await operator.bus.subscribe(topics.fleetRolloutPlan(fleet), (message) => {
    payload = message.payload;
  });
  await hearsItself(operator);
  const keys = knownKeys(operator.commander.key, trusted);
  const kept = payload === undefined ? undefined : await unpackedPlan(payload, fleet, read, keys);
  if (kept?.plan.id !== id) {
    throw new OperationError(
      `The broker does not have what the roll-out of ${subjectWords(fleet)} changes: begin it again`,
    );
  }
  const what = `What the roll-out of ${subjectWords(fleet)} changes`;
  if (demands) demandSeal(kept.seal, what, `agentflow rollout show ${subjectArgs(fleet)} --json`);
  return kept.plan;
}

/** Signs it with the operator's key. */
export async function saveRollout({ bus, commander }: Operator, rollout: Rollout): Promise<void> {
  const text = await packedRollout(rollout, commander.key);
  await bus.publish(topics.fleetRollout(rollout.fleet), text, { retain: true });
}

/** @returns who carries the roll-out out and has taken the order; `undefined`: nobody does */
export async function giveOrder(
  { bus }: Operator,
  fleet: string,
  order: Order,
): Promise<string | undefined> {
  const replyTopic = `main/reply/${crypto.randomUUID()}`;
  const came = Promise.withResolvers<string | undefined>();
  using _subscription = await bus.subscribe(replyTopic, ({ payload }) => {
    came.resolve(String(fieldsOf(payload).by));
  });
  await bus.publish(topics.fleetRolloutOrder(fleet), { ...order, _reply_topic: replyTopic });
  const timer = setTimeout(() => came.resolve(undefined), ANSWER_MS);
  try {
    return await came.promise;
  } finally {
    clearTimeout(timer);
  }
}

/** Where an executor stores its progress. Invariant: of several executors, only the one that began last stores any. */
export class RolloutStore implements Disposable {
  readonly #subscriptions = new DisposableStack();
  readonly #taken = Promise.withResolvers<never>();

  private constructor(private readonly operator: Operator, private rollout: Rollout) {
    // Not everybody who has a store waits for this.
    this.#taken.promise.catch(() => {});
  }

  /** @param onOrder called for each order @throws BusError */
  static async open(
    operator: Operator,
    rollout: Rollout,
    plan: AnyPlan | undefined,
    onOrder: (order: Order) => void,
  ): Promise<RolloutStore> {
    const { fleet, executor, by } = rollout;
    const store = new RolloutStore(operator, rollout);
    const { bus, commander } = operator;
    if (plan !== undefined) {
      await bus.publish(topics.fleetRolloutPlan(fleet), await packedPlan(plan, fleet, commander.key), {
        retain: true,
      });
    }
    await store.save(rollout.state);
    store.#subscriptions.use(
      await bus.subscribe(topics.fleetRollout(fleet), ({ payload }) => {
        const other = rolloutIn(payload, fleet);
        if (other === undefined || other.executor === executor) return;
        store.#taken.reject(
          new OperationError(`${other.by} goes on with the roll-out of ${subjectWords(fleet)}`),
        );
      }),
    );
    store.#subscriptions.use(
      await bus.subscribe(topics.fleetRolloutOrder(fleet), ({ payload }) => {
        const value = valueOf(payload);
        const order = orderIn(value);
        if (order === undefined) return;
        onOrder(order);
        const reply = isJsonObject(value) ? value._reply_topic : undefined;
        if (typeof reply === "string" && reply.startsWith("main/reply/")) {
          void bus.publish(reply, { ok: true, by }).catch(() => {});
        }
      }),
    );
    return store;
  }

  /** Rejects when another executor goes on with the roll-out. */
  get takenOver(): Promise<never> {
    return this.#taken.promise;
  }

  async save(state: Rollout["state"]): Promise<void> {
    this.rollout = { ...this.rollout, state };
    await saveRollout(this.operator, this.rollout);
  }

  /** Frees the broker's storage: the roll-out is over, and cannot be reverted any more. */
  async forgetPlan(): Promise<void> {
    await this.operator.bus.publish(topics.fleetRolloutPlan(this.rollout.fleet), "", { retain: true });
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }
}

function orderIn(value: unknown): Order | undefined {
  if (!isJsonObject(value)) return undefined;
  const by = typeof value.by === "string" ? value.by.slice(0, 200) : "somebody";
  switch (value.order) {
    case "pause":
    case "resume":
      return { order: value.order, by };
    case "abort":
      return { order: "abort", by, reverts: value.reverts === true };
    default:
      return undefined;
  }
}
