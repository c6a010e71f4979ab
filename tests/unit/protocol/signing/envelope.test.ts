import { assertEquals } from "@std/assert";
import { claimedKey } from "../../../../protocol/signing/envelope.ts";
import { generateKey, signCommand } from "../../../../protocol/signing/issue.ts";

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const header = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");

Deno.test("the key that a command names is found without parsing the command", async () => {
  const key = await generateKey("owner-1");
  const at = { node: "n", topic: "nodes/n/spawn", nowSeconds: 1_800_000_000, ttlSeconds: 60 };
  const signed = await signCommand(key, { name: "a", code: "x".repeat(100_000) }, at);
  assertEquals(claimedKey(bytes(signed)), "owner-1");
  assertEquals(claimedKey(bytes(JSON.stringify(signed, null, 2))), "owner-1");
  assertEquals(claimedKey(bytes(signed).subarray(1)), "owner-1");
});

Deno.test("what names no key says so, whatever it is", () => {
  const cases = [
    "",
    "stop",
    { name: "a" },
    { _jws: 7 },
    { _jws: "" },
    { _jws: "no jws" },
    { _jws: "e30.e30.e30" },
    { _jws: `${header({ kid: 7 })}.x.y` },
    { _jws: `${header("kid")}.x.y` },
    { _jws: `${header(null)}.x.y` },
    { _jws: `${"a".repeat(5000)}.x.y` },
    { code: `"_jws":"${header({ kid: "owner" })}.x.y"` },
    new Uint8Array([0xff, 0xfe]),
  ];
  for (const value of cases) {
    assertEquals(claimedKey(value instanceof Uint8Array ? value : bytes(value)), undefined);
  }
});
