/** The DENO_DIR of agents: Deno's own cache, closed to agent code. */
import { join } from "@std/path";

/**
 * Makes `dir` ready to be the DENO_DIR of an agent. Deno lets code without any permission write below
 * `location_data` (the Cache API, `localStorage`): a file of that name makes every such write fail.
 * @throws Deno's error when the folder cannot be written
 */
export async function closeDenoDir(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  const blocker = join(dir, "location_data");
  try {
    await Deno.writeTextFile(blocker, "", { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    if ((await Deno.lstat(blocker)).isFile) return;
    await Deno.remove(blocker, { recursive: true });
    await closeDenoDir(dir);
  }
}
