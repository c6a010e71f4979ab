/** Splits sentences that name several agents or nodes into one plan for each. Pure. */
import { isName } from "../../protocol/names.ts";
import { NO_NAMES } from "./no_names.ts";
import { type Plan, planned, type SinglePlan, type Understanding } from "./plan.ts";

const NAME = "['\"]?[A-Za-z0-9][\\w.-]*['\"]?";
const LIST = `(?:both )?(${NAME}(?:, ?${NAME})*,? and ${NAME})`;
const MAX_PARTS = 20;

/** Sentences that contain a list of names instead of one name. */
const LISTS: readonly RegExp[] = [
  new RegExp(
    `^(?:stop|end|kill|terminate|shut down|move|migrate|relocate|transfer) (?:the )?(?:agents )?${LIST}(?: |$)`,
    "i",
  ),
  new RegExp(
    `(?<= (?:on|to|onto) (?:the )?(?:nodes )?)${LIST}(?=$|,? (?:every|each|with|above|below|when|if|for|at) )`,
    "i",
  ),
];

/**
 * @param readOne reads a sentence with one name
 * @returns undefined if the sentence has no list, or if any part of it is not understood
 */
export function severalIn(text: string, readOne: (text: string) => Understanding): Understanding | undefined {
  for (const pattern of LISTS) {
    const list = pattern.exec(text);
    if (list?.[1] === undefined) continue;
    const names = list[1].split(/, ?(?:and )?| and /).map((name) => name.replace(/^(['"])(.*)\1$/, "$2"));
    if (names.length > MAX_PARTS || new Set(names).size < names.length) return undefined;
    // Not every "and" joins names: "temperature and humidity" are sensors, and "and then" starts another request.
    if (!names.every((name) => isName(name) && !NO_NAMES.has(name.toLowerCase()))) return undefined;
    const at = list.index + list[0].indexOf(list[1]);
    const before = text.slice(0, at).replace(/\bboth $/i, "");
    const parts = names.map((name) => readOne(before + name + text.slice(at + (list[1] ?? "").length)));
    const plans = parts.flatMap((part): SinglePlan[] =>
      part.kind === "plan" && part.plan.kind !== "several" ? [part.plan] : []
    );
    if (plans.length < names.length || !areDistinct(plans)) return undefined;
    return planned({ kind: "several", plans });
  }
  return undefined;
}

/** Rejects plans that would start agents of the same name on two nodes: that is a conflict. */
function areDistinct(plans: readonly Plan[]): boolean {
  const spawned = plans.flatMap((plan) => plan.kind === "spawn" ? [plan.agent] : []);
  return new Set(spawned).size === spawned.length;
}
