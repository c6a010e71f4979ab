/** What a spawn came to, as the messages of node and agent tell it. */
import { assertEquals } from "@std/assert";
import type { BusMessage, Wanted } from "../../../../operator/bus.ts";
import { Fleet } from "../../../../operator/fleet/fleet.ts";
import type { Operator } from "../../../../operator/operator.ts";
import { spawn } from "../../../../operator/operations/spawn.ts";
import { actorId } from "../../../../protocol/ids.ts";
import { topics } from "../../../../protocol/topics.ts";

const AGENT = actorId("hello");
const status = (state: string) => [`agents/${AGENT}/status`, { state, node: "hall" }] as const;
const begun = [topics.nodeLogs("hall"), { type: "spawned", child_name: "hello" }] as const;
const ready = [`agents/${AGENT}/manifest`, { name: "hello", node: "hall" }] as const;

/** What `spawn` says when the node has accepted an update and these messages come, in that order. */
async function outcomeOf(messages: readonly (readonly [string, unknown])[]): Promise<string> {
  const handlers: ((message: BusMessage) => void)[] = [];
  const encoder = new TextEncoder();
  const operator = {
    fleet: new Fleet(),
    bus: {
      subscribeAll: (wanted: readonly Wanted[]) => {
        for (const { filter, handler } of wanted) {
          const prefix = filter.replace("+", "");
          handlers.push((message) => {
            if (message.topic.startsWith(prefix)) handler(message);
          });
        }
        return Promise.resolve({ [Symbol.dispose]: () => {} });
      },
    },
    commander: {
      command: () => {
        for (const [topic, fields] of messages) {
          const payload = encoder.encode(JSON.stringify(fields));
          for (const handle of handlers) handle({ topic, payload, retained: false } as BusMessage);
        }
        return Promise.resolve({ ok: true });
      },
    },
  } as unknown as Operator;
  const { kind } = await spawn(operator, "hall", { name: "hello" }, { timeoutMs: 0 });
  return kind;
}

Deno.test("the end of the agent that is replaced is not the end of the new one", async () => {
  const replaced = [status("running"), status("stopped"), begun];
  assertEquals(await outcomeOf([...replaced, status("running"), ready]), "running");
  assertEquals(await outcomeOf([...replaced, status("running")]), "unsettled");
  assertEquals(await outcomeOf([...replaced, status("running"), status("stopped")]), "stopped");
});
