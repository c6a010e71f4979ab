/** Profiles: named sets of connection flags in a file, to save typing. */
import { readTextFile } from "../../protocol/config/text_file.ts";
import { dirname, join, resolve } from "@std/path";
import * as v from "valibot";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { BROKER_FLAGS } from "../../protocol/broker/broker_flags.ts";
import type { Environment, Flag } from "../../protocol/config/flag.ts";
import { MODEL_FLAGS } from "../chat/model_flags.ts";
import { SIGN_KEY } from "../sign_key.ts";

/** A profile's flags, by name. Paths are absolute. */
export type Profile = Readonly<Record<string, string>>;

const text = v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty"));
const port = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(1, "must be 1 to 65535"),
  v.maxValue(65_535, "must be 1 to 65535"),
);

/** The flags that a profile can set. */
const FLAGS: readonly Flag[] = [...Object.values(BROKER_FLAGS), SIGN_KEY, ...Object.values(MODEL_FLAGS)];
const FIELDS = new Map(FLAGS.map((flag) => [flag.name.replaceAll("-", "_"), flag]));

const ProfileSchema = v.strictObject(
  Object.fromEntries(
    [...FIELDS].map(([field, flag]) => [field, v.optional(flag.name === "port" ? port : text)]),
  ),
  (issue) => unknownField(issue, [...FIELDS.keys()].join(", ")),
);

const FileSchema = v.strictObject({
  default: v.optional(text),
  profiles: v.record(v.string(), ProfileSchema, "must be an object of profiles"),
}, (issue) => unknownField(issue, "default, profiles"));

/** Path of the profile file; `undefined` if there is no home folder. */
export function profilePath(env: Environment): string | undefined {
  const base = env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, ".config") : undefined);
  return base === undefined ? undefined : join(base, "agentflow", "config.json");
}

/**
 * @param chosen the value of `--profile`; `undefined`: the file's default profile, if there is one
 * @throws ConfigError
 */
export async function readProfile(env: Environment, chosen: string | undefined): Promise<Profile> {
  const path = profilePath(env);
  const file = path === undefined ? undefined : await read(path);
  if (path === undefined || file === undefined) {
    if (chosen === undefined) return {};
    throw new ConfigError(`--profile ${chosen}: there is no ${path ?? "home folder to keep profiles in"}`);
  }
  return parseProfiles(file, path, chosen, env.HOME);
}

/**
 * @param path of the file, for messages; relative paths in the file are resolved against its folder
 * @throws ConfigError
 */
export function parseProfiles(
  file: string,
  path: string,
  chosen: string | undefined,
  home: string | undefined,
): Profile {
  const { default: fallback, profiles } = parseFile(file, path);
  const name = chosen ?? fallback;
  if (name === undefined) return {};
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined) {
    const asked = chosen === undefined ? `${path}: default` : `--profile ${name}`;
    throw new ConfigError(
      `${asked}: ${path} has no profile '${name}', only ${Object.keys(profiles).join(", ") || "none"}`,
    );
  }
  return Object.freeze(Object.fromEntries(
    Object.entries(profile).map(([field, given]): [string, string] => {
      const { name = field, value: kind } = FIELDS.get(field) ?? {};
      return [name, kind === "FILE" ? absolute(String(given), dirname(path), home) : String(given)];
    }),
  ));
}

/** A profile's value for a flag. If the broker is given elsewhere, none of the profile's broker settings apply. */
export function profileValue(profile: Profile, flag: Flag, ownBroker: boolean): string | undefined {
  const isOfBroker = flag.name !== "sign-key" && !flag.name.startsWith("model");
  return ownBroker && isOfBroker ? undefined : profile[flag.name];
}

function parseFile(file: string, path: string): v.InferOutput<typeof FileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(file);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${(error as Error).message}`);
  }
  const parsed = v.safeParse(FileSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? "the file";
  throw new ConfigError(`${path}: ${field} ${issue.message}`);
}

function unknownField(issue: v.StrictObjectIssue, known: string): string {
  if (issue.received === "undefined") return "is missing";
  if (issue.expected !== "never") return "must be an object";
  const isPassword = issue.path?.at(-1)?.key === "password";
  return isPassword
    ? "does not belong in this file: put it in a separate file, and name that file in password_file"
    : `is not a field: the fields are ${known}`;
}

function absolute(path: string, folder: string, home: string | undefined): string {
  if (path.startsWith("~/") && home !== undefined) return join(home, path.slice(2));
  return resolve(folder, path);
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new ConfigError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}
