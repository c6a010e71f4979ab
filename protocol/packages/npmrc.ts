/** The user's `.npmrc`: it names registries, and the variables that hold what they ask for. */
import { join } from "@std/path";

type Environment = Readonly<Record<string, string | undefined>>;

/** As npm: `${NAME}`; behind a backslash it is text. */
const VARIABLE = /(\\?)\$\{([A-Za-z_]\w*)\}/g;
/** Where packages come from, of all or of one scope. */
const REGISTRY_LINE = /^\s*(?:@[^\s:=]+:)?registry\s*=/;

/** Its text; `""` where there is none. */
export function readNpmrc({ HOME }: Environment): string {
  if (HOME === undefined || HOME === "") return "";
  try {
    return new TextDecoder().decode(Deno.readFileSync(join(HOME, ".npmrc")));
  } catch {
    // Not there, or not ours to read: Deno then goes without it as well.
    return "";
  }
}

/** The variables that it names. */
export function variablesOf(npmrc: string): readonly string[] {
  const found = [...npmrc.matchAll(VARIABLE)].filter(([, backslash]) => backslash === "");
  return [...new Set(found.map(([, , name = ""]) => name))];
}

/** The lines that name registries, without any variable in them; what they ask of whoever comes is left out. */
export function registriesOf(npmrc: string, env: Environment): string {
  const lines = npmrc.split(/\r?\n/).filter((line) => REGISTRY_LINE.test(line));
  return lines.map((line) =>
    line.trim().replace(VARIABLE, (whole, backslash, name) => backslash === "" ? env[name] ?? whole : whole)
  ).join("\n");
}
