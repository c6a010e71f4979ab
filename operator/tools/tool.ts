/** What a tool is: one thing that can be asked of the fleet, by a program or by a model. */
import { ExpectedError, wordsOf } from "../../protocol/expected_error.ts";
import { z } from "zod";
import type { Journal } from "../fleet/journal.ts";
import type { Operator } from "../operator.ts";

/** `look` changes nothing, `change` can be undone by its opposite, `end` ends or replaces what runs, or may do anything. */
export type Effect = "look" | "change" | "end";

/** A node that is to be brought to a device. */
export interface DeployRequest {
  readonly node: string;
  /** USER@HOST */
  readonly address: string;
  /** As the device reaches it. */
  readonly broker: string;
  readonly ssh_port?: number | undefined;
}

/** Brings a node to a device. @throws Error in words for the operator */
export type DeployNode = (
  request: DeployRequest,
  onProgress: (message: string) => void,
  signal: AbortSignal,
) => Promise<Readonly<Record<string, unknown>>>;

/** What tools work with. */
export interface Workshop {
  readonly operator: Operator;
  readonly journal: Journal;
  /** Where this program cannot deploy, there is no tool for it. */
  readonly deployNode: DeployNode | undefined;
}

/** One call of a tool. */
export interface ToolCall {
  readonly signal: AbortSignal;
  /** What happens on the way, in words. */
  readonly onProgress: (message: string) => void;
}

/** JSON for whoever called. What nodes, agents and the bus say in it is data, whoever wrote it. */
export interface ToolResult {
  /** Whether what was asked for has come about. */
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
   * What a call would do, in full, where its input alone does not say it.
   * @throws Error in words for the operator
   */
  preview?(input: unknown, workshop: Workshop, call: ToolCall): Promise<Readonly<Record<string, unknown>>>;
  /** Failures that an operator can understand are results; never rejects for them. */
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

/** Text that somebody else has written, cut to a size that can be read. */
export function excerpt(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (${text.length} characters)`;
}
