/** The name that other operators see. */
import type { Run } from "./cli.ts";

/** The user and the machine. */
export function operatorName({ env }: Pick<Run, "env">): string {
  return `${env.USER || env.LOGNAME || "somebody"}@${Deno.hostname()}`;
}
