/** Programs of the machine that tests run, where they are installed. */

/** Set by CI: a machine without them then fails instead of testing less. */
const REQUIRED = Deno.env.get("AGENTFLOW_REQUIRE_MOSQUITTO") === "1";

/**
 * The path of `name`; `undefined` when it is not installed.
 * @param elsewhere where it may be beside the PATH
 * @throws Error when CI requires it and it is not there
 */
export function requiredProgram(name: string, elsewhere: readonly string[] = []): string | undefined {
  const onPath = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`);
  const found = [...onPath, ...elsewhere].find(isFile);
  if (REQUIRED && found === undefined) {
    throw new Error(`AGENTFLOW_REQUIRE_MOSQUITTO=1, but ${name} is not installed`);
  }
  return found;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
