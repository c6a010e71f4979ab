/** The user's `.npmrc`: it names registries, and the variables that hold their credentials. */
import { join } from "@std/path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Same syntax as npm: `${NAME}`, or `${NAME?}` for one that may be missing; after a backslash it is plain text. */
const VARIABLE = /(\\?)\$\{([A-Za-z_]\w*)(\??)\}/g;
/** A registry setting, for all packages or for one scope. */
const REGISTRY_LINE = /^\s*(?:@[^\s:=]+:)?registry\s*=/;

/** Its text; `""` if there is none. */
export function readNpmrc({ HOME }: Environment): string {
  if (HOME === undefined || HOME === "") return "";
  try {
    return new TextDecoder().decode(Deno.readFileSync(join(HOME, ".npmrc")));
  } catch {
    // Missing or unreadable: Deno then ignores it as well.
    return "";
  }
}

/** The variables that it refers to. */
export function variablesOf(npmrc: string): readonly string[] {
  const found = [...npmrc.matchAll(VARIABLE)].filter(([, backslash]) => backslash === "");
  return [...new Set(found.map(([, , name = ""]) => name))];
}

/** The lines that name registries, with variables expanded; credentials are left out. */
export function registriesOf(npmrc: string, env: Environment): string {
  const lines = npmrc.split(/\r?\n/).filter((line) => REGISTRY_LINE.test(line));
  return lines.map((line) =>
    line.trim().replace(VARIABLE, (whole, backslash, name, optional) => {
      if (backslash !== "") return whole;
      return env[name] ?? (optional === "" ? whole : "");
    })
  ).join("\n");
}
