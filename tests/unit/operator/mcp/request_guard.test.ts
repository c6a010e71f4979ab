/** Who may talk to the MCP server over HTTP. */
import { assertEquals } from "@std/assert";
import { refusalOf } from "../../../../operator/mcp/request_guard.ts";
import { isLoopback } from "../../../../protocol/broker/loopback.ts";

const TOKEN = "0123456789abcdef";
const status = (
  headers: Record<string, string>,
  hosts: string[] = [],
  token: string | undefined = undefined,
  origins: string[] = [],
) => refusalOf(new Headers({ host: "localhost:1", ...headers }), { hosts, origins, token })?.status;

Deno.test("by a name of loopback everybody may, by another only where it was allowed", () => {
  for (const host of ["localhost:80", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST"]) {
    assertEquals(status({ host }), undefined, host);
  }
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b"]) {
    assertEquals(status({ host }), 403, host);
  }
  assertEquals(status({ host: "broker.lan:80" }, ["broker.lan"]), undefined);
});

Deno.test("a page may only where it is this server's own, or was allowed: not any page of this machine", () => {
  assertEquals(status({ origin: "http://localhost:1" }), undefined);
  for (
    const origin of [
      "http://localhost:5173",
      "http://localhost",
      "http://127.0.0.1:1",
      "https://evil.example",
      "null",
      "http://localhost.evil.example",
      "file://",
      "",
    ]
  ) {
    assertEquals(status({ origin }), 403, origin);
  }
  const inspector = "http://localhost:6274";
  assertEquals(status({ origin: inspector }, [], undefined, [inspector]), undefined);
  assertEquals(status({ origin: "http://localhost:62740" }, [], undefined, [inspector]), 403);
  // A name by which it may be asked for is no page that may use it.
  assertEquals(status({ origin: "https://panel.lan" }, ["panel.lan"]), 403);
  assertEquals(status({ host: "panel.lan", origin: "https://panel.lan" }, ["panel.lan"]), undefined);
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
