import { assertEquals, assertMatch } from "@std/assert";
import { Secret } from "../../../../protocol/config/secret.ts";
import { type Provenance, refusal } from "../../../../operator/dashboard/server/http/guard.ts";
import { contentPolicy } from "../../../../operator/dashboard/server/http/responses.ts";
import { Sessions } from "../../../../operator/dashboard/server/http/sessions.ts";

const GET: Provenance = {
  method: "GET",
  host: "127.0.0.1:8080",
  origin: null,
  fetchSite: null,
  contentType: null,
  isWebSocket: false,
};
const POST: Provenance = { ...GET, method: "POST", contentType: "application/json; charset=utf-8" };
const isAdmitted = (request: Provenance, hostNames: readonly string[] = []) =>
  refusal(request, { hostNames }) === undefined;

Deno.test("addresses, localhost and names that were given may be called, no others", () => {
  for (const host of ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.1.7", "LOCALHOST"]) {
    assertEquals(isAdmitted({ ...GET, host }), true, host);
  }
  for (
    const host of [
      null,
      "",
      "evil.example",
      "evil.example:8080",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "a b",
      "x@127.0.0.1",
    ]
  ) {
    assertEquals(isAdmitted({ ...GET, host }), false, String(host));
  }
  assertEquals(isAdmitted({ ...GET, host: "fleet.example" }, ["Fleet.example"]), true);
});

Deno.test("what changes something, and a live connection, must come from this page or from no browser at all", () => {
  const own = { origin: "http://127.0.0.1:8080", fetchSite: "same-origin" };
  const live = { ...GET, isWebSocket: true };
  for (const request of [POST, { ...POST, ...own }, live, { ...live, ...own }]) {
    assertEquals(isAdmitted(request), true);
  }
  for (const request of [POST, live]) {
    for (const origin of ["http://evil.example", "http://127.0.0.1:8081", "null", "http://127.0.0.1"]) {
      assertEquals(isAdmitted({ ...request, origin }), false, origin);
    }
    for (const fetchSite of ["cross-site", "same-site", "none"]) {
      assertEquals(isAdmitted({ ...request, fetchSite }), false, fetchSite);
    }
  }
  assertEquals(
    isAdmitted({ ...POST, host: "fleet.example", origin: "https://fleet.example" }, ["fleet.example"]),
    true,
    "behind a proxy",
  );
});

Deno.test("a form of another website is refused for what it can send", () => {
  for (
    const contentType of [null, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
  ) {
    assertEquals(isAdmitted({ ...POST, contentType }), false, String(contentType));
  }
});

Deno.test("a session is a cookie that scripts cannot read, and ends in a week or at logout", () => {
  const clock = { nowMs: 0 };
  const sessions = new Sessions(new Secret("the-token-of-this-test"), () => clock.nowMs);
  const withCookie = (cookie: string) => new Headers({ cookie: `other=1; ${cookie.split(";")[0]}` });
  assertEquals(sessions.login("the-token-of-this-tesT", false), undefined);
  const cookie = sessions.login("the-token-of-this-test", true) ?? "";
  assertMatch(cookie, /; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800; Secure$/);
  assertEquals(sessions.admits(withCookie(cookie)), true);
  assertEquals(sessions.admits(new Headers()), false);
  assertEquals(sessions.admits(new Headers({ authorization: "Bearer the-token-of-this-test" })), true);
  assertEquals(sessions.admits(new Headers({ authorization: "Bearer x", cookie })), false);
  clock.nowMs = 7 * 24 * 3600 * 1000;
  assertEquals(sessions.admits(withCookie(cookie)), false);
  const second = sessions.login("the-token-of-this-test", false) ?? "";
  sessions.logout(withCookie(second), false);
  assertEquals(sessions.admits(withCookie(second)), false);
});

Deno.test("the page's policy allows nothing inline, nothing evaluated, and nobody else", () => {
  const policy = contentPolicy("abc");
  assertEquals(/unsafe|\*|https?:|blob:/.test(policy), false);
  assertMatch(policy, /script-src 'self';/);
});
