/** A requirement of an agent or of a package: `pypi:requests`, `rich>=13,<15`, `pkg[extra]; python_version < "3.9"`. Pure. */
import { insteadOf } from "../../devices/instead.ts";
import { InstallError } from "../install_error.ts";
import { isRange } from "./version.ts";

/** One requirement. */
export interface Requirement {
  /** Normalised: `my-package`. */
  readonly name: string;
  readonly extras: readonly string[];
  /** Clauses such as `>=1.2,<2`; empty for any version. */
  readonly range: string;
  readonly marker: string | undefined;
}

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/;
const MAX_REQUIREMENT_CHARS = 1000;

/** Normalises a name as indexes do: lower case, every run of `-`, `_` and `.` becomes one `-` (PEP 503). */
export function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/**
 * Reads an entry of `install`.
 * @throws InstallError for an invalid entry, or for a package that cannot run in the sandbox
 */
export function parseEntry(entry: string): Requirement {
  if (/^(npm|jsr):/.test(entry)) {
    throw new InstallError(
      `'${entry}' is for agents in TypeScript: this one is in Python, which takes pypi:NAME`,
    );
  }
  const text = entry.replace(/^pypi:/, "").replace(/^([^@\s]+)@(\d\S*)$/, "$1==$2");
  const requirement = parseRequirement(text);
  if (requirement === undefined || requirement.marker !== undefined) {
    throw new InstallError(
      `${
        JSON.stringify(entry.slice(0, 80))
      } is not a package: use pypi:NAME, with versions as in pypi:NAME>=1.2,<2`,
    );
  }
  const instead = insteadOf("pypi", requirement.name);
  if (instead !== undefined) throw new InstallError(instead);
  return requirement;
}

/** @returns `undefined` if it is not a requirement */
export function parseRequirement(text: string): Requirement | undefined {
  if (text.length > MAX_REQUIREMENT_CHARS) return undefined;
  const semicolon = text.indexOf(";");
  const [wanted, marker] = semicolon === -1 ? [text] : [text.slice(0, semicolon), text.slice(semicolon + 1)];
  const name = NAME.exec(wanted.trim())?.[0];
  if (name === undefined) return undefined;
  const { inside: extras = "", rest } = bracketed(wanted.trim().slice(name.length).trim(), "[", "]");
  const { inside, rest: plain } = bracketed(rest.trim(), "(", ")");
  const range = (inside ?? plain).trim();
  if ((inside !== undefined && plain.trim() !== "") || !isRange(range)) return undefined;
  return {
    name: normaliseName(name),
    extras: extras.split(",").map((extra) => extra.trim().toLowerCase()).filter((extra) => extra !== ""),
    range,
    marker: marker?.trim(),
  };
}

/** The content of a leading bracket in `text`, if there is one, and the rest. */
function bracketed(text: string, open: string, close: string): { inside?: string; rest: string } {
  const end = text.startsWith(open) ? text.indexOf(close) : -1;
  return end === -1 ? { rest: text } : { inside: text.slice(1, end), rest: text.slice(end + 1) };
}
