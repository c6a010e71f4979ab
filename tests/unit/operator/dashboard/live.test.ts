import { assertEquals } from "@std/assert";
import { Hub } from "../../../../operator/dashboard/server/live/hub.ts";
import { MAX_LOGS, Pending } from "../../../../operator/dashboard/server/live/pending.ts";
import { parseBrowserMessage, STUCK_AFTER_MS } from "../../../../operator/dashboard/server/live/viewer.ts";
import { Model } from "../../../../operator/dashboard/server/model/model.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const entry = (seq: number) => ({
  seq,
  time: 0,
  node: null,
  agent: null,
  actor_id: null,
  level: "info" as const,
  message: `${seq}`,
});

/** A hub with one browser, whose time the test sets. */
function scene() {
  const model = new Model();
  const clock = { nowMs: 1_000_000 };
  const session = { version: "1", control: false, show_code: false, token: false };
  const broker = () => ({ url: "mqtt://x", connected: true, since: 0, reason: null });
  const hub = new Hub({ model, session, broker, nowMs: () => clock.nowMs });
  // deno-lint-ignore no-explicit-any -- tests look into messages of every shape
  const sent: any[] = [];
  const closed: string[] = [];
  const viewer = hub.join({
    send: (text) => sent.push(JSON.parse(text)),
    close: (reason) => closed.push(reason),
  });
  const say = (topic: string, payload: unknown) => hub.note(model.apply(topic, bytes(payload), clock.nowMs));
  const acknowledge = () =>
    viewer?.receive(JSON.stringify({ type: "ack", seq: sent.at(-1).seq }), clock.nowMs);
  return { model, clock, hub, sent, closed, viewer, say, acknowledge };
}

Deno.test("a browser is told everything first, and then what is new", () => {
  const { hub, sent, say, acknowledge } = scene();
  using _hub = hub;
  assertEquals([sent[0].type, sent[0].nodes, sent[0].agents], ["snapshot", [], []]);
  acknowledge();
  hub.flush();
  assertEquals(sent.length, 1, "nothing is new");
  say("nodes/n/heartbeat", { node: "n", agents: ["a"], cpu: 2 });
  say("agents/id/heartbeat", { name: "a", node: "n", state: "running", cpu: 1 });
  say("agents/id/heartbeat", { name: "a", node: "n", state: "paused", cpu: 1 });
  hub.flush();
  assertEquals(sent[1].nodes.map(({ name, cpu }: { name: string; cpu: number }) => [name, cpu]), [["n", 2]]);
  assertEquals(sent[1].agents.map(({ state }: { state: string }) => state), ["paused"], "once, as it is now");
  assertEquals(sent[1].events.map(({ kind }: { kind: string }) => kind), ["paused"]);
});

Deno.test("a slow browser has two messages on their way at most, and then hears what counts in one", () => {
  const { hub, sent, say, acknowledge, clock, closed } = scene();
  using _hub = hub;
  for (let beat = 0; beat < 1000; beat++) {
    say("agents/id/heartbeat", { name: "a", node: "n", state: "running", cpu: beat });
    say("agents/id/alert", { message: `alert ${beat}`, agent: "a" });
    hub.flush();
  }
  assertEquals(sent.length, 2, "the snapshot and one more");
  acknowledge();
  hub.flush();
  assertEquals([sent.length, sent[2].agents.length, sent[2].agents[0].cpu], [3, 1, 999]);
  assertEquals([sent[2].alerts.length, sent[2].alerts.at(-1).message], [500, "alert 999"]);
  say("agents/id/alert", { message: "one more", agent: "a" });
  hub.flush();
  clock.nowMs += STUCK_AFTER_MS + 1;
  hub.flush();
  assertEquals([closed.length, hub.size], [1, 0], "one that takes nothing in is let go");
});

Deno.test("log lines go to those who ask for them, a fair sample when there are many, and the rest is counted", () => {
  const { hub, sent, say, acknowledge, viewer, clock } = scene();
  using _hub = hub;
  acknowledge();
  const flood = () => {
    for (let line = 0; line < 1000; line++) {
      say("agents/id/logs", { agent: "a", message: `line ${line}`, level: "info" });
    }
  };
  flood();
  hub.flush();
  assertEquals(sent.length, 1, "nobody has asked");
  viewer?.receive(JSON.stringify({ type: "logs", filter: { text: "line" } }), clock.nowMs);
  flood();
  hub.flush();
  assertEquals([sent[1].logs.length, sent[1].logs_left_out], [MAX_LOGS, 1000 - MAX_LOGS]);
  const seqs = sent[1].logs.map(({ seq }: { seq: number }) => seq);
  assertEquals(seqs, seqs.toSorted((a: number, b: number) => a - b), "in order");
});

Deno.test("a sample gives lines of every moment the same chance", () => {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const pending = new Pending(random);
  for (let seq = 1; seq <= 10_000; seq++) pending.addLog(entry(seq));
  const logs = pending.take()?.logs ?? [];
  const early = logs.filter(({ seq }) => seq <= 5000).length;
  assertEquals([logs.length, early > 30 && early < 70], [MAX_LOGS, true], `${early} of the first half`);
});

Deno.test("what is no message of the page means nothing", () => {
  for (
    const text of [
      "",
      "{",
      "[]",
      "null",
      '{"type":"ack"}',
      '{"type":"logs"}',
      '{"type":"logs","filter":7}',
      '{"type":"else"}',
    ]
  ) {
    assertEquals(parseBrowserMessage(text), undefined, text);
  }
  assertEquals(
    parseBrowserMessage('{"type":"logs","filter":{"agent":7,"level":"loud","text":"x","more":1}}'),
    {
      type: "logs",
      filter: { text: "x" },
    },
  );
});
