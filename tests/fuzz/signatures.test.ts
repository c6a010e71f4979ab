/** Signed commands that were changed on their way, and things that only look like one. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { openEnvelope, withoutVerifying } from "../../protocol/signing/envelope.ts";
import { generateKey, publicHalf, signCommand } from "../../protocol/signing/issue.ts";
import { verify } from "../../protocol/signing/jws.ts";
import { parseKeys } from "../../protocol/signing/keys.ts";
import { Refusal } from "../../protocol/signing/refusal.ts";
import { anyJson, anyText, holds } from "../support/fuzz.ts";

const signer = await generateKey("owner");
const entry = { kid: "owner", public: publicHalf(signer), nodes: ["*"], commands: ["*"] };
const keys = parseKeys(JSON.stringify([entry]));
const validity = { node: "n", topic: "nodes/n/stop", nowSeconds: 1_700_000_000, ttlSeconds: 60 };

async function signed(command: unknown): Promise<string> {
  return String((await signCommand(signer, command, validity, true))._jws);
}
const SIGNED = await signed({ name: "x" });

/** The code of the refusal; `undefined` when the signature holds. */
async function refused(jws: string): Promise<string | undefined> {
  try {
    await verify(jws, keys);
    return undefined;
  } catch (error) {
    assert(error instanceof Refusal, String(error));
    return error.code;
  }
}

holds("what is signed comes out as it went in", anyJson, async (command) => {
  const jws = await signed(command);
  const { claims, signer: who } = await verify(jws, keys);
  assertEquals([claims.command, claims.node, claims.topic, who.kid], [command, "n", "nodes/n/stop", "owner"]);
}, 200);

/** The bytes that a compact JWS stands for: two spellings of the same ones are the same signature. */
const bytesOf = (jws: string) =>
  jws.split(".").map((part) =>
    Uint8Array.fromBase64(part, { alphabet: "base64url", lastChunkHandling: "loose" }).join()
  );

holds(
  "a signed command with one place changed does not hold",
  fc.tuple(fc.nat(SIGNED.length - 1), fc.constantFrom(..."ABCXYZabcxyz019-_.")),
  async ([at, character]) => {
    const changed = SIGNED.slice(0, at) + character + SIGNED.slice(at + 1);
    if (await refused(changed) === undefined) assertEquals(bytesOf(changed), bytesOf(SIGNED));
  },
  1000,
);

holds(
  "what is no signed command is refused, with one of the reasons that there are",
  anyText,
  async (text) => {
    assert(["malformed", "unknown_key", "tampered"].includes(await refused(text) ?? "none"));
  },
);

const base64url = (value: unknown) =>
  new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
const headers = fc.record({
  alg: fc.constantFrom("none", "HS256", "RS256", "EdDSA", "Ed25519", ""),
  kid: fc.constantFrom("owner", "__proto__", "constructor", "nobody", 5),
  typ: fc.constantFrom("agentflow-command", "JWT"),
  jwk: fc.constant(publicHalf(signer)),
  crit: fc.constantFrom(["b64"], ["exp"]),
  b64: fc.boolean(),
}, { requiredKeys: ["kid"] });

holds(
  "no header talks a node into a signature that the key has not made",
  fc.tuple(headers, anyJson, fc.uint8Array({ maxLength: 64 })),
  async ([header, claims, signature]) => {
    const parts = [base64url(header), base64url(claims)];
    const theirs = signature.toBase64({ alphabet: "base64url", omitPadding: true });
    for (const last of [theirs, SIGNED.split(".")[2], ""]) {
      assert(await refused([...parts, last].join(".")) !== undefined);
    }
  },
  500,
);

holds(
  "an envelope is opened, whatever is in it",
  fc.oneof(anyJson, fc.record({ _jws: anyJson, name: anyJson })),
  (json) => {
    const { jws, plain } = openEnvelope(json);
    assertEquals(
      jws === undefined,
      !(typeof json === "object" && json !== null && !Array.isArray(json) && "_jws" in json),
    );
    if (jws === undefined) assertEquals(plain, json);
    withoutVerifying(json);
  },
);
