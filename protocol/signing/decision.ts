/** Decides whether a command with a valid signature may be obeyed here and now. Pure. */
import * as v from "valibot";
import { fitsAny } from "../patterns.ts";
import type { TrustedKey } from "./keys.ts";
import type { RefusalCode } from "../expected_error.ts";
import type { SignedCommand } from "../commands.ts";

/** Allowed clock difference, in seconds. */
export const SKEW_SECONDS = 60;
/** The longest allowed validity of a signature, in seconds; used commands are remembered as long. */
export const MAX_WINDOW_SECONDS = 90 * 24 * 3600;

const time = v.pipe(v.number(), v.finite(), v.minValue(0));
const ClaimsSchema = v.object({
  iat: time,
  nbf: v.optional(time),
  exp: time,
  jti: v.pipe(v.string(), v.minLength(8), v.maxLength(128)),
  node: v.string(),
  topic: v.string(),
  command: v.unknown(),
});

/** The claims of a JWS. Times are seconds since the epoch. */
export interface Claims {
  readonly iat: number;
  readonly nbf?: number | undefined;
  readonly exp: number;
  readonly jti: string;
  readonly node: string;
  readonly topic: string;
  readonly command: unknown;
}

/** @throws Error with the reason */
export function parseClaims(json: unknown): Claims {
  const parsed = v.safeParse(ClaimsSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
}

/** Where and when a command would be obeyed. */
export interface Occasion {
  readonly node: string;
  readonly topic: string;
  readonly command: SignedCommand;
  readonly nowSeconds: number;
  /** Commands issued before this are refused: the record of which were used is lost. */
  readonly resetAt: number;
}

export interface Objection {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** Why the command is refused; `undefined` if it may be obeyed. */
export function objectionTo(claims: Claims, key: TrustedKey, occasion: Occasion): Objection | undefined {
  return bindingObjection(claims, occasion) ?? keyObjection(key, occasion.command, occasion.node) ??
    timeObjection(claims, occasion);
}

/** Whether it was meant for this node and topic. */
function bindingObjection(claims: Claims, { node, topic }: Occasion): Objection | undefined {
  if (claims.node !== node) {
    return { code: "wrong_node", reason: `it is signed for node '${claims.node}', this is '${node}'` };
  }
  if (claims.topic === topic) return undefined;
  return { code: "wrong_topic", reason: `it is signed for the topic ${claims.topic}` };
}

/** Whether the key may sign this command for this node. */
export function keyObjection(key: TrustedKey, command: SignedCommand, node: string): Objection | undefined {
  if (!key.commands.includes("*") && !key.commands.includes(command)) {
    const may = key.commands.join(", ");
    return { code: "key_not_for_command", reason: `key ${key.kid} may sign ${may}, not ${command}` };
  }
  if (fitsAny(key.nodes, node)) return undefined;
  return { code: "key_not_for_node", reason: `key ${key.kid} may not command node '${node}'` };
}

export function timeObjection(
  claims: Claims,
  { nowSeconds, resetAt }: Pick<Occasion, "nowSeconds" | "resetAt">,
): Objection | undefined {
  const { iat, nbf, exp } = claims;
  const from = Math.max(iat, nbf ?? iat);
  if (exp - iat > MAX_WINDOW_SECONDS) {
    const days = Math.round((exp - iat) / 86_400);
    return {
      code: "window_too_long",
      reason: `it is valid for ${days} days, the limit is ${MAX_WINDOW_SECONDS / 86_400}`,
    };
  }
  if (from > nowSeconds + SKEW_SECONDS) {
    const reason = `it is valid from ${stamp(from)}, the clock here says ${stamp(nowSeconds)}`;
    return { code: "not_yet_valid", reason };
  }
  if (exp + SKEW_SECONDS <= nowSeconds) {
    const reason = `it was valid until ${stamp(exp)}, the clock here says ${stamp(nowSeconds)}`;
    return { code: "expired", reason };
  }
  if (iat >= resetAt) return undefined;
  const reason = `it was signed at ${stamp(iat)}, and what had been used before ${
    stamp(resetAt)
  } is not known any more`;
  return { code: "issued_before_reset", reason };
}

function stamp(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString();
}
