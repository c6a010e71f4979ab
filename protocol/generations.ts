/**
 * Generations of a fleet: the fields that `desired_state` has besides its agents when an operator applies a fleet file.
 * Main machines do not send them. A generation lists those it is based on, so that no two operators can mix theirs on
 * one node. Pure.
 */
import { ExpectedError } from "./expected_error.ts";
import type { JsonObject } from "./json.ts";
import { isName, NAME_RULE } from "./names.ts";

/** How many earlier generations a generation names, and how many are kept. */
export const MAX_HISTORY = 20;
const MAX_TEXT_CHARS = 200;
const TAG = /^(\d{1,9})-[0-9a-f]{8}$/;

/** One generation. */
export interface Generation {
  readonly fleet: string;
  readonly generation: number;
  /** Its identity: its number, with random digits that distinguish it from another generation of the same number. */
  readonly tag: string;
  /** The tags of earlier generations, newest first. */
  readonly basedOn: readonly string[];
  readonly by: string;
  /** Seconds since the epoch, by the clock of the operator who applied it. */
  readonly at: number;
  readonly message: string;
  /** The identity of the roll-out that it is a wave of. */
  readonly rollout?: string;
}

/** A generation that cannot be read. */
export class GenerationError extends ExpectedError {
  override name = "GenerationError";
  override readonly code = "usage";
}

export function newTag(generation: number): string {
  return `${generation}-${crypto.randomUUID().slice(0, 8)}`;
}

/** The fields of a message about a generation. */
export function generationFields({ basedOn, ...rest }: Generation): JsonObject {
  return { ...rest, based_on: basedOn };
}

/** @returns `undefined` if the message has no generation @throws GenerationError */
export function generationIn(fields: JsonObject): Generation | undefined {
  const { fleet, generation, tag, based_on: basedOn } = fields;
  if (fleet === undefined || fleet === null) return undefined;
  if (!isName(fleet)) throw new GenerationError(`fleet must be ${NAME_RULE}`);
  if (typeof tag !== "string" || numberOf(tag) !== generation || !(generation as number > 0)) {
    throw new GenerationError("generation must be a number above 0, and tag must be that of this generation");
  }
  if (
    !Array.isArray(basedOn) || basedOn.length > MAX_HISTORY ||
    basedOn.some((each) => numberOf(each) === undefined)
  ) {
    throw new GenerationError(`based_on must be a list of up to ${MAX_HISTORY} tags`);
  }
  const { by, at, message } = fields;
  const rollout = text(fields.rollout);
  return {
    fleet,
    generation: generation as number,
    tag,
    basedOn: basedOn as string[],
    by: text(by) ?? "somebody",
    at: typeof at === "number" ? at : 0,
    message: text(message) ?? "",
    ...(rollout === undefined ? {} : { rollout }),
  };
}

export type Admission =
  | { readonly kind: "apply" }
  /** It is the one in force. */
  | { readonly kind: "same" }
  | { readonly kind: "refuse"; readonly reason: string };

/** Whether a node with generation `current` accepts `next`. */
export function admission(current: Generation | undefined, next: Generation): Admission {
  if (current === undefined) return { kind: "apply" };
  if (current.tag === next.tag) return { kind: "same" };
  if (next.basedOn.includes(current.tag)) return { kind: "apply" };
  const oldest = next.basedOn.at(-1);
  // The node missed more generations than `basedOn` lists.
  const isForgotten = next.basedOn.length === MAX_HISTORY && oldest !== undefined &&
    (numberOf(oldest) ?? 0) > current.generation;
  if (isForgotten) return { kind: "apply" };
  return {
    kind: "refuse",
    reason:
      `it is not based on generation ${current.generation} by ${current.by} (${current.tag}), which is in force`,
  };
}

/** The number in a tag; `undefined` if it is not a tag. */
export function numberOf(tag: unknown): number | undefined {
  const [, number] = typeof tag === "string" ? TAG.exec(tag) ?? [] : [];
  return number === undefined ? undefined : Number(number);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, MAX_TEXT_CHARS) : undefined;
}
