/** Grants that have no effect: Deno denies devices and the kernel's files to all code in its sandbox. */
import { realPath } from "./paths.ts";
import type { Policy } from "./policy.ts";

const KEPT = /^\/(dev|proc|sys)(\/|$)/;
const GIVEN: ReadonlySet<string> = new Set(
  ["null", "zero", "random", "urandom", "tty"].map((name) => `/dev/${name}`),
);

/** Whether Deno refuses the resolved path whatever `--allow-read` or `--allow-write` says. */
export function isKeptByDeno(path: string): boolean {
  return KEPT.test(path) && !GIVEN.has(path);
}

/** Warnings for the operator: a line for each such path. */
export async function grantsWithoutEffect({ rules, overrides }: Policy): Promise<string[]> {
  const warnings = new Set<string>();
  for (const { permissions } of [rules, ...overrides.map((override) => override.rules)]) {
    for (const kind of ["read", "write"] as const) {
      for (const path of permissions?.[kind] ?? []) {
        const resolved = await realPath(path).catch(() => path);
        if (!isKeptByDeno(resolved)) continue;
        warnings.add(
          `Warning: ${kind} ${path} is granted in vain: Deno keeps /dev, /proc and /sys from agents. Let another ` +
            "program put what they need into a folder, and grant that",
        );
      }
    }
  }
  return [...warnings];
}
