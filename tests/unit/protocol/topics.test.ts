import { assertEquals } from "@std/assert";
import { filterError, filterMatches, publishTopicError, topics } from "../../../protocol/topics.ts";

Deno.test("every topic is built as the contract has it", () => {
  assertEquals(topics.node("n", "spawn"), "nodes/n/spawn");
  assertEquals(topics.nodeHeartbeat("n"), "nodes/n/heartbeat");
  assertEquals(topics.nodeStatus("n"), "nodes/n/status");
  assertEquals(topics.nodeAgents("n"), "nodes/n/agents");
  assertEquals(topics.migrateResult("n"), "nodes/n/migrate_result");
  assertEquals(topics.reply("n", "r"), "nodes/n/reply/r");
  assertEquals(topics.nodeLogs("n"), "agents/n/logs");
  assertEquals(topics.agent("id", "errors"), "agents/id/errors");
  assertEquals(topics.agentCommands("id"), "agents/id/commands");
  assertEquals(topics.task("a"), "agents/by-name/a/task");
  assertEquals(topics.detections("n", "a"), "n/a/detections");
});

Deno.test("a filter matches as MQTT 3.1.1 has it", () => {
  const cases: [filter: string, topic: string, matches: boolean][] = [
    ["a/b", "a/b", true],
    ["a/b", "a/B", false],
    ["a/b", "a", false],
    ["a", "a/b", false],
    ["a/b", "a/b/", false],
    ["/a", "a", false],
    ["+", "a", true],
    ["+", "a/b", false],
    ["+", "/a", false],
    ["+/+", "/a", true],
    ["/+", "/a", true],
    ["a/+", "a", false],
    ["a/+", "a/", true],
    ["a/+/c", "a/b/c", true],
    ["a/+/c", "a/b/d", false],
    ["a/+/c", "a/b/b/c", false],
    ["#", "a", true],
    ["#", "a/b/c", true],
    ["#", "/", true],
    ["a/#", "a", true],
    ["a/#", "a/", true],
    ["a/#", "a/b/c", true],
    ["a/#", "ab", false],
    ["+/b/#", "a/b", true],
    ["+/b/#", "a/b/c/d", true],
    ["+/b/#", "a/c", false],
    ["#", "$SYS/x", false],
    ["+/x", "$SYS/x", false],
    ["$SYS/#", "$SYS/x", true],
    ["$SYS/+", "$SYS/x", true],
    ["a/+", "a/$x", true],
    ["a/#", "a/$x", true],
  ];
  for (const [filter, topic, matches] of cases) {
    assertEquals(filterMatches(filter, topic), matches, `${filter} ${topic}`);
  }
});

Deno.test("a topic that MQTT does not allow is refused with its reason", () => {
  const cases: [topic: unknown, error: string | undefined][] = [
    ["a", undefined],
    ["/", undefined],
    ["a b/ü", undefined],
    ["a/$x", undefined],
    ["x".repeat(65_535), undefined],
    ["", "a topic must not be empty"],
    [undefined, "a topic must be a string, got undefined"],
    [null, "a topic must be a string, got null"],
    [1, "a topic must be a string, got number"],
    ["a\0b", "a topic must not contain the NUL character"],
    ["\ud800", "a topic must be well-formed Unicode"],
    ["x".repeat(65_536), "a topic must not be longer than 65535 bytes"],
    ["é".repeat(32_768), "a topic must not be longer than 65535 bytes"],
    ["a/+", "a topic must not contain the wildcards + or #"],
    ["#", "a topic must not contain the wildcards + or #"],
    ["$SYS/x", "topics that begin with $ belong to the broker"],
  ];
  for (const [topic, error] of cases) {
    assertEquals(publishTopicError(topic), error, String(topic).slice(0, 20));
  }
});

Deno.test("a filter that MQTT does not allow is refused with its reason", () => {
  for (const filter of ["a", "+", "#", "a/+/b", "a/#", "+/+/#", "$SYS/#", "/", "//"]) {
    assertEquals(filterError(filter), undefined, filter);
  }
  for (const filter of ["a+", "+a", "a/b#", "#/a", "a/#/b", "##", "++", "a/+b/c"]) {
    assertEquals(
      filterError(filter),
      "in a filter, + and # stand alone in their level, and # only in the last",
      filter,
    );
  }
  assertEquals(filterError(""), "a filter must not be empty");
  assertEquals(filterError({}), "a filter must be a string, got object");
});
