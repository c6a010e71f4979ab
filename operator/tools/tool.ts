/** A tool: one request to the fleet that a program or a model can make. */
import { ExpectedError, wordsOf } from "../../protocol/expected_error.ts";
import { z } from "zod";
import type { Journal } from "../fleet/journal.ts";
import type { Operator } from "../operator.ts";

/** `look` changes nothing; `change` can be undone; `end` stops or replaces a running agent, or can do anything. */
export type Effect = "look" | "change" | "end";

/** A node to deploy to a device. */
export interface DeployRequest {
  readonly node: string;
  /** USER@HOST */
  readonly address: string;
  /** The broker, as the device reaches it. */
  readonly broker: string;
  readonly ssh_port?: number | undefined;
}

/** Deploys a node to a device. @throws Error in words for the operator */
export type DeployNode = (
  request: DeployRequest,
  onProgress: (message: string) => void,
  signal: AbortSignal,
) => Promise<Readonly<Record<string, unknown>>>;

/** The context that tools work in. */
export interface Workshop {
  readonly operator: Operator;
  readonly journal: Journal;
  /** The name by which other operators know this one. */
  readonly by: string;
  /** Undefined when this program cannot deploy: there is then no such tool. */
  readonly deployNode: DeployNode | undefined;
}

/** One call of a tool. */
export interface ToolCall {
  readonly signal: AbortSignal;
  /** Called with progress, in words. */
  readonly onProgress: (message: string) => void;
}

/** JSON for the caller. Text in it from nodes, agents and the bus is data, not instructions. */
export interface ToolResult {
  /** Whether the request succeeded. */
  readonly ok: boolean;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly input: z.ZodObject;
  /**
   * Everything a call would do, if its input alone does not say it.
   * @throws Error in words for the operator
   */
  preview?(input: unknown, workshop: Workshop, call: ToolCall): Promise<Readonly<Record<string, unknown>>>;
  /** Failures that an operator can understand are returned as results, not thrown. */
  run(input: unknown, workshop: Workshop, call: ToolCall): Promise<ToolResult>;
}

interface Definition<S extends z.ZodRawShape> extends Omit<Tool, "input" | "run" | "preview"> {
  readonly input: S;
  readonly preview?: (
    input: z.output<z.ZodObject<S>>,
    workshop: Workshop,
    call: ToolCall,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly run: (
    input: z.output<z.ZodObject<S>>,
    workshop: Workshop,
    call: ToolCall,
  ) => Promise<ToolResult>;
}

export function defineTool<const S extends z.ZodRawShape>(definition: Definition<S>): Tool {
  const input = z.strictObject(definition.input);
  const { preview, ...others } = definition;
  return {
    ...others,
    input: input as unknown as z.ZodObject,
    ...(preview === undefined ? {} : {
      preview: async (given, workshop, call) =>
        await preview(input.parse(given) as z.output<z.ZodObject<S>>, workshop, call),
    }),
    run: async (given, workshop, call) => {
      const parsed = input.safeParse(given);
      if (!parsed.success) return failed(z.prettifyError(parsed.error));
      try {
        return await definition.run(parsed.data as z.output<z.ZodObject<S>>, workshop, call);
      } catch (error) {
        if (error instanceof ExpectedError) return failed(wordsOf(error));
        throw error;
      }
    },
  };
}

export const done = (value: ToolResult["value"]): ToolResult => ({ ok: true, value });
export const failed = (error: string, more: ToolResult["value"] = {}): ToolResult => ({
  ok: false,
  value: { error, ...more },
});

/** Cuts text from others to a readable size. */
export function excerpt(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (${text.length} characters)`;
}
