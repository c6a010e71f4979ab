import { assertEquals } from "@std/assert";
import type { IncomingMessage, LinkListener, OutgoingMessage } from "../../../../../runner/link/link.ts";
import { Subscriptions } from "../../../../../runner/node/agents/subscriptions.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeLink } from "../../../../support/fake_link.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";

const message = (topic: string, text: string, retained = false) => ({
  topic,
  payload: new TextEncoder().encode(text),
  retained,
});

const published = (topic: string, payload: string, retain = false): OutgoingMessage => {
  return { topic, payload, retain, qos: 1, class: "telemetry" };
};

function subscribe(...filters: [agent: SupervisedAgent, id: number, filter: string][]) {
  const lines: { readonly link: FakeLink; readonly listener: LinkListener }[] = [];
  const refused: [agent: string, filter: string, reason: string][] = [];
  const all = new Subscriptions({
    open: (listener, line) => {
      const link = new FakeLink();
      lines[line] = { link, listener };
      return link;
    },
    limitOf: () => 1000,
    mayHear: (agent, topic) => !(agent === "deaf" && topic === "private"),
    onRefused: ({ name }, filter, reason) => refused.push([name, filter, reason]),
    nowMs: () => 0,
  });
  for (const [agent, id, filter] of filters) void all.add(agent, id, filter);
  return {
    all,
    lines,
    refused,
    get link(): FakeLink {
      return lines[0]?.link ?? new FakeLink();
    },
    subscriptions: {
      add: (agent: SupervisedAgent, id: number, filter: string) => void all.add(agent, id, filter),
      remove: (agent: SupervisedAgent, id: number) => all.remove(agent, id),
      removeAll: (agent: SupervisedAgent) => all.removeAll(agent),
      /** As a broker does: on each connection with a filter that matches. */
      deliver: (message: IncomingMessage) => lines.forEach(({ listener }) => listener.onMessage(message)),
      reconnected: () => lines.forEach(({ listener }) => listener.onOpening?.()),
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

Deno.test("what an agent must not hear it is not given, whatever its filter matches", () => {
  const [a, deaf] = [fakeAgent("a"), fakeAgent("deaf")];
  const { subscriptions } = subscribe([a.agent, 1, "#"], [deaf.agent, 1, "#"]);
  subscriptions.deliver(message("private", "x"));
  subscriptions.deliver(message("public", "x"));
  assertEquals(a.sent.length, 2);
  assertEquals(deaf.sent, [{ t: "message", subscriptions: [1], topic: "public", text: "x" }]);
  assertEquals(deaf.agent.counters.messages, 1);
});

Deno.test("an agent gets a message once for each of its filters, whatever else overlaps", () => {
  const a = fakeAgent("a");
  const { subscriptions, lines } = subscribe([a.agent, 1, "x"], [a.agent, 2, "y"], [a.agent, 3, "#"]);
  subscriptions.deliver(message("x", "hello"));
  const got = (id: number) => ({ t: "message" as const, subscriptions: [id], topic: "x", text: "hello" });
  assertEquals(a.sent, [got(1), got(3)]);
  assertEquals(lines.map(({ link }) => link.filters), [["+x", "+y"], ["+#"]]);
});

Deno.test("an agent that asks for a filter twice gets a message once, for both", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x"], [a.agent, 3, "x"]);
  subscriptions.deliver(message("x", "hello"));
  assertEquals(a.sent, [{ t: "message", subscriptions: [1, 3], topic: "x", text: "hello" }]);
});

Deno.test("filters that overlap never share a connection; one that nobody needs any more is closed", () => {
  const [a, b] = [fakeAgent("a"), fakeAgent("b")];
  const { subscriptions, lines } = subscribe(
    [a.agent, 1, "x/+"],
    [b.agent, 1, "+/y"],
    [b.agent, 2, "x/#"],
    [a.agent, 2, "z"],
    [a.agent, 3, "+/y"],
  );
  assertEquals(lines.map(({ link }) => link.filters), [["+x/+", "+z"], ["++/y", "++/y"], ["+x/#"]]);
  subscriptions.removeAll(b.agent);
  assertEquals(lines.map(({ link }) => link.closed), [false, false, true]);
  subscriptions.removeAll(a.agent);
  assertEquals(lines.map(({ link }) => link.closed), [false, true, true]);
});

Deno.test("however much overlaps, the connections are bounded", () => {
  const a = fakeAgent("a");
  const nested = Array.from({ length: 20 }, (_, depth) => `${"x/".repeat(depth)}#`);
  const { lines } = subscribe(
    ...nested.map((filter, id): [SupervisedAgent, number, string] => [a.agent, id, filter]),
  );
  assertEquals(lines.length, 8);
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

Deno.test("a message that was heard when it was published does not come again as the one that was kept", () => {
  const [a, b] = [fakeAgent("a"), fakeAgent("b")];
  const { subscriptions } = subscribe([a.agent, 1, "x"]);
  subscriptions.deliver(message("x", "1"));
  subscriptions.add(b.agent, 1, "x");
  subscriptions.deliver(message("x", "1", true));
  assertEquals([a.sent.length, b.sent.length], [1, 1]);
});

Deno.test("what was kept does not come after what was published since", () => {
  const a = fakeAgent("a");
  const { subscriptions } = subscribe([a.agent, 1, "x"]);
  subscriptions.deliver(message("x", "new"));
  subscriptions.deliver(message("x", "old", true));
  assertEquals(a.sent.length, 1);
});

Deno.test("a filter that the broker refuses is refused to the agent, and forgotten", async () => {
  const a = fakeAgent("a");
  const { all, link, subscriptions, refused, lines } = subscribe([a.agent, 1, "x"]);
  link.refusals.set("secret", "the broker refuses it");
  assertEquals(await all.add(a.agent, 2, "secret"), "the broker refuses it");
  subscriptions.deliver(message("secret", "1"));
  assertEquals([a.sent, link.filters], [[], ["+x", "+secret", "-secret"]]);
  lines[0]?.listener.onRefused?.({ filter: "x", reason: "no longer" });
  assertEquals(refused, [["a", "x", "no longer"]]);
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

Deno.test("what the node publishes reaches its agents at once and once each, whatever the broker sends", () => {
  const [a, b] = [fakeAgent("a"), fakeAgent("b")];
  const { all, subscriptions, lines } = subscribe([a.agent, 1, "x"], [a.agent, 2, "#"], [b.agent, 1, "y"]);
  const hello = published("x", "hello");
  all.handOver(hello);
  const expected = [{ t: "message", subscriptions: [1, 2], topic: "x", text: "hello" }] as const;
  assertEquals([a.sent, b.sent, a.agent.counters.messages], [[...expected], [], 1]);
  all.trail.onSent(hello);
  // Each connection gets a copy.
  assertEquals(lines.length, 2);
  subscriptions.deliver(message("x", "hello"));
  all.trail.onAcknowledged(hello);
  assertEquals(a.sent.length, 1);
  subscriptions.deliver(message("x", "hello"));
  assertEquals(a.sent.length, 3);
});

Deno.test("what an agent must not hear it is not given by its node either", () => {
  const deaf = fakeAgent("deaf");
  const { all } = subscribe([deaf.agent, 1, "#"]);
  all.handOver(published("private", "x"));
  all.deliverHere({ topic: "private", payload: "x" });
  assertEquals(deaf.sent, []);
});

Deno.test("what is for this node alone reaches its agents, and changes nothing about what the broker sends", () => {
  const [a, b] = [fakeAgent("a"), fakeAgent("b")];
  const { all, subscriptions } = subscribe([a.agent, 1, "x"]);
  all.deliverHere({ topic: "x", payload: "1" });
  subscriptions.deliver(message("x", "1"));
  subscriptions.add(b.agent, 1, "x");
  assertEquals([a.sent.length, b.sent.length], [2, 0]);
});

Deno.test("a message that the broker never got is not awaited for ever: the same from somebody else is theirs", () => {
  const a = fakeAgent("a");
  const { all, subscriptions, lines } = subscribe([a.agent, 1, "x"]);
  const lost = published("x", "on");
  lines[0]?.listener.onOpening?.();
  all.trail.onSent(lost);
  lines[0]?.listener.onDisconnected("broken");
  all.trail.onBroken(lost);
  all.trail.onDropped(lost, undefined);
  all.reconnected();
  lines[0]?.listener.onOpening?.();
  subscriptions.deliver(message("x", "on"));
  assertEquals(a.sent.length, 1);
});

Deno.test("text goes as it would over a broker", () => {
  const a = fakeAgent("a");
  const { all } = subscribe([a.agent, 1, "x"]);
  all.handOver(published("x", "\ufeff\ud800"));
  assertEquals(a.sent, [{ t: "message", subscriptions: [1], topic: "x", text: "\ufeff\ufffd" }]);
});
