/** Makes a node obey only signed commands: checks each command once, in the order they come. */
import { isJsonObject } from "../../protocol/json.ts";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import { FileOfRecord } from "../files/local_file.ts";
import { provenArrival } from "./arrival.ts";
import { objectionTo } from "../../protocol/signing/decision.ts";
import { openEnvelope, withoutVerifying } from "../../protocol/signing/envelope.ts";
import type { Admission, CommandGate, Petition } from "./command_gate.ts";
import { type HandOver, handOverIn } from "./hand_over.ts";
import { type Verified, verify } from "../../protocol/signing/jws.ts";
import { type KeySet, parseKeys } from "../../protocol/signing/keys.ts";
import { Refusal } from "../../protocol/signing/refusal.ts";
import { UsedTokens } from "./used_tokens.ts";

export interface TrustOptions {
  readonly node: string;
  readonly keyFile: string;
  /** `warn`: reports what it would refuse, and obeys. */
  readonly mode: "enforce" | "warn";
  /** The store of used tokens. */
  readonly usedTokensPath: string;
  readonly clock: Clock;
  /** Reports a problem to the operator; the node keeps running. */
  readonly onProblem: (message: string) => void;
}

/** Commands that start something are marked as used afterwards, so that a crash repeats them; all others before. */
const USED_AFTERWARDS: readonly string[] = ["spawn", "desired_state"];

export class Trust implements CommandGate {
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly options: TrustOptions,
    private readonly keys: FileOfRecord<KeySet>,
    private readonly used: UsedTokens,
  ) {}

  /** @throws Error when the key file cannot be used */
  static async open(options: TrustOptions): Promise<Trust> {
    const { keyFile, usedTokensPath, clock, onProblem } = options;
    const keys = await FileOfRecord.open(keyFile, "writable", parseKeys, onProblem);
    const used = await UsedTokens.open(usedTokensPath, () => clock.epochSeconds(), onProblem);
    return new Trust(options, keys, used);
  }

  get isEnforced(): boolean {
    return this.options.mode === "enforce";
  }

  knows(kid: string): boolean {
    return this.keys.last.keys.has(kid);
  }

  async nodeKey(node: string): Promise<string | undefined> {
    return (await this.keys.current()).nodes.get(node);
  }

  admit(petition: Petition): Promise<Admission> {
    const admission = this.#last.then(() => this.#admit(petition));
    this.#last = admission.catch(() => {});
    return admission;
  }

  async #admit(petition: Petition): Promise<Admission> {
    try {
      const arrival = petition.command === "spawn" ? handOverIn(petition.json, this.options.node) : undefined;
      return arrival === undefined
        ? await this.#check(petition)
        : await this.#checkArrival(petition, arrival);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const refusal = inContext(error, petition);
      if (this.isEnforced) throw refusal;
      const json = withoutVerifying(petition.json);
      const done = () => Promise.resolve();
      return {
        ...petition,
        json,
        text: textOf(json, petition),
        warning: refusal,
        signer: refusal.signer,
        done,
      };
    }
  }

  async #check(petition: Petition): Promise<Admission> {
    const { jws, plain } = openEnvelope(petition.json);
    if (jws === undefined) throw new Refusal("unsigned", "it is not signed");
    const verified = await verify(jws, await this.keys.current());
    const { claims, signer } = verified;
    if (plain !== undefined && !isDeepStrictEqual(plain, claims.command)) {
      throw new Refusal("tampered", "what stands beside the signature is not what was signed", signer);
    }
    const inForce = petition.command === "desired_state" && this.used.isInForce(idOf(verified));
    // It arrives again with every new connection, and stays in force until a newer one comes.
    if (!inForce) this.#refuseObjections(verified, petition);
    const json = petition.command === "desired_state"
      ? withProof(claims.command, jws)
      : petition.command === "spawn" && isJsonObject(claims.command)
      ? { ...claims.command, _jws: jws }
      : claims.command;
    const text = petition.command === "desired_state" ? jws : textOf(json, petition);
    if (inForce) return { json, text, retained: true, signer, done: () => Promise.resolve() };
    return { json, text, retained: petition.retained, signer, done: await this.#use(verified, petition) };
  }

  #refuseObjections(verified: Verified, { topic, command }: Petition): void {
    const { claims, key, signer } = verified;
    const { node, clock } = this.options;
    const occasion = { node, topic, command, nowSeconds: clock.epochSeconds(), resetAt: this.used.resetAt };
    const objection = objectionTo(claims, key, occasion);
    if (objection !== undefined) throw new Refusal(objection.code, objection.reason, signer);
    const since = command === "desired_state" ? this.used.desiredSince : undefined;
    this.#refuseUsed(verified);
    if (since === undefined || claims.iat >= since) return;
    throw new Refusal("superseded", "a desired_state that was signed later is in force", signer);
  }

  /** A hand-over from another node: proved by the command to move the agent, and by the agent's own start command. */
  async #checkArrival(petition: Petition, arrival: HandOver): Promise<Admission> {
    const { node, clock } = this.options;
    const keys = await this.keys.current();
    const at = { node, nowSeconds: clock.epochSeconds(), resetAt: this.used.resetAt };
    const { json, order } = await provenArrival(arrival, keys, at);
    this.#refuseUsed(order);
    const done = await this.#use(order, petition);
    return { json, text: petition.text, retained: petition.retained, signer: order.signer, done };
  }

  #refuseUsed(verified: Verified): void {
    const { signer } = verified;
    if (this.used.has(idOf(verified))) throw new Refusal("replayed", "it has been used before", signer);
    if (this.used.isFull) {
      throw new Refusal("too_many", "so many signed commands are remembered that no more can be", signer);
    }
  }

  /** @returns a function to call once the command has been carried out */
  async #use(verified: Verified, { command }: Petition): Promise<() => Promise<void>> {
    const { exp, iat } = verified.claims;
    const id = idOf(verified);
    this.used.remember(id, exp, command === "desired_state" ? iat : undefined);
    if (USED_AFTERWARDS.includes(command)) return () => this.used.keep(id);
    await this.used.keep(id);
    return () => Promise.resolve();
  }
}

/** A `jti` is unique per key. */
function idOf({ signer, claims }: Verified): string {
  return `${signer.kid}/${claims.jti}`;
}

/** Attaches to each agent the proof of its start command, needed when it moves. */
function withProof(command: unknown, jws: string): unknown {
  if (!isJsonObject(command) || !Array.isArray(command.agents)) return command;
  const agents = command.agents.map((agent) => isJsonObject(agent) ? { _jws: jws, ...agent } : agent);
  return { ...command, agents };
}

function textOf(json: unknown, petition: Petition): string {
  if (json === petition.json) return petition.text;
  return typeof json === "string" ? json : JSON.stringify(json ?? {});
}

function inContext(refusal: Refusal, { topic, json }: Petition): Refusal {
  const name = isJsonObject(json) && typeof json.name === "string" ? json.name : undefined;
  // The first of two equal messages has been obeyed: the sender must not take this refusal for the agent's failure.
  const agent = refusal.code === "replayed" ? undefined : name;
  return new Refusal(refusal.code, `Refused ${topic}: ${refusal.message}`, refusal.signer, agent);
}
