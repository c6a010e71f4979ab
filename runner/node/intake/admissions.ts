/** Decides which commands this node obeys: asks the gate, if there is one, and records the result in the audit log. */
import type { Audit } from "../../audit/audit_log.ts";
import type { RefusalMeter } from "../../audit/refusal_meter.ts";
import type { PolicyRefusal } from "../../policy/policy_enforcer.ts";
import { claimedKey, openEnvelope, withoutVerifying } from "../../../protocol/signing/envelope.ts";
import type { CommandGate } from "../../trust/command_gate.ts";
import { type Incoming, isSigned, type SignedCommand } from "../../../protocol/commands.ts";
import { Refusal, type Signer } from "../../../protocol/signing/refusal.ts";
import type { Command } from "../commands/command.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Lane } from "./lanes.ts";

export interface AdmissionParts {
  /** `undefined`: every command is obeyed. */
  readonly gate: CommandGate | undefined;
  readonly audit: Audit;
  readonly reporter: Reporter;
  readonly meter: RefusalMeter;
}

/** A command that is obeyed. */
export interface Admitted {
  readonly command: Command;
  /** Its name in the audit log; `undefined`: it changes nothing here. */
  readonly kind: SignedCommand | undefined;
  readonly signer?: Signer | undefined;
  /** Call this when the command has been carried out, or has failed. */
  readonly done?: (() => Promise<void>) | undefined;
}

export class Admissions {
  constructor(private readonly parts: AdmissionParts) {}

  /** Where a command waits for its signature check; `undefined` if it need not wait. */
  laneOf({ command }: Incoming, payload: Uint8Array): Lane | undefined {
    const { gate } = this.parts;
    if (gate === undefined) return undefined;
    // Requests for the list wait behind commands: anybody may send any number of them.
    if (command === "list") return "rest";
    if (!isSigned(command)) return undefined;
    const kid = gate.isEnforced ? claimedKey(payload) : undefined;
    return kid !== undefined && gate.knows(kid) ? "known" : "rest";
  }

  /**
   * Synchronous without a gate, so that messages that arrive together are handled together.
   * @throws Refusal
   */
  admit({ command: kind }: Incoming, command: Command): Admitted | Promise<Admitted> {
    if (!isSigned(kind)) return { command, kind: undefined };
    const { gate } = this.parts;
    if (gate !== undefined) return this.#ask(gate, kind, command);
    const admitted = { command: unverified(command), kind };
    this.#accepted(admitted);
    return admitted;
  }

  /** Records a command that was obeyed and failed. */
  failed({ command, kind, signer }: Admitted, reason: string): void {
    if (kind === undefined) return;
    this.parts.audit.record({ ...about(kind, command, signer), outcome: "failed", reason });
  }

  /** Records a command that is refused. */
  refused(topic: string, { code, message, signer, agent }: Refusal): void {
    const what = { topic, code, reason: message, signer: signer?.kid ?? null, agent: agent ?? null };
    this.#refused(what, signer?.jti === undefined ? {} : { jti: signer.jti });
  }

  /** Records that an agent asked for more than the policy allows. */
  beyondPolicy({ agent, message, entry, rule }: PolicyRefusal): void {
    this.#refused({ code: "policy", agent, entry, rule, reason: message }, {});
  }

  #refused(what: Readonly<Record<string, unknown>>, forLog: Readonly<Record<string, unknown>>): void {
    const others = this.parts.meter.count();
    if (others === undefined) return;
    this.parts.audit.record({ event: "refused", ...what, ...forLog, ...others });
    this.parts.reporter.audit({ event: "refused", ...what, ...others });
  }

  async #ask(gate: CommandGate, kind: SignedCommand, command: Command): Promise<Admitted> {
    const { warning, signer, done, ...obeyed } = await gate.admit({ ...command, command: kind });
    if (warning !== undefined) {
      const { code, message } = warning;
      this.parts.reporter.nodeLog("log", `${message} (only warned of: --trust-mode is warn)`, { code });
    }
    const { json, text, retained } = obeyed;
    const { jws } = openEnvelope(command.json);
    const isVerified = warning === undefined;
    const admitted = { command: { ...command, json, text, retained, jws, isVerified }, kind, signer, done };
    this.#accepted(admitted, warning);
    return admitted;
  }

  #accepted({ kind, command, signer }: Admitted, warning?: Refusal): void {
    if (kind === undefined) return;
    const doubt = warning === undefined ? {} : { code: warning.code, reason: warning.message };
    this.parts.audit.record({ ...about(kind, command, signer), outcome: "accepted", ...doubt });
  }
}

/** A node that trusts everybody understands signed commands too. */
function unverified(command: Command): Command {
  const { jws } = openEnvelope(command.json);
  if (jws === undefined) return command;
  const json = withoutVerifying(command.json);
  return { ...command, jws, json, text: typeof json === "string" ? json : command.text };
}

function about(kind: SignedCommand, { topic, json, text, retained }: Command, signer: Signer | undefined) {
  const { name, command, target_node: target, agents } = (json ?? {}) as Record<string, unknown>;
  const names = Array.isArray(agents) ? agents.map((agent) => agent?.name ?? null) : undefined;
  return {
    event: "command",
    command: kind,
    topic,
    agent: typeof name === "string" ? name : json === undefined && kind === "stop" ? text.slice(0, 64) : null,
    ...(kind === "commands" ? { button: command } : {}),
    ...(kind === "migrate" ? { target } : {}),
    ...(names === undefined ? {} : { agents: names.slice(0, 256) }),
    ...(retained ? { retained } : {}),
    signer: signer?.kid ?? null,
    ...(signer?.jti === undefined ? {} : { jti: signer.jti }),
  } as const;
}
