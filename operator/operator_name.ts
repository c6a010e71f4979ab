/** The name by which other operators know who applied a generation. */
import type { Environment } from "../protocol/config/flag.ts";

/** The user and the machine. @param face the program, where it has no user of its own */
export function nameOfOperator(env: Environment, face?: string): string {
  return `${face ?? (env.USER || env.LOGNAME || "somebody")}@${Deno.hostname()}`;
}
