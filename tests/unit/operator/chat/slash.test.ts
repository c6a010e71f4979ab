/** Commands of the chat that need no model. */
import { assertEquals, assertMatch } from "@std/assert";
import { parseSlash } from "../../../../operator/chat/slash.ts";

Deno.test("a command is a plan, as the sentence it stands for", () => {
  const plan = (line: string) => {
    const slash = parseSlash(line);
    return slash?.kind === "plan" ? slash.plan : slash;
  };
  assertEquals(plan("/nodes"), { kind: "list_nodes" });
  assertEquals(plan("  /agents  edge-1 "), { kind: "list_agents", node: "edge-1" });
  assertEquals(plan("/agents"), { kind: "list_agents" });
  assertEquals(plan("/migrate counter edge-2"), { kind: "move", agent: "counter", to: "edge-2" });
  assertEquals(plan("/deploy attic pi@10.0.0.4 10.0.0.1"), {
    kind: "deploy_node",
    node: "attic",
    address: "pi@10.0.0.4",
    broker: "10.0.0.1",
  });
  assertEquals(plan("/help"), { kind: "help" });
  assertEquals(plan("/quit"), { kind: "quit" });
});

Deno.test("a command that is none, or lacks something, says how it is used", () => {
  for (
    const [line, reason] of [
      ["/migrate counter", /^Usage: \/migrate AGENT NODE$/],
      ["/migrate a b c", /^Usage: \/migrate AGENT NODE$/],
      ["/deploy attic pi 10.0.0.1", /'pi' is not USER@HOST\. Usage: \/deploy/],
      ["/migrate all edge-1", /'all' is not a name/],
      ["/reboot", /There is no \/reboot/],
      ["/", /There is no \//],
      ["/etc/passwd", /There is no/],
    ] as const
  ) {
    const slash = parseSlash(line);
    assertEquals(slash?.kind, "unusable", line);
    if (slash?.kind === "unusable") assertMatch(slash.reason, reason);
  }
});

Deno.test("anything else is no command", () => {
  for (const line of ["list nodes", "", "say /nodes"]) assertEquals(parseSlash(line), undefined);
});
