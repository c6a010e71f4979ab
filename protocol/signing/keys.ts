/** The keys a node trusts, as the key file lists them. Pure. */
import * as v from "valibot";
import { SIGNED_COMMANDS, type SignedCommand } from "../commands.ts";

const names = (what: string) =>
  v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.nonEmpty(`must list at least one ${what}`));

const KeySchema = v.strictObject({
  kid: v.pipe(v.string(), v.regex(/^[\w.@:-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 . _ @ : -")),
  public: v.object({
    kty: v.literal("OKP", "must be OKP: only Ed25519 keys are used"),
    crv: v.literal("Ed25519", "must be Ed25519"),
    x: v.pipe(v.string(), v.regex(/^[\w-]{43}$/, "must be 32 bytes in base64url")),
    d: v.optional(v.never("is the private half: it must not leave the machine that signs")),
  }),
  nodes: names("node"),
  commands: v.pipe(
    v.array(v.picklist([...SIGNED_COMMANDS, "*"], `must be of ${SIGNED_COMMANDS.join(", ")}, or *`)),
    v.nonEmpty("must list at least one command"),
  ),
  comment: v.optional(v.string()),
});
/** A key, and what it may sign. */
export interface TrustedKey {
  readonly kid: string;
  readonly public: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
  /** Names of nodes; `*` stands for any characters. */
  readonly nodes: readonly string[];
  readonly commands: readonly (SignedCommand | "*")[];
}

export type KeySet = ReadonlyMap<string, TrustedKey>;

/** @throws Error that says what is wrong, for the operator */
export function parseKeys(text: string): KeySet {
  const keys = new Map<string, TrustedKey>();
  for (const key of parseList(JSON.parse(text))) {
    if (keys.has(key.kid)) throw new Error(`the kid ${key.kid} is there twice`);
    const { kty, crv, x } = key.public;
    keys.set(key.kid, { ...key, public: { kty, crv, x } });
  }
  return keys;
}

/** A list, an object with one, or a single key as `agentflow key show` prints it. */
function listOf(json: unknown): unknown[] {
  if (Array.isArray(json)) return json;
  if (json !== null && typeof json === "object") {
    if ("kid" in json) return [json];
    if ("keys" in json && Array.isArray(json.keys)) return json.keys;
  }
  throw new Error("it must be a list of keys");
}

function parseList(json: unknown): v.InferOutput<typeof KeySchema>[] {
  const parsed = v.safeParse(v.array(KeySchema), listOf(json));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`[${v.getDotPath(issue)}] ${issue.message}`);
}
