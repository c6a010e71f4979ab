/** What tests need of a machine beyond Deno: where it is missing they are left out, which is said at the end of the run. */
import PACKAGES from "./programs.json" with { type: "json" };
import { noteLeftOut } from "./left_out.ts";

/** A program that tests run; the table names the Debian package that has it. */
export type Program = keyof typeof PACKAGES;

/** Something that a machine may be without. */
export interface Need {
  /** As the summary names it. */
  readonly name: string;
  readonly isThere: boolean;
  /** How to get it: a line to paste, or what to do. */
  readonly remedy: string;
}

/** Set to 1 by CI: a machine without a program then fails instead of testing less. */
const REQUIRED = Deno.env.get("AGENTFLOW_REQUIRE_PROGRAMS") === "1";

/** The path of `name`; `undefined` when it is not installed. */
export function findProgram(name: string): string | undefined {
  // Debian keeps some where only root's PATH looks.
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  return folders.map((folder) => `${folder}/${name}`).find(isFile);
}

/** Programs that tests need together. @throws Error when CI requires them and one is missing */
export function programs(name: string, ...names: readonly [Program, ...Program[]]): Need {
  const missing = names.filter((program) => findProgram(program) === undefined);
  const packages = [...new Set(names.map((program) => PACKAGES[program]))].join(" ");
  const remedy = `sudo apt-get install ${packages}`;
  if (REQUIRED && missing.length > 0) {
    throw new Error(
      `AGENTFLOW_REQUIRE_PROGRAMS=1, but these are not installed: ${missing.join(", ")}. Run: ${remedy}`,
    );
  }
  return { name, isThere: missing.length === 0, remedy };
}

/** What only root may do. */
export const ROOT: Need = {
  name: "root's rights",
  isThere: Deno.uid() === 0,
  remedy: "run the tests as root",
};

export const LINUX: Need = {
  name: "Linux",
  isThere: Deno.build.os === "linux",
  remedy: "run the tests on Linux",
};

/** The name of a test that has `needs`, and whether it is left out: `Deno.test({ ...needing(ROOT, "a law"), fn })`. */
export function needing(
  needs: Need | readonly Need[],
  name: string,
): { readonly name: string; readonly ignore: boolean } {
  const missing = [needs].flat().filter(({ isThere }) => !isThere);
  if (missing.length === 0) return { name, ignore: false };
  for (const need of missing) noteLeftOut(need, name);
  return { name: `${name} (left out: no ${missing.map((need) => need.name).join(", no ")})`, ignore: true };
}

/** Whether `command` is there, and ends well. */
export async function succeeds([program = "", ...args]: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    // Not installed.
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
