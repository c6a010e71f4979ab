/** Adds a node's key to the key file that other nodes are started with, so that they trust it. */
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { entriesIn, parseKeys } from "../../protocol/signing/keys.ts";
import { fingerprintOf } from "../../protocol/signing/statements.ts";
import { topics } from "../../protocol/topics.ts";
import { fieldsOf } from "../json.ts";
import { OperationError, type Operator } from "../operator.ts";
import { listen } from "./listen.ts";

/** A node's key as announced on the bus. Any client can announce one, so operators must compare the fingerprint. */
export interface NodeKey {
  readonly node: string;
  /** Ed25519, base64url. */
  readonly key: string;
  readonly fingerprint: string;
}

const TIMEOUT_MS = 5000;

/** @throws OperationError when the node has not announced a key */
export async function keyOnBus(
  operator: Operator,
  node: string,
  { signal, timeoutMs = TIMEOUT_MS }: {
    readonly signal: AbortSignal;
    readonly timeoutMs?: number | undefined;
  },
): Promise<NodeKey> {
  if (!isName(node)) throw new OperationError(`A node's name is ${NAME_RULE}: current value is '${node}'`);
  let key: unknown;
  await listen(operator, {
    filters: [topics.nodeStatus(node)],
    forMs: timeoutMs,
    signal,
    onMessage: ({ payload }) => {
      key = fieldsOf(payload).key;
      return typeof key === "string";
    },
  });
  if (typeof key !== "string" || !/^[\w-]{43}$/.test(key)) {
    throw new OperationError(
      `Node '${node}' has not announced its key on this broker: is it running, and does its version support node keys?`,
    );
  }
  return { node, key, fingerprint: fingerprintOf(key) };
}

/** The key that a key file holds for a node. @throws Error when the text is not a key file */
export function enrolledKey(text: string, node: string): string | undefined {
  return parseKeys(text).nodes.get(node);
}

/** The text of a key file with the node added or replaced. @throws Error when the text is not a key file */
export function withNode(text: string, { node, key }: Pick<NodeKey, "node" | "key">): string {
  const others = entriesIn(JSON.parse(text)).filter((entry) => (entry as { node?: unknown }).node !== node);
  const entry = { node, public: { kty: "OKP", crv: "Ed25519", x: key } };
  const changed = `${JSON.stringify([...others, entry], null, 2)}\n`;
  parseKeys(changed);
  return changed;
}
