/**
 * Has the broker library pass messages on in the order they came. On its own, one that is stored falls behind later ones
 * that are not; and the library, which numbers messages as they come, takes a lower number for a repetition: clients that
 * already had a later message never got it.
 */

type Done = (error?: Error | null) => void;
type Publish = (packet: object, client: object | Done | null | undefined, done?: Done) => void;

/** The parts of the library that a message passes. */
export interface OrderedBroker {
  publish: Publish;
  /** Passes messages on to clients, once they are stored. */
  readonly mq: { emit(packet: object, done: Done): unknown };
}

/** How many turns are over before their places are given back. */
const MANY = 1024;

/** Invariant: a message is numbered and stored only when the one before has been passed on, or has failed. */
export function publishInOrder(broker: OrderedBroker): void {
  const publish = broker.publish.bind(broker);
  const emit = broker.mq.emit.bind(broker.mq);
  let turns: (() => void)[] = [];
  let next = 0;
  /** The turn of a message that is being stored. */
  let current: (() => void) | undefined;
  let isWorking = false;
  const work = () => {
    // A message that is not stored leaves before its turn returns.
    if (isWorking) return;
    isWorking = true;
    while (current === undefined && next < turns.length) {
      current = turns[next++];
      current?.();
    }
    if (next === turns.length || next > MANY) [turns, next] = [turns.slice(next), 0];
    isWorking = false;
  };
  const leave = () => {
    current = undefined;
    work();
  };
  broker.mq.emit = (packet, done) => {
    const emitted = emit(packet, done);
    leave();
    return emitted;
  };
  broker.publish = (packet, client, done = () => {}) => {
    const [sender, settle] = typeof client === "function" ? [null, client as Done] : [client, done];
    const turn = () =>
      publish(packet, sender, (error) => {
        // It was not passed on.
        if (current === turn) leave();
        settle(error);
      });
    turns.push(turn);
    work();
  };
}
