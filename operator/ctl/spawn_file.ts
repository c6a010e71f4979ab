/** From a file and flags to a spawn config. */
import { basename, extname } from "@std/path";
import type { Command } from "commander";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { languageOf } from "../fleet/fleet_file.ts";
import type { Config } from "../operations/spawn.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { parseSpawnConfig, SpawnConfigError } from "../../protocol/spawn_config.ts";
import { isSet, type Options, text } from "./options.ts";

const CODE_FILES = [".ts", ".js", ".mjs", ".mts", ".py"];

/** A flag of a config's field. */
interface Field {
  readonly flag: string;
  readonly option: string;
  readonly field: string;
  readonly help: string;
  readonly parse: (text: string, flag: string) => unknown;
}

const FIELDS: readonly Field[] = [
  field("--name <NAME>", "name", "name of the agent (default: that of the file)", asText),
  field("--description <TEXT>", "description", "what it does", asText),
  field("--capabilities <LIST>", "capabilities", "what it can do, separated by commas", asList),
  field(
    "--poll-interval <SECONDS>",
    "poll_interval",
    "between two calls of process() (default: 5)",
    asNumber,
  ),
  field("--install <LIST>", "install", "npm:, jsr: or pypi: packages, separated by commas", asList),
  field("--max-restarts <NUMBER>", "max_restarts", "restarts before it has failed (default: 5)", asNumber),
  field("--restart-delay <SECONDS>", "restart_delay", "before the first restart (default: 3)", asNumber),
  field("--permissions <JSON>", "permissions", 'beyond the sandbox: {"net":["example.com"]}', asJson),
  field("--secrets <LIST>", "secrets", "names of secrets of the node, separated by commas", asList),
  field("--input-schema <JSON>", "input_schema", "what it takes as a task", asJson),
  field("--output-schema <JSON>", "output_schema", "what it replies", asJson),
  field("--rollback-calls <NUMBER>", "rollback_calls", "calls of process() until an update counts", asNumber),
];

export function addConfigOptions(command: Command): void {
  for (const { flag, help } of FIELDS) command.option(flag, help);
  command.option("--replace", "put it in the place of one of this name that runs");
  command.option("--no-rollback", "do not go back to the code before when the new one fails");
}

/** @throws ConfigError */
export async function readSpawnFile(path: string, options: Options): Promise<Config> {
  const content = await readFile(path);
  const base = extname(path) === ".json" ? parseJsonObject(content, path) : fromCode(path, content);
  return buildConfig({ ...base, ...fieldsOf(options) }, path);
}

/** The fields that flags give. @throws ConfigError */
export function fieldsOf(options: Options): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const { option, field, flag, parse } of FIELDS) {
    const given = text(options, option);
    if (given !== undefined) fields[field] = parse(given, flag);
  }
  if (isSet(options, "replace")) fields.replace = true;
  if (options.rollback === false) fields.rollback = false;
  return fields;
}

/** Checked here as the node will check it: a mistake is told before anything is sent. @throws ConfigError */
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
    value = JSON.parse(content);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ConfigError(`${path} must hold a JSON object`);
}

async function readFile(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "no such file"
      : error instanceof TypeError
      ? "it is not text"
      : (error as Error).message;
    throw new ConfigError(`Cannot read ${path}: ${reason}`);
  }
}

function field(flag: string, name: string, help: string, parse: Field["parse"]): Field {
  return {
    flag,
    option: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    field: name,
    help,
    parse,
  };
}

function asText(given: string): string {
  return given;
}

function asList(given: string): string[] {
  return given.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function asNumber(given: string, flag: string): number {
  const value = Number(given);
  if (given.trim() !== "" && Number.isFinite(value)) return value;
  throw new ConfigError(`${flag.split(" ")[0]} must be a number: current value is '${given}'`);
}

function asJson(given: string, flag: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    throw new ConfigError(`${flag.split(" ")[0]} must be JSON: current value is '${given}'`);
  }
}
