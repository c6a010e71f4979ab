/**
 * Names that an agent's code imports and declares, judged by its text. The harness loads this module only when it needs
 * it: scanning the text takes as long as starting everything else. Pure.
 */
import { blanked } from "../../protocol/source_text.ts";

/** The local names of the code's named imports, without type-only imports. */
export function importedNames(code: string): Set<string> {
  const bare = blanked(code, ["comment", "string", "template", "pattern"]);
  const names = new Set<string>();
  for (const clause of bare.split(/(?<![.\w$])import(?![\w$])/).slice(1)) {
    const end = clause.search(/[;(]|\bfrom\b/);
    if (end === -1 || !clause.startsWith("from", end) || /^\s+type\s+[\w${*]/.test(clause)) continue;
    for (const part of clause.slice(0, end).split(/[,{}]/)) {
      const words = part.trim().split(/\s+/);
      if (words[0] !== "type" || words.length === 1) names.add(words.at(-1) ?? "");
    }
  }
  return names.difference(new Set([""]));
}

/** A function declaration, or a variable that holds an arrow function. */
const DECLARATION =
  /(?:^|[;}])[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?(?:(?:async[ \t]+)?function\b[ \t]*(?:\*[ \t]*)?([A-Za-z_$][\w$]*)|(?:const|let|var)[ \t]+([A-Za-z_$][\w$]*)(?![\w$])[^=;\n]*=(?:[ \t]*(?:async[ \t]+)?function\b|[^=;\n]*=>))/gm;

/** The functions that the code declares at its top level, judged by its text. */
export function declaredNames(code: string): string[] {
  return [...topLevelOf(code).matchAll(DECLARATION)].map(([, name, assigned]) => name ?? assigned ?? "");
}

/** The code with everything inside brackets, and everything that is not code, replaced by spaces. */
function topLevelOf(code: string): string {
  let depth = 0;
  const parts = blanked(code, ["comment", "string", "template", "pattern"]).split(/([(){}[\]])/);
  return parts.map((part) => {
    if (/^[({[]$/.test(part)) depth += 1;
    const shown = depth === 0 ? part : part.replace(/[^\n]/g, " ");
    if (/^[)}\]]$/.test(part)) depth = Math.max(0, depth - 1);
    // A closing brace ends a declaration.
    return depth === 0 && part === "}" ? "}" : shown;
  }).join("");
}
