/** Builds a spawn config from a file and flags. */
import { isJsonObject, parseExactly } from "../../protocol/json.ts";
import { basename, extname } from "@std/path";
import type { Command } from "commander";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { listOf } from "../../protocol/config/values.ts";
import { languageOf } from "../fleet/fleet_file.ts";
import type { Config } from "../operations/spawn.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { parseSpawnConfig, SpawnConfigError } from "../../protocol/spawn_config.ts";
import { SPAWN_FIELD_ROWS, type SpawnField } from "../../protocol/spawn_fields.ts";
import { type Options, text } from "./options.ts";
import { readGiven } from "../../protocol/config/text_file.ts";

const CODE_FILES = [".ts", ".js", ".mjs", ".mts", ".py"];

/** How each type of field is written on the command line. */
const READERS: Readonly<
  Record<SpawnField["type"], { readonly hint: string; readonly read: Reader } | undefined>
> = {
  text: { hint: "<TEXT>", read: asText },
  seconds: { hint: "<SECONDS>", read: asNumber },
  count: { hint: "<NUMBER>", read: asNumber },
  list: { hint: "<LIST>", read: listOf },
  packages: { hint: "<LIST>", read: listOf },
  object: { hint: "<JSON>", read: asJson },
  // A switch, without a value.
  flag: undefined,
};

type Reader = (text: string, flag: string) => unknown;

export function addConfigOptions(command: Command): void {
  command.option("--name <NAME>", "name of the agent (default: that of the file)");
  for (const [name, field] of SPAWN_FIELD_ROWS) command.option(flagOf(name, field), helpOf(field));
}

/** @throws ConfigError */
export async function readSpawnFile(path: string, options: Options): Promise<Config> {
  const content = await readGiven(path);
  const base = extname(path) === ".json" ? parseJsonObject(content, path) : fromCode(path, content);
  return buildConfig({ ...base, ...fieldsOf(options) }, path);
}

/** The fields set by flags. @throws ConfigError */
export function fieldsOf(options: Options): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  const agent = text(options, "name");
  if (agent !== undefined) fields.name = agent;
  for (const [name, field] of SPAWN_FIELD_ROWS) {
    const option = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    if (field.type === "flag") {
      if (options[option] === !field.default) fields[name] = !field.default;
      continue;
    }
    const given = text(options, option);
    if (given !== undefined) fields[name] = READERS[field.type]?.read(given, dashed(name));
  }
  return fields;
}

/** Checks the config as the node will, to report mistakes before sending anything. @throws ConfigError */
export function buildConfig(fields: Readonly<Record<string, unknown>>, path: string): Config {
  const { name } = fields;
  if (!isName(name)) {
    throw new ConfigError(`${path}: name must be ${NAME_RULE}: current value is ${JSON.stringify(name)}`);
  }
  try {
    parseSpawnConfig({ ...fields, node: undefined }, "any");
  } catch (error) {
    if (error instanceof SpawnConfigError) throw new ConfigError(`${path}: ${error.message}`);
    throw error;
  }
  return { ...fields, name };
}

function fromCode(path: string, code: string): Readonly<Record<string, unknown>> {
  const extension = extname(path);
  if (!CODE_FILES.includes(extension)) {
    throw new ConfigError(`${path}: expected ${CODE_FILES.join(", ")} or .json`);
  }
  return { name: basename(path, extension), code, ...languageOf(path) };
}

function parseJsonObject(content: string, path: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseExactly(content);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${(error as Error).message}`);
  }
  if (isJsonObject(value)) {
    return value as Record<string, unknown>;
  }
  throw new ConfigError(`${path} must hold a JSON object`);
}

/** A switch inverts the default: `--replace`, `--no-rollback`. */
function flagOf(name: string, field: SpawnField): string {
  if (field.type === "flag") return field.default ? dashed(`no_${name}`) : dashed(name);
  return `${dashed(name)} ${READERS[field.type]?.hint}`;
}

function helpOf(field: SpawnField): string {
  if (field.type === "flag") return field.default ? `do not ${field.help}` : field.help;
  const separated = field.type === "list" || field.type === "packages" ? ", separated by commas" : "";
  const byDefault = typeof field.default === "number" ? ` (default: ${field.default})` : "";
  return `${field.help}${separated}${byDefault}`;
}

function dashed(name: string): string {
  return `--${name.replaceAll("_", "-")}`;
}

function asText(given: string): string {
  return given;
}

function asNumber(given: string, flag: string): number {
  const value = Number(given);
  if (given.trim() !== "" && Number.isFinite(value)) return value;
  throw new ConfigError(`${flag} must be a number: current value is '${given}'`);
}

function asJson(given: string, flag: string): unknown {
  try {
    return parseExactly(given);
  } catch {
    throw new ConfigError(`${flag} must be JSON: current value is '${given}'`);
  }
}
