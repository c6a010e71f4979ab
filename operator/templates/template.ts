/** A template of an agent: code with a parameter block, and the permissions that the agent needs. */
import type { DeviceKind } from "../../protocol/devices/devices.ts";
import type { PermissionKind } from "../../protocol/permissions.ts";

export type ParameterValue = string | number | boolean | null;
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
  | Documented & { readonly kind: "flag"; readonly default: boolean }
  | Documented & { readonly kind: "choice"; readonly default: string; readonly choices: readonly string[] }
  | Documented & {
    readonly kind: "number";
    readonly default: number | null;
    /** May also be `null`. */
    readonly isOptional?: boolean;
    readonly min?: number;
    readonly max?: number;
    readonly isWhole?: boolean;
  };

export type Parameters = Readonly<Record<string, Parameter>>;

/** The fields of a spawn config that a template adds to its code. */
export interface Needs {
  readonly permissions?: Partial<Record<PermissionKind, readonly string[]>>;
  readonly devices?: Partial<Record<DeviceKind, readonly string[]>>;
  readonly install?: readonly string[];
  readonly secrets?: readonly string[];
}

export interface Template {
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly capabilities: readonly string[];
  /** Words that people use for it, in lower case. */
  readonly words: readonly string[];
  /** Seconds between calls of `process()`; `undefined` when it has no `process()`. */
  readonly pollInterval: number | undefined;
  readonly parameters: Parameters;
  readonly needs: (values: ParameterValues) => Needs;
  /** The file in `agents/templates/`, with the defaults filled in. */
  readonly code: string;
}
