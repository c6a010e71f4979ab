/**
 * Answers tasks: arithmetic, and an echo of anything else. It has no `process()`, so it uses no CPU until a task
 * arrives.
 *
 *     mosquitto_sub -t my/answers &
 *     mosquitto_pub -t agents/by-name/calculator/task \
 *       -m '{"_remote_task": true, "_reply_topic": "my/answers", "payload": {"op": "add", "a": 2, "b": 3}}'
 *
 * answers `{"result": 5}`.
 */
import type { Agent } from "../types.d.ts";

interface Question {
  op?: string;
  a?: number;
  b?: number;
}

const OPERATIONS: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
};

/** Called for each task; tasks do not wait for each other. The return value is the answer. */
export function handle_task(_agent: Agent, payload: Question): { result: number } | { echo: unknown } {
  const { op, a, b } = payload;
  if (op === undefined) return { echo: payload };
  const operation = OPERATIONS[op];
  // A thrown error becomes the answer: {"error": "…", "error_phase": "handle_task", "agent": "calculator"}.
  if (operation === undefined) throw new Error(`op must be one of ${Object.keys(OPERATIONS).join(", ")}`);
  if (typeof a !== "number" || typeof b !== "number") throw new Error("a and b must be numbers");
  // Returning a bare number also works: the answer is {"result": number}.
  return { result: operation(a, b) };
}
