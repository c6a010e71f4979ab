import { assertEquals, assertThrows } from "@std/assert";
import {
  type Claims,
  MAX_WINDOW_SECONDS,
  objectionTo,
  type Occasion,
  parseClaims,
  SKEW_SECONDS,
} from "../../../../protocol/signing/decision.ts";
import type { TrustedKey } from "../../../../protocol/signing/keys.ts";

const KEY: TrustedKey = {
  kid: "k",
  public: { kty: "OKP", crv: "Ed25519", x: "x" },
  nodes: ["site-*", "n"],
  commands: ["spawn", "stop"],
};
const NOW = 1_800_000_000;
const CLAIMS: Claims = {
  iat: NOW,
  exp: NOW + 600,
  jti: "12345678",
  node: "n",
  topic: "nodes/n/spawn",
  command: {},
};
const OCCASION: Occasion = {
  node: "n",
  topic: "nodes/n/spawn",
  command: "spawn",
  nowSeconds: NOW,
  resetAt: 0,
};

const code = (
  claims: Partial<Claims> = {},
  occasion: Partial<Occasion> = {},
  key: Partial<TrustedKey> = {},
) => objectionTo({ ...CLAIMS, ...claims }, { ...KEY, ...key }, { ...OCCASION, ...occasion })?.code;

Deno.test("a command that is meant for this node, topic and time is obeyed", () => {
  assertEquals(code(), undefined);
});

Deno.test("a command for another node or topic is refused, whatever else holds", () => {
  assertEquals(code({ node: "m" }), "wrong_node");
  assertEquals(code({ topic: "nodes/n/stop" }), "wrong_topic");
  assertEquals(code({}, { topic: "nodes/n/stop", command: "stop" }), "wrong_topic");
});

Deno.test("a key signs what its entry lists, for the nodes that its entry lists", () => {
  assertEquals(code({}, {}, { commands: ["stop"] }), "key_not_for_command");
  assertEquals(code({}, {}, { commands: ["*"] }), undefined);
  assertEquals(code({}, {}, { nodes: ["site-*"] }), "key_not_for_node");
  assertEquals(code({ node: "site-1" }, { node: "site-1" }), undefined);
  assertEquals(code({ node: "my-site-1" }, { node: "my-site-1" }), "key_not_for_node");
});

Deno.test("the window is kept to the second, with the clocks' difference on both sides", () => {
  const at = (nowSeconds: number) => code({}, { nowSeconds });
  assertEquals(at(NOW - SKEW_SECONDS), undefined);
  assertEquals(at(NOW - SKEW_SECONDS - 1), "not_yet_valid");
  assertEquals(at(NOW + 600 + SKEW_SECONDS - 1), undefined);
  assertEquals(at(NOW + 600 + SKEW_SECONDS), "expired");
  assertEquals(code({ nbf: NOW + SKEW_SECONDS + 1 }), "not_yet_valid");
  assertEquals(code({ exp: NOW + MAX_WINDOW_SECONDS }), undefined);
  assertEquals(code({ exp: NOW + MAX_WINDOW_SECONDS + 1 }), "window_too_long");
  assertEquals(code({}, { resetAt: NOW + 1 }), "issued_before_reset");
});

Deno.test("claims that miss something, or are of another kind, are no command", () => {
  assertEquals(parseClaims({ ...CLAIMS }), CLAIMS);
  for (const field of ["iat", "exp", "jti", "node", "topic"]) {
    assertThrows(() => parseClaims({ ...CLAIMS, [field]: undefined }), Error, field);
    assertThrows(() => parseClaims({ ...CLAIMS, [field]: {} }), Error, field);
  }
  assertThrows(() => parseClaims({ ...CLAIMS, jti: "short" }), Error, "jti");
  assertThrows(() => parseClaims({ ...CLAIMS, iat: -1 }), Error, "iat");
});
