/** Keys for tests, and a node that trusts them. */
import {
  generateKey,
  publicHalf,
  signCommand,
  type SigningKey,
  type Validity,
} from "../../protocol/signing/issue.ts";
import type { Bus, Message } from "./bus.ts";

/** Entries of a key file; without limits a key may command everything. */
export interface KeyEntry {
  readonly key: SigningKey;
  readonly nodes?: readonly string[];
  readonly commands?: readonly string[];
}

export const nowSeconds = (): number => Date.now() / 1000;

export async function newKey(kid: string): Promise<SigningKey> {
  return await generateKey(kid);
}

/** The text of a key file. @param enrolled nodes by name, each with its public key */
export function keyFileText(
  entries: readonly KeyEntry[],
  enrolled: ReadonlyMap<string, string> = new Map(),
): string {
  const keys = entries.map(({ key, nodes = ["*"], commands = ["*"] }) => ({
    kid: key.kid,
    public: publicHalf(key),
    nodes,
    commands,
  }));
  const nodes = [...enrolled].map(([node, x]) => ({ node, public: { kty: "OKP", crv: "Ed25519", x } }));
  return JSON.stringify([...keys, ...nodes]);
}

/** A folder of the test's own, with the key file in it. */
export class TrustFolder implements AsyncDisposable {
  readonly #enrolled: Map<string, string>;

  private constructor(
    readonly dir: string,
    private readonly entries: readonly KeyEntry[],
    enrolled: Readonly<Record<string, string>>,
  ) {
    this.#enrolled = new Map(Object.entries(enrolled));
  }

  /** @param enrolled the public keys of nodes, by name */
  static async make(
    entries: readonly KeyEntry[],
    enrolled: Readonly<Record<string, string>> = {},
  ): Promise<TrustFolder> {
    const dir = await Deno.makeTempDir({ prefix: "agentflow-trust-" });
    const folder = new TrustFolder(dir, entries, enrolled);
    await folder.write(keyFileText(entries, folder.#enrolled));
    return folder;
  }

  /** Puts a node into the key file: by that key, or the one that it said it has when it came. */
  async enrol(bus: Bus, node: string, key?: string): Promise<void> {
    const { json } = await bus.on(`nodes/${node}/status`, ({ json }) => json?.status === "online");
    this.#enrolled.set(node, key ?? json.key);
    await this.write(keyFileText(this.entries, this.#enrolled));
  }

  get keyFile(): string {
    return `${this.dir}/keys.json`;
  }

  /** Replaces the key file at once, as an operator's tools do. */
  async write(text: string): Promise<void> {
    await Deno.writeTextFile(`${this.keyFile}.new`, text, { mode: 0o644 });
    await Deno.rename(`${this.keyFile}.new`, this.keyFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

type Json = Readonly<Record<string, unknown>>;

/** Somebody who commands nodes. */
export class Commander {
  constructor(private readonly bus: Bus, readonly key: SigningKey) {}

  /** A signed command for `topic`, valid for ten minutes unless told otherwise. */
  async sign(topic: string, command: unknown, validity: Partial<Validity> = {}): Promise<Json> {
    const node = topic.split("/")[1] ?? "";
    return await signCommand(this.key, command, {
      node,
      topic,
      nowSeconds: nowSeconds(),
      ttlSeconds: 600,
      ...validity,
    });
  }

  /** Signs a command, sends it, and returns the answer. */
  async order(topic: string, command: Json, validity: Partial<Validity> = {}): Promise<Message> {
    const replyTopic = `tests/reply/${crypto.randomUUID()}`;
    const signed = await this.sign(topic, { ...command, _reply_topic: replyTopic }, validity);
    await this.bus.publish(topic, signed);
    return await this.bus.on(replyTopic);
  }
}

/** Waits until a node that runs has written such an entry: it does so behind what happens. */
export async function audited(
  stateDir: string,
  node: string,
  fits: (entry: Record<string, unknown>) => boolean,
): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await readAudit(stateDir, node)).some(fits)) {
    if (performance.now() > deadline) throw new Error("it is not in the audit log");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What is in a node's audit log, oldest first. */
export async function readAudit(stateDir: string, node: string): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(`${stateDir}/agentflow_${node}.registry/audit.jsonl`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}
