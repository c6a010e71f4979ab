/** The operator's policy, read once from its file. */
import { readGuarded } from "../files/local_file.ts";
import { parsePolicy, PolicyError } from "./parse.ts";
import { DEFAULT_POLICY, type Policy } from "./policy.ts";

/**
 * @param path the built-in policy when there is none
 * @throws PolicyError with the reason in one line
 */
export async function readPolicy(path: string | undefined): Promise<Policy> {
  if (path === undefined) return DEFAULT_POLICY;
  try {
    return parsePolicy(await readGuarded(path, "writable"), path);
  } catch (error) {
    throw new PolicyError(`policy '${path}' cannot be used: ${oneLine(error)}`);
  }
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
}
