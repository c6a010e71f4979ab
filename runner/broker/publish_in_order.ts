/**
 * Makes the broker library deliver messages in the order they arrive. On its own, the library delivers a message that
 * it must store after later ones that it need not store. It numbers messages on arrival and takes a lower number for a
 * repetition, so clients that already had a later message never got the earlier one.
 */

type Done = (error?: Error | null) => void;
type Publish = (packet: object, client: object | Done | null | undefined, done?: Done) => void;

/** The parts of the library that a message passes. */
export interface OrderedBroker {
  publish: Publish;
  /** Passes messages on to clients, once they are stored. */
  readonly mq: { emit(packet: object, done: Done): unknown };
}

/** How many finished turns may pile up before the list is trimmed. */
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
    // A message that is not stored calls this before its own turn returns.
    if (isWorking) return;
    isWorking = true;
    while (current === undefined && next < turns.length) {
      current = turns[next++];
      current?.();
    }
    if (next === turns.length || next > MANY) [turns, next] = [turns.slice(next), 0];
    isWorking = false;
  };
  const leave = (turn: typeof current) => {
    if (current !== turn) return;
    current = undefined;
    work();
  };
  broker.mq.emit = (packet, done) => {
    const turn = current;
    const emitted = emit(packet, done);
    // If nobody reads it, the library is done with it by now, and the turn is another's.
    leave(turn);
    return emitted;
  };
  broker.publish = (packet, client, done = () => {}) => {
    const [sender, settle] = typeof client === "function" ? [null, client as Done] : [client, done];
    // The library names the sender only after it has stored the message.
    if (sender && "id" in sender) Object.assign(packet, { clientId: sender.id });
    const turn = () =>
      publish(packet, sender, (error) => {
        // It may have failed before it was passed on.
        leave(turn);
        settle(error);
      });
    turns.push(turn);
    work();
  };
}
