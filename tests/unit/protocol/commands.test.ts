import { assert, assertEquals } from "@std/assert";
import {
  COMMANDS,
  DIRECT_COMMANDS,
  isSigned,
  matchIncoming,
  NODE_COMMANDS,
  nodeFilters,
  SIGNED_COMMANDS,
} from "../../../protocol/commands.ts";
import { topics } from "../../../protocol/topics.ts";

Deno.test("a node subscribes to its commands and its replies, and to nothing of other nodes", () => {
  assertEquals(nodeFilters("n"), [
    "nodes/n/spawn",
    "nodes/n/desired_state",
    "nodes/n/stop",
    "nodes/n/stop_all",
    "nodes/n/list",
    "nodes/n/inspect",
    "nodes/n/migrate",
    "nodes/n/migration",
    "nodes/n/upgrade",
    "nodes/all/list",
    "nodes/n/reply/+",
  ]);
});

Deno.test("every topic that is built is matched again", () => {
  for (const command of DIRECT_COMMANDS) {
    assertEquals(matchIncoming("n", topics.node("n", command)), { command, subject: "" });
  }
  assertEquals(matchIncoming("n", topics.rollCall), { command: "roll_call", subject: "" });
  assertEquals(matchIncoming("n", topics.reply("n", "r1")), { command: "reply", subject: "r1" });
  assertEquals(matchIncoming("n", topics.task("a")), { command: "task", subject: "a" });
  assertEquals(matchIncoming("n", topics.agentCommands("id")), { command: "commands", subject: "id" });
});

Deno.test("a topic that is not for the node means nothing to it", () => {
  const others = [
    "",
    "nodes",
    "nodes/n",
    "nodes/m/spawn",
    "nodes/n/spawn/x",
    "nodes/n/heartbeat",
    "nodes/n/reply",
    "nodes/n/unknown",
    "nodes/n/reply/a/b",
    "agents/id",
    "agents/id/logs",
    "agents/id/commands/x",
    "agents/by-name/a",
    "agents/by-name/a/x",
    "agents/by-name/a/task/x",
    "other/n/spawn",
    "/nodes/n/spawn",
  ];
  for (const topic of others) assertEquals(matchIncoming("n", topic), undefined, topic);
});

Deno.test("a command is open only where the table says so and why; all others must be signed", () => {
  const open = NODE_COMMANDS.filter((command) => !isSigned(command));
  assertEquals(open, ["list", "roll_call", "migration", "task", "reply"]);
  for (const command of open) assert("because" in COMMANDS[command], command);
  assertEquals([...open, ...SIGNED_COMMANDS].sort(), [...NODE_COMMANDS].sort());
});
