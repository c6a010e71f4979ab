import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type OrderedBroker, publishInOrder } from "../../../../runner/broker/publish_in_order.ts";

/** How the library treats a message. */
interface Kind {
  /** It is retained, so it is stored first. */
  readonly isStored: boolean;
  /** Nobody reads it: the library is done with it before passing it on returns. */
  readonly isUnread: boolean;
  readonly fails: boolean;
}

interface Numbered extends Kind {
  readonly number: number;
}

type Done = (error?: Error | null) => void;

/** The library's way with messages, without its clients. */
class Library implements OrderedBroker {
  readonly passedOn: number[] = [];
  readonly settled: number[] = [];
  readonly mq = {
    emit: (packet: object, done: Done) => {
      const { number, isUnread } = packet as Numbered;
      this.passedOn.push(number);
      if (isUnread) done();
      else queueMicrotask(() => done());
    },
  };

  publish(packet: object, _client: object | Done | null | undefined, done: Done = () => {}): void {
    const { isStored, fails } = packet as Numbered;
    const go = () => fails ? done(new Error("the store is closed")) : this.mq.emit(packet, done);
    if (isStored) queueMicrotask(go);
    else go();
  }
}

async function passedOn(kinds: readonly Kind[]): Promise<Library> {
  const library = new Library();
  publishInOrder(library);
  await Promise.all(kinds.map((kind, number) =>
    new Promise<void>((resolve) => {
      const packet: Numbered = { ...kind, number };
      library.publish(packet, null, () => resolve(void library.settled.push(number)));
    })
  ));
  return library;
}

Deno.test("messages are passed on as they came, whichever is stored, is read or fails", async () => {
  const kind = fc.record({ isStored: fc.boolean(), isUnread: fc.boolean(), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(kind, { maxLength: 12 }), async (kinds) => {
      const { passedOn: order, settled } = await passedOn(kinds);
      assertEquals(order, kinds.flatMap(({ fails }, number) => fails ? [] : [number]));
      assertEquals(settled.length, kinds.length);
    }),
    { numRuns: 300, seed: 1 },
  );
});
