/** What the MCP server offers as code passes its own check: one type check for each. */
import { assert, assertEquals } from "@std/assert";
import { overStdio } from "../support/mcp_client.ts";
import { Stage } from "../support/stage.ts";

Deno.test({
  name: "every template and every example passes the check",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using stage = await Stage.set();
    await using mcp = await overStdio(stage.broker.port);
    const { resources } = await mcp.client.listResources();
    const uris = resources.map(({ uri }) => uri).filter((uri) => /\/\/(templates|examples)\/./.test(uri));
    assert(uris.length >= 16, uris.join());
    for (const uri of uris) {
      const { contents: [first] } = await mcp.client.readResource({ uri });
      const code = first !== undefined && "text" in first ? first.text : "";
      const install = /mqtt/.test(uri) ? ["npm:mqtt@5"] : /daylight/.test(uri) ? ["npm:suncalc@2"] : [];
      const { isError, text } = await mcp.call("check_agent", { code, install });
      assertEquals(isError, false, `${uri}: ${text}`);
    }
  },
});
