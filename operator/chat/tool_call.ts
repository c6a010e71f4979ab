/** Carries out one tool call for a person: shows it, asks first if it changes anything, then runs it. */
import { fit } from "../tools/fit.ts";
import { failed, type Tool, type ToolResult, type Workshop } from "../tools/tool.ts";
import { viewOf } from "./action.ts";
import type { Person } from "./person.ts";

/** The outcome of a call. */
export type ToolCallOutcome =
  | { readonly kind: "ran"; readonly result: ToolResult }
  /** The operator said no: nothing was done. */
  | { readonly kind: "declined" };

const MAX_RESULT_CHARS = 60_000;

/** How long an interrupted tool may take to end by itself and report its progress. */
const GRACE_MS = 500;

/** @returns a failed result, not an error, for anything the operator or the model can fix */
export async function carryOutToolCall(
  tool: Tool,
  input: unknown,
  workshop: Workshop,
  person: Person,
  signal: AbortSignal,
): Promise<ToolCallOutcome> {
  const call = { signal, onProgress: (message: string) => person.note(message) };
  const parsed = tool.input.safeParse(input);
  // Do not ask about invalid input: the tool reports what is wrong and does nothing.
  if (parsed.success && tool.effect !== "look") {
    // Show exactly what will run: the parsed input, with defaults filled in.
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

/** Stops waiting for tools that do not end when interrupted, such as one waiting for an agent's reply. */
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
