/** Parses the key file: whom a node trusts, both commanders and other nodes. Pure. */
import * as v from "valibot";
import { isName, NAME_RULE } from "../names.ts";
import { SIGNED_COMMANDS, type SignedCommand } from "../commands.ts";

const names = (what: string) =>
  v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.nonEmpty(`must list at least one ${what}`));

const PublicSchema = v.object({
  kty: v.literal("OKP", "must be OKP: only Ed25519 keys are used"),
  crv: v.literal("Ed25519", "must be Ed25519"),
  x: v.pipe(v.string(), v.regex(/^[\w-]{43}$/, "must be 32 bytes in base64url")),
  d: v.optional(v.never("is the private half: it must not leave the machine that signs")),
});
const KeySchema = v.strictObject({
  kid: v.pipe(v.string(), v.regex(/^[\w.@:-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 . _ @ : -")),
  public: PublicSchema,
  nodes: names("node"),
  commands: v.pipe(
    v.array(v.picklist([...SIGNED_COMMANDS, "*"], `must be of ${SIGNED_COMMANDS.join(", ")}, or *`)),
    v.nonEmpty("must list at least one command"),
  ),
  comment: v.optional(v.string()),
});
const NodeSchema = v.strictObject({
  node: v.pipe(v.string(), v.check((name) => isName(name), `must be ${NAME_RULE}`)),
  public: PublicSchema,
  comment: v.optional(v.string()),
});

/** A key and what it may sign. */
export interface TrustedKey {
  readonly kid: string;
  readonly public: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
  /** Names of nodes; `*` stands for any characters. */
  readonly nodes: readonly string[];
  readonly commands: readonly (SignedCommand | "*")[];
}

export interface KeySet {
  /** Keys of commanders, by `kid`. */
  readonly keys: ReadonlyMap<string, TrustedKey>;
  /** Keys (`x`) of enrolled nodes, by node name. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** @throws Error with a message for the operator */
export function parseKeys(text: string): KeySet {
  const keys = new Map<string, TrustedKey>();
  const nodes = new Map<string, string>();
  for (const [index, entry] of entriesIn(JSON.parse(text)).entries()) {
    if (typeof entry === "object" && entry !== null && "node" in entry) {
      const { node, public: { x } } = parsed(NodeSchema, entry, index);
      if (nodes.has(node)) throw new Error(`the node ${node} is listed twice`);
      nodes.set(node, x);
    } else {
      const key = parsed(KeySchema, entry, index);
      if (keys.has(key.kid)) throw new Error(`the kid ${key.kid} is listed twice`);
      const { kty, crv, x } = key.public;
      keys.set(key.kid, { ...key, public: { kty, crv, x } });
    }
  }
  return { keys, nodes };
}

/** The entries of a key file: a list, an object that contains one, or a single entry. @throws Error for the operator */
export function entriesIn(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  if (json !== null && typeof json === "object") {
    if ("kid" in json || "node" in json) return [json];
    if ("keys" in json && Array.isArray(json.keys)) return json.keys;
  }
  throw new Error("it must be a list of keys");
}

function parsed<T extends v.GenericSchema>(schema: T, entry: unknown, index: number): v.InferOutput<T> {
  const result = v.safeParse(schema, entry);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(
    `[${[index, v.getDotPath(issue)].filter((part) => part !== null).join(".")}] ${issue.message}`,
  );
}
