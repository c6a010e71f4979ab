/** The name that other operators see. */
import { nameOfOperator } from "../operator_name.ts";
import type { Run } from "./cli.ts";

/** The user and the machine. */
export function operatorName({ env }: Pick<Run, "env">): string {
  return nameOfOperator(env);
}
