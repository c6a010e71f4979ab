/** The newest generation of a fleet, as the broker keeps it for all operators, and which of two claims counts. Pure. */
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

/** A claim, and once it has won and is written for all nodes the head of the fleet. */
export interface Head extends Generation {
  /** Whether it has been written for all nodes: until then others wait, as long as its operator is alive. */
  readonly isConfirmed: boolean;
}

/** Two operators have applied at once, or one has applied since a plan was made. */
export class OvertakenError extends OperationError {
  override name = "OvertakenError";
}

export function headFields({ isConfirmed, ...generation }: Head): JsonObject {
  return { ...generationFields(generation), confirmed: isConfirmed };
}

/** @returns `undefined` for what is no head of that fleet */
export function headIn(fields: JsonObject, fleet: string): Head | undefined {
  try {
    const generation = generationIn(fields);
    return generation?.fleet === fleet
      ? { ...generation, isConfirmed: fields.confirmed === true }
      : undefined;
  } catch {
    // Anybody may publish anything.
    return undefined;
  }
}

export type Verdict =
  | { readonly kind: "won" }
  | { readonly kind: "lost"; readonly to: Head }
  /** The own claim has not come back yet. */
  | { readonly kind: "open" };

/**
 * Which claim counts: the first one that follows the base. The broker gives all operators the same order.
 * @param log what came on the fleet's topic since the base, in order
 * @param base the tag that the claim is based on; `undefined` for the first generation
 */
export function claimVerdict(log: readonly Head[], base: string | undefined, own: string): Verdict {
  const first = log.find(({ tag }) => tag !== base);
  if (first === undefined) return { kind: "open" };
  return first.tag === own ? { kind: "won" } : { kind: "lost", to: first };
}

/**
 * What the next generation is based on.
 * @param head as the broker keeps it
 * @param known the generations that nodes have, or that wait for them
 * @param adopts whether generations that do not follow from each other are brought together
 * @throws OperationError when they do not
 */
export function chooseBase(
  head: Generation | undefined,
  known: readonly Generation[],
  adopts: boolean,
): { readonly base: Generation | undefined; readonly basedOn: readonly string[] } {
  const newest = known.toSorted((a, b) => b.generation - a.generation)[0];
  // The head of an operator who lost his claim, and died before he could put back the other one.
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
  { by, message, at }: Pick<Generation, "by" | "message" | "at">,
): Generation {
  const generation = Math.max(base?.generation ?? 0, ...basedOn.map((tag) => numberOf(tag) ?? 0)) + 1;
  return { fleet, generation, tag: newTag(generation), basedOn, by, at, message };
}
