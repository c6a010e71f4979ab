/** Who may connect to the embedded broker, and what they may publish and read there. */
import { createHmac, randomBytes } from "node:crypto";
import {
  type BrokerUser,
  mayPublish,
  maySubscribe,
  type RuleGroup,
  rulesOf,
} from "../../protocol/broker/access_rules.ts";
import { isPassword, type StoredUser } from "../../protocol/broker/users.ts";
import { Slots } from "../turns.ts";

/** A client as the broker library represents it. */
export interface GateClient {
  id: string;
}

export interface GateParts {
  /** The current content of the users file. */
  readonly users: () => Promise<ReadonlyMap<string, StoredUser>>;
  /** The node in this process, with a password that nobody else knows. */
  readonly own: { readonly name: string; readonly password: string };
  /** The bridge in this process, and what may cross it. */
  readonly bridge?:
    | { readonly name: string; readonly password: string; readonly rules: readonly RuleGroup[] }
    | undefined;
  /** Filters of what agents measure and listen to. */
  readonly data: readonly string[];
  /** The discovery prefix of Home Assistant, if the node in this process announces itself there. */
  readonly homeAssistant: string | undefined;
  readonly nowMs: () => number;
  /** For the operator. */
  readonly say: (message: string) => void;
}

/** Password checks that run at a time: each takes 16 MiB and much of a core. */
const MAX_CHECKS = 2;
/** How many correct passwords are remembered, so that a reconnecting fleet is not checked again. */
const MAX_KNOWN = 1000;
/** For how many topics of a client the permission to publish is remembered. */
const MAX_TOPICS = 1000;
/** A longer topic is looked up each time: a client could have 64 MiB of them kept. */
const MAX_TOPIC_CHARS = 250;
/** Of a name or a topic that the log shows. */
const MAX_SHOWN_CHARS = 200;
const SAY_EVERY_MS = 60_000;
/** Checked for unknown users, so that response times do not reveal which names exist. */
const NOBODY = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;
/** Cannot occur in a user name. SQLite would cut an id off at U+0000. */
const SEPARATOR = "/";

interface Admitted {
  readonly user: BrokerUser;
  readonly rules: readonly RuleGroup[];
  readonly topics: Map<string, boolean>;
}

/**
 * Invariants: a client that has not been admitted may do nothing; sessions of different users are kept apart, whatever
 * their client ids.
 */
export class Gatekeeper {
  readonly #admitted = new WeakMap<object, Admitted>();
  readonly #slots = new Slots(MAX_CHECKS);
  readonly #key = randomBytes(32);
  /** Keyed digests of passwords that were right, by hash. */
  readonly #known = new Map<string, string>();
  readonly #saidMs = new Map<string, number>();

  constructor(private readonly parts: GateParts) {}

  /** @returns whether the client may connect */
  async admit(
    client: GateClient,
    name: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<boolean> {
    if (name !== undefined && password !== undefined && this.#isBridge(name, password)) {
      const { rules = [] } = this.parts.bridge ?? {};
      this.#admitted.set(client, {
        user: { name, role: "agents", migrate: false },
        rules,
        topics: new Map(),
      });
      client.id = `${SEPARATOR}${client.id}`;
      return true;
    }
    const user = name === undefined ? undefined : await this.#userOf(name, password ?? new Uint8Array());
    if (user === undefined) {
      this.#say(
        name === undefined
          ? "The embedded broker refuses a client without a user name"
          : `The embedded broker refuses user ${
            JSON.stringify(name.slice(0, MAX_SHOWN_CHARS))
          }: no such user, or a wrong password`,
      );
      return false;
    }
    const rules = rulesOf(user, this.parts.data, await this.#prefix());
    this.#admitted.set(client, { user, rules, topics: new Map() });
    client.id = `${user.name}${SEPARATOR}${client.id}`;
    return true;
  }

  isAdmitted(client: object): boolean {
    return this.#admitted.has(client);
  }

  mayPublish(client: object, topic: string): boolean {
    const admitted = this.#admitted.get(client);
    if (admitted === undefined) return false;
    const { user, rules, topics } = admitted;
    const known = topics.get(topic);
    if (known !== undefined) return known;
    if (topics.size >= MAX_TOPICS) topics.clear();
    const may = mayPublish(rules, topic);
    if (topic.length <= MAX_TOPIC_CHARS) topics.set(topic, may);
    if (!may) this.#sayRefused(user, `publish to ${topic.slice(0, MAX_SHOWN_CHARS)}`);
    return may;
  }

  maySubscribe(client: object, filter: string): boolean {
    const admitted = this.#admitted.get(client);
    if (admitted === undefined) return false;
    const may = maySubscribe(admitted.rules, filter);
    if (!may) this.#sayRefused(admitted.user, `read ${filter.slice(0, MAX_SHOWN_CHARS)}`);
    return may;
  }

  /** Nodes announce themselves only where somebody listens. */
  async #prefix(): Promise<string | undefined> {
    const { homeAssistant, users } = this.parts;
    if (homeAssistant !== undefined) return homeAssistant;
    return [...(await users()).values()].some(({ role }) => role === "home-assistant")
      ? "homeassistant"
      : undefined;
  }

  #isBridge(name: string, password: Uint8Array): boolean {
    const { bridge } = this.parts;
    return bridge?.name === name &&
      this.#digest(password) === this.#digest(new TextEncoder().encode(bridge.password));
  }

  async #userOf(name: string, password: Uint8Array): Promise<BrokerUser | undefined> {
    const { own, users } = this.parts;
    const user = (await users()).get(name);
    if (
      name === own.name && this.#digest(password) === this.#digest(new TextEncoder().encode(own.password))
    ) {
      return { name, role: "node", migrate: user?.migrate ?? false };
    }
    const isRight = await this.#isRight(password, user?.hash ?? NOBODY);
    return isRight ? user : undefined;
  }

  async #isRight(password: Uint8Array, hash: string): Promise<boolean> {
    const digest = this.#digest(password);
    if (this.#known.get(hash) === digest) return true;
    const isRight = await this.#slots.take(() => isPassword(password, hash), new AbortController().signal);
    if (!isRight) return false;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(hash, digest);
    return true;
  }

  #digest(password: Uint8Array): string {
    return createHmac("sha256", this.#key).update(password).digest("hex");
  }

  #sayRefused({ name }: BrokerUser, what: string): void {
    this.#say(`The embedded broker does not let user '${name}' ${what}`);
  }

  /** Limits how often the same message is logged, whatever strangers do. */
  #say(message: string): void {
    const nowMs = this.parts.nowMs();
    if (nowMs - (this.#saidMs.get(message) ?? -Infinity) < SAY_EVERY_MS) return;
    if (this.#saidMs.size >= MAX_KNOWN && !this.#saidMs.has(message)) {
      // Whoever is refused often enough would otherwise silence it for good.
      for (const [said, atMs] of this.#saidMs) if (nowMs - atMs >= SAY_EVERY_MS) this.#saidMs.delete(said);
      if (this.#saidMs.size >= MAX_KNOWN) return;
    }
    this.#saidMs.set(message, nowMs);
    this.parts.say(message);
  }
}
