/** What a template of an agent is: code with a block of parameters, and what the agent needs. */
import type { PermissionKind } from "../../protocol/permissions.ts";

export type ParameterValue = string | number | null;
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

interface Documented {
  /** One sentence. */
  readonly doc: string;
}

/** A parameter of a template. */
export type Parameter =
  /** @param pattern what the text must match, with `rule` in words */
  | Documented & {
    readonly kind: "text";
    readonly default: string;
    readonly pattern?: RegExp;
    readonly rule?: string;
  }
  | Documented & { readonly kind: "topic" | "filter"; readonly default: string }
  | Documented & { readonly kind: "choice"; readonly default: string; readonly choices: readonly string[] }
  | Documented & {
    readonly kind: "number";
    readonly default: number | null;
    /** It may be `null`, too. */
    readonly isOptional?: boolean;
    readonly min?: number;
    readonly max?: number;
    readonly isWhole?: boolean;
  };

export type Parameters = Readonly<Record<string, Parameter>>;

/** What an agent of a template asks for, beside its code. */
export interface Needs {
  readonly permissions?: Partial<Record<PermissionKind, readonly string[]>>;
  readonly install?: readonly string[];
  readonly secrets?: readonly string[];
}

export interface Template {
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly capabilities: readonly string[];
  /** Words by which people ask for it, in lower case. */
  readonly words: readonly string[];
  /** Seconds between two `process()`; `undefined` when it has none. */
  readonly pollInterval: number | undefined;
  readonly parameters: Parameters;
  readonly needs: (values: ParameterValues) => Needs;
  /** As it lies in `agents/templates/`, with the defaults filled in. */
  readonly code: string;
}
