/** Strict parser of the `npm:` and `jsr:` specifiers that an agent may install. Pure. */
import { insteadOf } from "../devices/instead.ts";
import { ExpectedError } from "../expected_error.ts";

const MAX_DEPENDENCIES = 64;
const MAX_SPECIFIER_CHARS = 256;
const SHOWN_CHARS = 80;

const NPM_NAME = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;
const JSR_NAME = /^@[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9-]*$/;
/** A semver version or range of one term (`1`, `^1.2`, `~1.2.3-rc.1+b`, `1.x`, `*`) or a tag (`latest`). */
const VERSION = /^[~^]?[0-9a-z*][0-9a-z.*+-]*$/i;

/** One package that an agent's code may import by its bare name. */
export interface Dependency {
  /** In Deno's form, with its registry: `npm:ms@2`, `jsr:@std/fs`. */
  readonly specifier: string;
  readonly registry: "npm" | "jsr";
  /** `ms`, `@scope/name`. */
  readonly name: string;
  /** Version, range or tag; the newest version if absent. */
  readonly version?: string;
}

/** An `install` entry that cannot be used; the message is for the operator. */
export class SpecifierError extends ExpectedError {
  override name = "SpecifierError";
  override readonly code = "usage";
}

/**
 * Reads the `install` list of an agent. A bare name means npm; duplicates count once.
 * @throws SpecifierError "'foo; rm -rf /' is not a package: use npm:NAME[@VERSION] or jsr:@SCOPE/NAME[@VERSION]"
 */
export function parseSpecifiers(raw: readonly string[]): Dependency[] {
  const byName = new Map<string, Dependency>();
  for (const text of raw) {
    const dependency = parseSpecifier(text);
    const known = byName.get(dependency.name);
    if (known !== undefined && known.specifier !== dependency.specifier) {
      throw new SpecifierError(
        `'${known.specifier}' and '${dependency.specifier}' have one name: an agent can import only one of them`,
      );
    }
    byName.set(dependency.name, dependency);
  }
  if (byName.size > MAX_DEPENDENCIES) {
    throw new SpecifierError(
      `an agent may install up to ${MAX_DEPENDENCIES} packages: this one asks for ${byName.size}`,
    );
  }
  return [...byName.values()];
}

function parseSpecifier(text: string): Dependency {
  if (text.length > MAX_SPECIFIER_CHARS) throw notAPackage(text);
  const [, scheme, rest = ""] = /^(?:([a-z]+):)?(.*)$/s.exec(text) ?? [];
  const registry = scheme ?? "npm";
  if (registry !== "npm" && registry !== "jsr") throw notAPackage(text);

  const [name = "", version] = splitVersion(rest);
  const grammar = registry === "npm" ? NPM_NAME : JSR_NAME;
  if (!grammar.test(name) || (version !== undefined && !VERSION.test(version))) {
    throw subpathError(text, registry, rest) ?? rangeError(text, grammar.test(name) ? version : undefined) ??
      notAPackage(text);
  }
  const instead = registry === "npm" ? insteadOf("npm", name) : undefined;
  if (instead !== undefined) throw new SpecifierError(instead);
  return version === undefined
    ? { specifier: `${registry}:${name}`, registry, name }
    : { specifier: `${registry}:${name}@${version}`, registry, name, version };
}

/** Splits at the `@` that does not belong to a scope. */
function splitVersion(text: string): [name: string, version?: string] {
  const at = text.indexOf("@", 1);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The error for `npm:pkg/sub` and the like, where the part before the subpath would be a package. */
function subpathError(text: string, registry: "npm" | "jsr", rest: string): SpecifierError | undefined {
  const parts = /^((?:@[^/]+\/)?[^/]+)\/([a-z0-9._~/-]+)$/i.exec(rest);
  const [name = "", version] = splitVersion(parts?.[1] ?? "");
  const grammar = registry === "npm" ? NPM_NAME : JSR_NAME;
  const isPackage = grammar.test(name) && (version === undefined || VERSION.test(version));
  if (!isPackage || rest.includes("..")) return undefined;
  return new SpecifierError(
    `'${text}' names a part of a package: install '${registry}:${parts?.[1]}' and import '${name}/${
      parts?.[2]
    }' in code`,
  );
}

/** The error for `npm:ms@>=2` and other ranges that npm accepts and nodes do not. */
function rangeError(text: string, version = ""): SpecifierError | undefined {
  if (!/^[\w.*+ <>=|~^-]+$/.test(version) || !/[<>=|]/.test(version)) return undefined;
  return new SpecifierError(
    `the version in ${
      show(text)
    } is of a form that is not supported: use one version (1.2.3), ^1.2, ~1.2.3, 1.x, or a ` +
      "tag such as latest",
  );
}

function notAPackage(text: string): SpecifierError {
  return new SpecifierError(
    `${show(text)} is not a package: use npm:NAME[@VERSION] or jsr:@SCOPE/NAME[@VERSION]`,
  );
}

/** Quotes `text` on one line of bounded length, safe to print on a terminal. */
function show(text: string): string {
  const short = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  return `'${short.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD")}'`;
}
