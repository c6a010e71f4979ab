/** Parses the inventory of `agentflow deploy`: which devices there are, and with which options each gets its node. Pure. */
import { dirname, join } from "@std/path";
import * as v from "valibot";
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { Flag } from "../../protocol/config/flag.ts";
import { nodeNameError } from "../../protocol/names.ts";
import { likelyMeant } from "../../protocol/spelling.ts";
import { type Selector, selects } from "../fleet/selector.ts";
import { type GivenRollout, RolloutSchema } from "../rollout/settings.ts";
import {
  type DeployOptions,
  DEVICE_FLAGS,
  type Given,
  OWN_FLAGS,
  PASSED_FLAGS,
  readDeploy,
  RUNNER_FLAGS,
} from "./options.ts";

export interface InventoryDevice {
  /** The name of its node. */
  readonly name: string;
  /** As ssh accepts it. */
  readonly host: string;
  /** Those of its node, too. */
  readonly labels: Readonly<Record<string, string>>;
  /** The flags of `deploy` and of the runner, with those of the whole inventory. */
  readonly options: ReadonlyMap<Flag, string | boolean>;
}

export interface Inventory {
  readonly path: string;
  readonly devices: readonly InventoryDevice[];
  /** `undefined`: all at once. */
  readonly rollout: GivenRollout | undefined;
}

const text = v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty"));
const OptionsSchema = v.record(
  v.string(),
  v.union([text, v.number(), v.boolean()], "must be a string, a number, true or false"),
  "must be an object of options",
);

const DEVICE_FIELDS = ["name", "host", "labels", "options"];
const FIELDS = ["devices", "options", "rollout", "$schema"];

const FileSchema = v.strictObject(
  {
    $schema: v.optional(v.string()),
    options: v.optional(OptionsSchema),
    rollout: v.optional(RolloutSchema),
    devices: v.pipe(
      v.array(
        v.strictObject(
          {
            name: text,
            host: text,
            labels: v.optional(v.record(v.string(), text, "must be an object of labels")),
            options: v.optional(OptionsSchema),
          },
          (issue) =>
            issue.expected === "never" ? noField(lastKey(issue.path), DEVICE_FIELDS) : "must be an object",
        ),
        "must be a list of devices",
      ),
      v.minLength(1, "must not be empty"),
    ),
  },
  (issue) => issue.expected === "never" ? noField(lastKey(issue.path), FIELDS) : "must be an object",
);

/** The flags by the names of options: `password_file` for `--password-file`. */
export const OPTIONS: ReadonlyMap<string, Flag> = new Map(
  [...DEVICE_FLAGS, ...RUNNER_FLAGS].map((flag) => [flag.name.replaceAll("-", "_"), flag]),
);

/** @param path of the file: names of files in it are relative to it @throws ConfigError */
export function parseInventory(file: string, path: string): Inventory {
  const { devices, options = {}, rollout } = read(file, path);
  if (rollout?.checks !== undefined) throw new ConfigError(`${path}: rollout.checks is for fleet files only`);
  const shared = flagsOf(options, path, path);
  const names = new Set<string>();
  return {
    path,
    rollout,
    devices: devices.map(({ name, host, labels = {}, options = {} }) => {
      const who = `${path}: '${name}'`;
      const problem = nodeNameError(name);
      if (problem !== undefined) throw new ConfigError(`${who}: name ${problem}`);
      if (names.has(name)) throw new ConfigError(`${who}: there are two devices of this name`);
      names.add(name);
      const own = flagsOf(options, path, who);
      const all = [...new Map([...shared, ...own])].map(([flag, value]) =>
        [flag, typeof value === "string" ? value.replaceAll("{node}", name) : value] as const
      );
      return { name, host, labels, options: new Map(all) };
    }),
  };
}

function read(file: string, path: string): v.InferOutput<typeof FileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(file);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${(error as Error).message}`);
  }
  const parsed = v.safeParse(FileSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const missing = issue.input === undefined && issue.expected !== "never";
  throw new ConfigError(`${path}: ${v.getDotPath(issue) ?? "it"} ${missing ? "is missing" : issue.message}`);
}

/** @param who the part of the file, for messages */
function flagsOf(
  given: Readonly<Record<string, string | number | boolean>>,
  path: string,
  who: string,
): ReadonlyMap<Flag, string | boolean> {
  return new Map(
    Object.entries(given).map(([name, value]): [Flag, string | boolean] => {
      const flag = OPTIONS.get(name);
      if (flag === undefined) {
        const what = name === "labels" ? "belongs beside options" : noField(name, [...OPTIONS.keys()]);
        throw new ConfigError(`${who}: options.${name} ${what}`);
      }
      if ((flag.value === undefined) !== (typeof value === "boolean")) {
        throw new ConfigError(
          `${who}: options.${name} must be ${
            flag.value === undefined ? "true or false" : `a value: ${flag.help}`
          }`,
        );
      }
      if (typeof value === "boolean") return [flag, value];
      const isPath = flag.value === "FILE" && !String(value).startsWith("/");
      return [flag, isPath ? join(dirname(path), String(value)) : String(value)];
    }),
  );
}

function noField(name: string, known: readonly string[]): string {
  const meant = likelyMeant(name, known);
  return `is not a field: ${
    meant !== undefined
      ? `did you mean ${meant}?`
      : known.length <= FIELDS.length
      ? `the fields are ${known.join(", ")}`
      : "options are named like flags of deploy and of the runner: password_file"
  }`;
}

function lastKey(path: readonly { readonly key: unknown }[] | undefined): string {
  return String(path?.at(-1)?.key ?? "");
}

/** @param names empty: all @throws ConfigError for a name that is not there, and when nothing is chosen */
export function chosenDevices(
  { devices, path }: Inventory,
  names: readonly string[],
  labels: Selector | undefined,
): readonly InventoryDevice[] {
  for (const name of names) {
    if (devices.some((device) => device.name === name)) continue;
    const meant = likelyMeant(name, devices.map((device) => device.name));
    throw new ConfigError(
      `${path} has no device '${name}'${meant === undefined ? "" : `: did you mean ${meant}?`}`,
    );
  }
  const chosen = devices.filter((device) =>
    (names.length === 0 || names.includes(device.name)) &&
    (labels === undefined || selects(labels, device.labels))
  );
  if (chosen.length > 0) return chosen;
  throw new ConfigError(`No device of ${path} has these labels`);
}

/** @param given the flags of the command line, which count more @throws ConfigError */
export function deviceOptions(
  { path }: Inventory,
  { name, host, labels, options }: InventoryDevice,
  given: Given,
): DeployOptions {
  const isPassed = (flag: Flag) => PASSED_FLAGS.includes(flag) || DEVICE_FLAGS.includes(flag);
  const others = [...options].filter(([flag]) => !isPassed(flag)).flatMap(([{ name }, value]) =>
    typeof value === "string" ? [`--${name}=${value}`] : value ? [`--${name}`] : []
  );
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const rest = pairs.length === 0 ? others : [...others, `--labels=${pairs.join(",")}`];
  const valueOf: Given = (flag) => flag === OWN_FLAGS.to ? host : given(flag) ?? options.get(flag);
  try {
    return readDeploy(name, rest, valueOf);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: '${name}': ${error.message}`);
    throw error;
  }
}
