/** The store on disk passes the tests that the broker library has for stores. */
import assert from "node:assert";
import * as persistence from "aedes-persistence";
import testPersistence from "aedes-persistence/abstract.js";
import callbacks from "aedes-persistence/callBackPersistence.js";
import buildEmitter from "mqemitter";
import { type ChangingStore, DurableStore } from "../../../../runner/broker/durable_store.ts";
import { MessageFile } from "../../../../runner/broker/message_file.ts";
import { systemClock } from "../../../../runner/clock.ts";

interface Context {
  readonly assert: typeof assert;
  diagnostic(): void;
  plan(): void;
}

/** Its types know no default export. */
const memory = (persistence as unknown as { default(): ClosableStore }).default;

interface ClosableStore extends ChangingStore {
  destroy(): Promise<void>;
}

testPersistence({
  test: (name: string, fn: (context: Context) => Promise<void>) =>
    Deno.test(`store on disk: ${name}`, () => fn({ assert, diagnostic: () => {}, plan: () => {} })),
  buildEmitter,
  waitForReady: false,
  persistence: async () => {
    const store = memory();
    const file = new MessageFile(":memory:", 100_000_000);
    const parts = { file, stored: file.load(), clock: systemClock, say: assert.fail };
    const durable = DurableStore.around(store, parts);
    await durable.load(store);
    const destroy = store.destroy.bind(store);
    store.destroy = () => durable[Symbol.asyncDispose]().then(destroy);
    return new callbacks.CallBackPersistence(() => store);
  },
});
