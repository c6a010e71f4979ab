import { assertEquals, assertThrows } from "@std/assert";
import { fitsAny } from "../../../../protocol/patterns.ts";
import { openEnvelope, withoutVerifying } from "../../../../protocol/signing/envelope.ts";
import { parseKeys } from "../../../../protocol/signing/keys.ts";

const X = "A".repeat(43);
const ENTRY = { kid: "k", public: { kty: "OKP", crv: "Ed25519", x: X }, nodes: ["*"], commands: ["*"] };
const kids = (json: unknown) => [...parseKeys(JSON.stringify(json)).keys.keys()];
const refusal = (...entries: unknown[]) =>
  assertThrows(() => parseKeys(JSON.stringify(entries)), Error).message;

Deno.test("a key file is a list of keys, an object with one, or a single key as 'key show' prints it", () => {
  assertEquals(kids(ENTRY), ["k"]);
  assertEquals(kids([ENTRY]), ["k"]);
  assertEquals(kids({ keys: [ENTRY, { ...ENTRY, kid: "l" }] }), ["k", "l"]);
  assertEquals(kids([]), []);
});

Deno.test("a key file has the nodes that were enrolled, each once, and none of them commands", () => {
  const node = { node: "hall-1", public: ENTRY.public };
  const { keys, nodes } = parseKeys(JSON.stringify([ENTRY, node, { ...node, node: "hall-2" }]));
  assertEquals([[...keys.keys()], [...nodes]], [["k"], [["hall-1", X], ["hall-2", X]]]);
  assertEquals(refusal(node, node), "the node hall-1 is listed twice");
  assertEquals(refusal({ ...node, node: "a/b" }).startsWith("[0.node] must be"), true);
  assertEquals(refusal({ ...node, commands: ["*"] }).startsWith("[0.commands]"), true);
  assertEquals(refusal(ENTRY, { ...node, public: { ...ENTRY.public, d: X } }).includes("private half"), true);
});

Deno.test("a key file that says something else is refused with the place and the reason", () => {
  assertEquals(refusal(ENTRY, ENTRY), "the kid k is listed twice");
  assertEquals(refusal({ ...ENTRY, commands: ["fly"] }).includes("0.commands.0"), true);
  assertEquals(refusal({ ...ENTRY, nodes: [] }), "[0.nodes] must list at least one node");
  assertEquals(refusal({ ...ENTRY, public: { ...ENTRY.public, d: X } }).includes("private half"), true);
  assertEquals(
    refusal({ ...ENTRY, public: { ...ENTRY.public, crv: "X25519" } }),
    "[0.public.crv] must be Ed25519",
  );
  assertEquals(refusal({ ...ENTRY, node: ["typo"] }).includes("0.node"), true);
  for (const text of ["null", "7", "{}"]) {
    assertThrows(() => parseKeys(text), Error, "it must be a list of keys");
  }
});

Deno.test("in a pattern * stands for any characters, and everything else for itself", () => {
  const fits = (pattern: string, name: string) => fitsAny([pattern], name);
  assertEquals([fits("a", "a"), fits("a", "ab"), fits("*", ""), fits("a*", "abc"), fits("*c", "abc")], [
    true,
    false,
    true,
    true,
    true,
  ]);
  assertEquals([fits("a*a", "a"), fits("a*b*c", "a-c-b-c"), fits("a*b*c", "a-c-c"), fits("a.c", "abc")], [
    false,
    true,
    false,
    false,
  ]);
  assertEquals(fits(`${"*a".repeat(50)}*b`, "a".repeat(5000)), false);
});

Deno.test("a reader that does not verify takes the copy, or what is in the signature when there is none", () => {
  const payload = new TextEncoder().encode(JSON.stringify({ command: { name: "x" } }));
  const jws = `e30.${payload.toBase64({ alphabet: "base64url", omitPadding: true })}.c2ln`;
  assertEquals(withoutVerifying({ name: "y" }), { name: "y" });
  assertEquals(withoutVerifying({ name: "y", _jws: jws }), { name: "y", _jws: jws });
  assertEquals(withoutVerifying({ _jws: jws }), { name: "x", _jws: jws });
  for (const bad of ["", "a.b.c", 7, null, {}]) assertEquals(withoutVerifying({ _jws: bad }), { _jws: bad });
  assertEquals(openEnvelope("text"), { jws: undefined, plain: "text" });
});
