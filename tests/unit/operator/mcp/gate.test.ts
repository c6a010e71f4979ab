/** Who may talk to the MCP server over HTTP. */
import { assertEquals } from "@std/assert";
import { isLoopback, refusalOf } from "../../../../operator/mcp/gate.ts";

const TOKEN = "0123456789abcdef";
const status = (
  headers: Record<string, string>,
  hosts: string[] = [],
  token: string | undefined = undefined,
) => refusalOf(new Headers({ host: "localhost:1", ...headers }), { hosts, token })?.status;

Deno.test("by a name of loopback everybody may, by another only where it was allowed", () => {
  for (const host of ["localhost:80", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST"]) {
    assertEquals(status({ host }), undefined, host);
  }
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b"]) {
    assertEquals(status({ host }), 403, host);
  }
  assertEquals(status({ host: "broker.lan:80" }, ["broker.lan"]), undefined);
});

Deno.test("a page may only where it comes from one of those names", () => {
  assertEquals(status({ origin: "http://localhost:5173" }), undefined);
  for (const origin of ["https://evil.example", "null", "http://localhost.evil.example", "file://"]) {
    assertEquals(status({ origin }), 403, origin);
  }
  assertEquals(status({ origin: "https://panel.lan" }, ["panel.lan"]), undefined);
});

Deno.test("with a token nobody may without it", () => {
  assertEquals(status({}, [], TOKEN), 401);
  for (const authorization of ["", "Bearer", `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
    assertEquals(status({ authorization }, [], TOKEN), 401, authorization);
  }
  assertEquals(status({ authorization: `Bearer ${TOKEN}` }, [], TOKEN), undefined);
  assertEquals(status({ authorization: `bearer ${TOKEN}` }, [], TOKEN), undefined);
});

Deno.test("loopback is loopback, and nothing that looks like it", () => {
  assertEquals(["127.0.0.1", "127.9.9.9", "::1", "localhost"].every(isLoopback), true);
  assertEquals(["0.0.0.0", "127.0.0.1.evil", "10.0.0.1", "::", "1127.0.0.1"].some(isLoopback), false);
});
