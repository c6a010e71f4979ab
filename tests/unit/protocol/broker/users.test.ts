import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { formatUser, hashPassword, isPassword, parseUsers } from "../../../../protocol/broker/users.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const HASH = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

Deno.test("a password is the one that was hashed, and no other; each hash has its own salt", async () => {
  const hash = await hashPassword(bytes("pässword"));
  assertMatch(hash, /^\$scrypt\$ln=14,r=8,p=1\$/);
  assertEquals(await isPassword(bytes("pässword"), hash), true);
  assertEquals(await isPassword(bytes("password"), hash), false);
  assertEquals(await hashPassword(bytes("pässword")) === hash, false);
});

Deno.test("what is written is read again, and comments and empty lines are no users", () => {
  const hall = { name: "hall", role: "node" as const, migrate: true, hash: HASH };
  const me = { name: "me of all", role: "operator" as const, migrate: false, hash: HASH };
  const text = `# users\n\n${formatUser(hall)}\r\n${formatUser(me)}\n`;
  assertEquals([...parseUsers(text).values()], [hall, me]);
});

Deno.test("a line that is none is named, with what is wrong", () => {
  const wrong: [line: string, message: RegExp][] = [
    ["me:boss:x", /line 2: the role must be one of node, operator, agents, home-assistant/],
    [`me:operator+migrate:x`, /line 2/],
    ["not a node:node:x", /line 2: a node's user has the name of its node/],
    ["me:operator:secret", /line 2: there is no password hash/],
    [`me:operator:${HASH.replace("14", "30")}`, /line 2: there is no password hash/],
    [`a:operator:${HASH}`, /line 2: the user 'a' is there twice/],
    [` a:operator:${HASH}`, /line 2: .*cannot be a user name/],
  ];
  for (const [line, message] of wrong) {
    const { message: said } = assertThrows(() => parseUsers(`a:agents:${HASH}\n${line}`)) as Error;
    assertMatch(said, message);
  }
});
