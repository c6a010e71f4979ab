/** Attempts that one agent makes one after the other: as attacks, each with the refusal that is expected of it. */
import { type Attack, type Probe, slug } from "./attack.ts";

/** Deno's permission check, and no other error: a mistake in an attempt is no refusal. */
export const DENIED = /^refused: .*([Rr]equires (\S+ ){0,2}access|requires unscoped --allow)/;
/** Nothing went wrong, and nothing came of it. */
export const NOTHING = /^nothing$/;

/** What is tried: its body, and the answer that is expected where it is not Deno's permission check. */
export type Attempts = Readonly<Record<string, string | readonly [body: string, expect: RegExp]>>;

/** @param controlled titles of those that are to succeed where there is no sandbox */
export function probes(
  category: string,
  attempts: Attempts,
  controlled: readonly string[] = [],
): readonly Attack[] {
  return Object.entries(attempts).map(([tries, attempt]): Probe => {
    const [body, expect] = typeof attempt === "string" ? [attempt, DENIED] as const : attempt;
    return {
      kind: "probe",
      id: `${category}-${slug(tries)}`,
      category,
      tries,
      body,
      expect,
      control: controlled.includes(tries),
    };
  });
}
