/** The newest generation of a fleet, retained by the broker, and which of several competing claims wins. Pure. */
import {
  type Generation,
  generationFields,
  generationIn,
  MAX_HISTORY,
  newTag,
  numberOf,
} from "../../protocol/generations.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { OperationError } from "../operator.ts";

/** A claim for the next generation. Becomes the fleet's head once it has won and is written for all nodes. */
export interface Head extends Generation {
  /** Whether it has been written for all nodes. Until then, others wait while its operator is alive. */
  readonly isConfirmed: boolean;
}

/** Another operator applied at the same time, or after the plan was made. */
export class OvertakenError extends OperationError {
  override name = "OvertakenError";
}

export function headFields({ isConfirmed, ...generation }: Head): JsonObject {
  return { ...generationFields(generation), confirmed: isConfirmed };
}

/** @returns `undefined` if the fields are not a head of that fleet */
export function headIn(fields: JsonObject, fleet: string): Head | undefined {
  try {
    const generation = generationIn(fields);
    return generation?.fleet === fleet
      ? { ...generation, isConfirmed: fields.confirmed === true }
      : undefined;
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}

export type Verdict =
  | { readonly kind: "won" }
  | { readonly kind: "lost"; readonly to: Head }
  /** Our own claim has not come back from the broker yet. */
  | { readonly kind: "open" };

/**
 * Decides which claim wins: the first one after the base. All operators agree, because the broker orders messages.
 * @param log the messages on the fleet's topic since the base, in order
 * @param base the tag that the claim is based on; `undefined` for the first generation
 */
export function claimVerdict(log: readonly Head[], base: string | undefined, own: string): Verdict {
  const first = log.find(({ tag }) => tag !== base);
  if (first === undefined) return { kind: "open" };
  return first.tag === own ? { kind: "won" } : { kind: "lost", to: first };
}

/**
 * Chooses the generation that the next one is based on.
 * @param head the head retained by the broker
 * @param known the generations that nodes have, or that are waiting for them
 * @param adopts whether to merge generations with separate histories
 * @throws OperationError if histories are separate and `adopts` is not set
 */
export function chooseBase(
  head: Generation | undefined,
  known: readonly Generation[],
  adopts: boolean,
): { readonly base: Generation | undefined; readonly basedOn: readonly string[] } {
  const newest = known.toSorted((a, b) => b.generation - a.generation)[0];
  // This head is stale: its operator lost the claim and died before restoring the winner's head.
  const isLost = head !== undefined && newest !== undefined && newest.tag !== head.tag &&
    newest.generation >= head.generation && !known.some(({ tag }) => tag === head.tag);
  const base = head === undefined || isLost ? newest : head;
  if (base === undefined) return { base, basedOn: [] };
  const lineage = [base.tag, ...base.basedOn];
  const oldest = lineage.length > MAX_HISTORY ? numberOf(lineage.at(-1)) ?? 0 : 0;
  const foreign = known.filter(({ tag, generation }) => !lineage.includes(tag) && generation >= oldest);
  const [other] = foreign;
  if (other !== undefined && !adopts) {
    throw new OperationError(
      `Generation ${other.generation} by ${other.by} (${other.tag}), which a node has, is not among those before ` +
        `generation ${base.generation} by ${base.by}: --adopt takes both as the past of this one`,
    );
  }
  const tags = [base.tag, ...foreign.map(({ tag }) => tag), ...base.basedOn];
  return { base, basedOn: [...new Set(tags)].slice(0, MAX_HISTORY) };
}

/** The generation after `base`. */
export function nextGeneration(
  fleet: string,
  { base, basedOn }: ReturnType<typeof chooseBase>,
  about: Pick<Generation, "by" | "message" | "at" | "rollout">,
): Generation {
  const generation = Math.max(base?.generation ?? 0, ...basedOn.map((tag) => numberOf(tag) ?? 0)) + 1;
  return { fleet, generation, tag: newTag(generation), basedOn, ...about };
}
