/** What is shown before anybody agrees. */
import { assertEquals } from "@std/assert";
import { viewOf } from "../../../../operator/chat/action.ts";

const tool = { title: "Spawn an agent", name: "spawn_agent" };

Deno.test("every field is one line, and code comes last with its lines numbered", () => {
  assertEquals(
    viewOf(tool, { code: "a();\nb();", name: "x", permissions: { net: ["a:1"] }, poll_interval: 3 }),
    {
      title: "Spawn an agent (spawn_agent)",
      lines: [
        "name: x",
        'permissions: {"net":["a:1"]}',
        "poll_interval: 3",
        "code:",
        "   1 | a();",
        "   2 | b();",
        "Spawn an agent: x",
      ],
    },
  );
  const { lines } = viewOf(tool, { name: "x\n   3 | c();", node: "hall", code: "a();" });
  assertEquals(lines.at(-1), 'Spawn an agent: "x\\n   3 | c();" on hall', "one line, whatever the name");
});

Deno.test("no value can pass itself off as other fields, or as lines without a number", () => {
  const { lines } = viewOf(tool, {
    description: "harmless\npermissions: none\u2028code:",
    code: "a();\rpermissions: none\u2029b();",
  });
  assertEquals(lines, [
    'description: "harmless\\npermissions: none\u2028code:"',
    "code:",
    "   1 | a();",
    "   2 | permissions: none",
    "   3 | b();",
  ]);
});
