/** The commit that a file belongs to, where it lies in a git repository. */

export interface GitState {
  /** Of the commit that is checked out. */
  readonly commit: string;
  /** Whether the repository has changes that are not committed. */
  readonly isDirty: boolean;
}

const COMMIT = /^[0-9a-f]{40,64}$/;

/** @returns `undefined` outside a repository, before its first commit, and where there is no git */
export async function gitState(folder: string): Promise<GitState | undefined> {
  const commit = (await git(folder, "rev-parse", "--verify", "HEAD"))?.trim();
  if (commit === undefined || !COMMIT.test(commit)) return undefined;
  const changes = await git(folder, "status", "--porcelain");
  return changes === undefined ? undefined : { commit, isDirty: changes.trim() !== "" };
}

/** A `GitState` that was read from elsewhere. */
export function gitStateIn(value: unknown): GitState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { commit, isDirty } = value as Partial<Record<keyof GitState, unknown>>;
  return typeof commit === "string" && COMMIT.test(commit)
    ? { commit, isDirty: isDirty === true }
    : undefined;
}

async function git(folder: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    // It must neither wait for a lock nor write one.
    const command = new Deno.Command("git", {
      args: ["-C", folder, "--no-optional-locks", ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    // There is no git, or no permission to run it: it only is not noted.
    return undefined;
  }
}
