/** Links that lead out of the folders that a policy grants: Deno follows them regardless of its flags. */
import { join } from "@std/path";
import { ANY, covers } from "./covers.ts";
import { realPath } from "./paths.ts";
import type { Policy } from "./policy.ts";

/** How many folder entries are checked: a policy may grant a whole disk. */
const MAX_ENTRIES = 20_000;
/** How many links are named. */
const MAX_NAMED = 10;

const EXPECTED = [Deno.errors.NotFound, Deno.errors.NotADirectory, Deno.errors.PermissionDenied];

/** Warnings for the operator: a line for each link, up to ten. */
export async function linksThatLeadOut({ rules, overrides }: Policy): Promise<string[]> {
  const grants = [rules, ...overrides.map((override) => override.rules)].flatMap(({ permissions }) =>
    (["read", "write"] as const).map((kind) => ({ kind, entries: permissions?.[kind] ?? [] }))
  );
  const warnings = new Set<string>();
  const budget = { left: MAX_ENTRIES };
  for (const { kind, entries } of grants) {
    if (entries.includes(ANY)) continue;
    for (const folder of entries) {
      for await (const link of linksIn(folder, budget)) {
        const target = await realPath(link).catch(() => undefined);
        if (target === undefined || covers(kind, entries, target)) continue;
        warnings.add(
          `Warning: ${link} leads to ${target}: whoever may ${kind} ${folder} may ${kind} that too`,
        );
        if (warnings.size >= MAX_NAMED) return [...warnings, "There may be more."];
      }
    }
  }
  return [...warnings];
}

async function* linksIn(folder: string, budget: { left: number }): AsyncIterable<string> {
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
      if (budget.left-- <= 0) return;
      const path = join(folder, name);
      if (isSymlink) yield path;
      else if (isDirectory) yield* linksIn(path, budget);
    }
  } catch (error) {
    // A file, a missing path, or a folder that the operator cannot read: nothing to warn about.
    if (!EXPECTED.some((kind) => error instanceof kind)) throw error;
  }
}
