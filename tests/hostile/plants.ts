/** Files that attacks reach for: things that are there, and secrets of others. */
import { join } from "@std/path";
import { SECRET } from "../support/prison.ts";

/** A file and a folder that may be hurt where a wall fails: never the machine's own. */
export async function plantThings(dir: string): Promise<void> {
  await Deno.writeTextFile(join(dir, "there.txt"), "there");
  await Deno.mkdir(join(dir, "there"));
}

export async function plantSecrets(stateDir: string): Promise<void> {
  for (const name of ["secret.txt", "secret.ts", "secret.json", "secret.js", "agentflow_other_state.json"]) {
    const isScript = name.endsWith(".ts") || name.endsWith(".js");
    const content = isScript ? `export default "${SECRET}";` : JSON.stringify({ secret: SECRET });
    await Deno.writeTextFile(join(stateDir, name), content);
  }
}
