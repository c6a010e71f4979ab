/** Carries out one call of a tool for somebody: shows it, asks where it changes anything, runs it. */
import { fit } from "../tools/fit.ts";
import { failed, type Tool, type ToolResult, type Workshop } from "../tools/tool.ts";
import { viewOf } from "./action.ts";
import type { Person } from "./person.ts";

/** What became of a call. */
export type ToolCallOutcome =
  | { readonly kind: "ran"; readonly result: ToolResult }
  /** The operator said no: nothing was done. */
  | { readonly kind: "declined" };

const MAX_RESULT_CHARS = 60_000;

/** How long a tool may take to end by itself, and to say how far it has come. */
const GRACE_MS = 500;

/** @returns a failed result, rather than an error, for what the operator or the model can mend */
export async function carryOutToolCall(
  tool: Tool,
  input: unknown,
  workshop: Workshop,
  person: Person,
  signal: AbortSignal,
): Promise<ToolCallOutcome> {
  const call = { signal, onProgress: (message: string) => person.note(message) };
  const parsed = tool.input.safeParse(input);
  // What does not fit is not asked about: the tool says what is wrong, and does nothing.
  if (parsed.success && tool.effect !== "look") {
    // What is shown is what is run: the input as it was read, defaults filled in.
    let shown: Readonly<Record<string, unknown>>;
    try {
      shown = await tool.preview?.(parsed.data, workshop, call) ?? parsed.data;
    } catch (error) {
      return { kind: "ran", result: failed((error as Error).message) };
    }
    if (!await person.agrees(viewOf(tool, shown), signal)) return { kind: "declined" };
  }
  const given = parsed.success ? parsed.data : input;
  const result = await untilInterrupted(tool.run(given, workshop, call), signal);
  return { kind: "ran", result: { ok: result.ok, value: fit(result.value, MAX_RESULT_CHARS) } };
}

/** Not every tool ends when it is asked to: one that waits for an agent's reply is no longer waited for. */
async function untilInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const interrupted = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => timer = setTimeout(() => interrupted.reject(signal.reason), GRACE_MS);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(timer);
  }
}
