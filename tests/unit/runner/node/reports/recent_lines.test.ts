/** What a node remembers of what was said: enough to be of use, and never much. */
import { assert, assertEquals } from "@std/assert";
import { RecentLines } from "../../../../../runner/node/reports/recent_lines.ts";

const messages = (recent: RecentLines, agent?: string) =>
  recent.read("logs", agent).lines.map(({ message }) => message);

Deno.test("the last lines are kept, the oldest first", () => {
  const recent = new RecentLines(() => true);
  for (let i = 0; i < 150; i++) recent.add("a", "logs", { message: `${i}`, timestamp: i });
  assertEquals(messages(recent, "a").length, 100);
  assertEquals([messages(recent, "a")[0], messages(recent, "a").at(-1)], ["50", "149"]);
});

Deno.test("long lines are cut, and do not push out the last one", () => {
  const recent = new RecentLines(() => true);
  for (let i = 0; i < 50; i++) recent.add("a", "logs", { message: "\u0000".repeat(64 * 1024), timestamp: i });
  const { lines } = recent.read("logs", "a");
  assertEquals([lines.length, lines[0]?.timestamp], [1, 49]);
  assertEquals(String(lines[0]?.message).length, 2000);
});

Deno.test("a flood of lines pushes out no error", () => {
  const recent = new RecentLines(() => true);
  recent.add("a", "errors", { error: "first", phase: "process", timestamp: 0 });
  for (let i = 0; i < 1000; i++) recent.add("a", "logs", { message: "x".repeat(500), timestamp: i });
  assertEquals(recent.read("errors", "a").lines.length, 1);
});

Deno.test("what the node says of an agent is among its lines, and its errors among the errors", () => {
  const recent = new RecentLines(() => true);
  recent.addOwn({ type: "spawned", message: "spawned a", child_name: "a", timestamp: 1 });
  recent.addOwn({ type: "error", message: "no b", child_name: "b", timestamp: 2 });
  recent.add("a", "logs", { message: "hello", timestamp: 3 });
  assertEquals(messages(recent, "a"), ["spawned a", "hello"]);
  assertEquals(messages(recent), ["spawned a", "no b", "hello"]);
  assertEquals(recent.read("errors", "b").lines.map(({ message }) => message), ["no b"]);
});

Deno.test("of agents that have ended the last are kept, of those that run all", () => {
  const recent = new RecentLines((agent) => agent.startsWith("runs"));
  const say = (agent: string) => recent.add(agent, "logs", { message: agent, timestamp: 0 });
  for (let i = 0; i < 50; i++) say(`runs-${i}`);
  for (let i = 0; i < 50; i++) say(`ended-${i}`);
  assertEquals(messages(recent).filter((message) => String(message).startsWith("runs")).length, 50);
  assertEquals([messages(recent, "ended-0"), messages(recent, "ended-49")], [[], ["ended-49"]]);
  assertEquals(messages(recent).length, 50 + 32);
});

Deno.test("an answer is bounded, keeps the newest, and says what it leaves out", () => {
  const recent = new RecentLines(() => true);
  for (let agent = 0; agent < 40; agent++) {
    for (let i = 0; i < 10; i++) {
      recent.add(`a${agent}`, "logs", { message: "x".repeat(1000), timestamp: agent * 10 + i });
    }
  }
  const { lines, omitted } = recent.read("logs");
  assert(JSON.stringify(lines).length < 140_000);
  assertEquals([lines.length + omitted, lines.at(-1)?.timestamp], [400, 399]);
});
