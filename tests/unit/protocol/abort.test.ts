import { assertEquals, assertRejects } from "@std/assert";
import { aborted, orAborted, pause } from "../../../protocol/abort.ts";

Deno.test("a wait ends with its signal, also one that was aborted before", async () => {
  const controller = new AbortController();
  const waits = [aborted(controller.signal), pause(86_400_000, controller.signal)];
  controller.abort();
  await Promise.all(waits);
  await Promise.all([aborted(controller.signal), pause(86_400_000, controller.signal)]);
});

Deno.test("what comes before the signal counts; after it, the signal's reason", async () => {
  const controller = new AbortController();
  assertEquals(await orAborted(Promise.resolve(1), controller.signal), 1);
  const waiting = orAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error("over"));
  await assertRejects(() => waiting, Error, "over");
  await assertRejects(() => orAborted(Promise.resolve(1), controller.signal), Error, "over");
});
