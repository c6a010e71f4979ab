/** Programs of the machine that tests run, where they are installed. */

/**
 * The path of `name`; `undefined` when it is not installed.
 * @param elsewhere where it may be beside the PATH
 * @param variable set to 1 by CI: a machine without the program then fails instead of testing less
 * @throws Error when CI requires it and it is not there
 */
export function requiredProgram(
  name: string,
  elsewhere: readonly string[] = [],
  variable = "AGENTFLOW_REQUIRE_MOSQUITTO",
): string | undefined {
  const onPath = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`);
  const found = [...onPath, ...elsewhere].find(isFile);
  if (found === undefined && Deno.env.get(variable) === "1") {
    throw new Error(`${variable}=1, but ${name} is not installed`);
  }
  return found;
}

/** The name of a test that needs a program: says why it is left out. */
export function needing(program: string, isThere: boolean, name: string): string {
  return isThere ? name : `${name} (left out: ${program} is not here)`;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
