import { assertEquals } from "@std/assert";
import type { IncomingMessage, LinkListener } from "../../../../../runner/link/link.ts";
import { Subscriptions } from "../../../../../runner/node/agents/subscriptions.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeLink } from "../../../../support/fake_link.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";

const message = (topic: string, text: string, retained = false) => ({
  topic,
  payload: new TextEncoder().encode(text),
  retained,
});

function subscribe(...filters: [agent: SupervisedAgent, id: number, filter: string][]) {
  const link = new FakeLink();
  let listener: LinkListener | undefined;
  const all = new Subscriptions((given) => {
    listener = given;
    return link;
  }, () => 1000);
  for (const [agent, id, filter] of filters) void all.add(agent, id, filter);
  return {
    link,
    subscriptions: {
      add: (agent: SupervisedAgent, id: number, filter: string) => void all.add(agent, id, filter),
      remove: (agent: SupervisedAgent, id: number) => all.remove(agent, id),
      removeAll: (agent: SupervisedAgent) => all.removeAll(agent),
      deliver: (message: IncomingMessage) => listener?.onMessage(message),
      reconnected: () => listener?.onConnected(),
    },
  };
}

Deno.test("a message reaches every agent that asked for it, and no other", () => {
  const [a, b, c] = [fakeAgent("a"), fakeAgent("b"), fakeAgent("c")];
  const { subscriptions } = subscribe([a.agent, 1, "x/+"], [b.agent, 1, "#"], [c.agent, 1, "y"]);
  subscriptions.deliver(message("x/1", "5"));
  const expected = [{ t: "message", subscriptions: [1], topic: "x/1", text: "5" }] as const;
  assertEquals([a.sent, b.sent, c.sent], [[...expected], [...expected], []]);
  assertEquals([a.agent.counters.messages, c.agent.counters.messages], [1, 0]);
});

Deno.test("an agent gets a message once, with all its subscriptions that match", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x"], [a.agent, 2, "y"], [a.agent, 3, "#"]);
  subscriptions.deliver(message("x", "hello"));
  assertEquals(a.sent, [{ t: "message", subscriptions: [1, 3], topic: "x", text: "hello" }]);
});

Deno.test("a message that no pipe would take is passed over, and those after it are not", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x"]);
  subscriptions.deliver({ topic: "x", payload: new Uint8Array(16 * 1024 * 1024 + 1), retained: false });
  subscriptions.deliver(message("x", "2"));
  assertEquals(a.sent, [{ t: "message", subscriptions: [1], topic: "x", text: "2" }]);
});

Deno.test("a payload that is no text goes as bytes", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x"]);
  subscriptions.deliver({ topic: "x", payload: Uint8Array.of(0xff, 0), retained: false });
  assertEquals(a.sent, [{ t: "message", subscriptions: [1], topic: "x", base64: "/wA=" }]);
});

Deno.test("a retained message that comes again because another agent subscribes is delivered to that one alone", () => {
  const [a, b] = [fakeAgent("a"), fakeAgent("b")];
  const { subscriptions } = subscribe([a.agent, 1, "x"]);
  subscriptions.deliver(message("x", "1", true));
  subscriptions.add(b.agent, 1, "x");
  subscriptions.deliver(message("x", "1", true));
  assertEquals([a.sent.length, b.sent.length], [1, 1]);
  subscriptions.deliver(message("x", "2"));
  assertEquals([a.sent.length, b.sent.length], [2, 2]);
});

Deno.test("what is retained may have changed during an outage: it is delivered again after it", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x"]);
  subscriptions.deliver(message("x", "old", true));
  subscriptions.reconnected();
  subscriptions.deliver(message("x", "new", true));
  assertEquals(a.sent.map((frame) => frame.t === "message" && "text" in frame && frame.text), ["old", "new"]);
});

Deno.test("a filter is taken back at the link when the last who shares it is gone", () => {
  const [a, b] = [fakeAgent("a"), fakeAgent("b")];
  const { link, subscriptions } = subscribe([a.agent, 1, "x"], [b.agent, 1, "x"], [a.agent, 3, "y"]);
  subscriptions.remove(a.agent, 1);
  subscriptions.remove(a.agent, 99);
  subscriptions.removeAll(a.agent);
  assertEquals(link.filters, ["+x", "+x", "+y", "-y"]);
  subscriptions.deliver(message("x", "1"));
  assertEquals([a.sent.length, b.sent.length], [0, 1]);
  subscriptions.removeAll(b.agent);
  assertEquals(link.filters.at(-1), "-x");
});

Deno.test("what is remembered of retained topics is bounded for an agent, not for each of its subscriptions", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x/+"], [a.agent, 2, "#"]);
  for (let n = 0; n < 5001; n++) subscriptions.deliver(message(`x/${n}`, "1", true));
  assertEquals(a.sent.length, 5001);
  for (const topic of ["x/0", "x/5000"]) subscriptions.deliver(message(topic, "1", true));
  // The last one could not be remembered any more: it comes twice.
  assertEquals(a.sent.slice(5001).map((frame) => "topic" in frame && frame.topic), ["x/5000"]);
  subscriptions.remove(a.agent, 2);
  subscriptions.deliver(message("x/5000", "1", true));
  subscriptions.deliver(message("x/5000", "1", true));
  assertEquals(a.sent.length, 5003);
});
