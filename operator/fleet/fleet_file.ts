/** Parses the fleet file, which says which agents should run on which nodes. Pure. */
import * as v from "valibot";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { SPAWN_FIELDS } from "../../protocol/spawn_fields.ts";
import { windowError } from "../../protocol/window.ts";
import { likelyMeant } from "../../protocol/spelling.ts";
import { type GivenRollout, parseTime, RolloutSchema } from "../rollout/settings.ts";

/** One entry: an agent, and where it should run. */
export interface FleetEntry {
  /** Contains `{node}` if the entry is for several nodes. */
  readonly name: string;
  /** Relative to the fleet file. */
  readonly file: string | undefined;
  readonly target: Target;
  /** It runs on one of its nodes, and moves when that has been away for this long, milliseconds. */
  readonly failoverMs: number | undefined;
  /** When its agents may be changed, as `parseWindow` reads it; `undefined`: always. */
  readonly window: string | undefined;
  /** All other fields of its spawn config. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type Target =
  | { readonly kind: "nodes"; readonly nodes: readonly string[] }
  /** Every node that has all of these labels. */
  | { readonly kind: "labels"; readonly labels: Readonly<Record<string, string>> };

const text = v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty"));

const EntrySchema = v.looseObject({
  name: text,
  file: v.optional(text),
  code: v.optional(text),
  node: v.optional(text),
  nodes: v.optional(v.pipe(v.array(text, "must be a list of nodes"), v.minLength(1, "must not be empty"))),
  labels: v.optional(v.record(v.string(), text, "must be an object of labels")),
  failover: v.optional(text),
  window: v.optional(
    v.pipe(
      text,
      v.check((given) => windowError(given) === undefined, (issue) => windowError(issue.input) ?? ""),
    ),
  ),
}, "must be an object");

/** Fields of an entry in addition to those of a spawn config. */
export const ENTRY_FIELDS = [
  "name",
  "file",
  "code",
  "node",
  "nodes",
  "labels",
  "failover",
  "window",
] as const;
/** Fields that describe how to spawn, or that only nodes set. */
const NOT_FOR_A_FILE: readonly string[] = ["replace", "epoch", "state", "migration"];
/** Fields that people set but the table lacks, because each interface has its own way to set them. */
const OTHER_FIELDS = ["type", "language"] as const;
/** Prefix of other programs' fields; nodes keep these unchanged. */
export const FOREIGN_PREFIX = "x-";

const KNOWN_FIELDS: readonly string[] = [...ENTRY_FIELDS, ...Object.keys(SPAWN_FIELDS), ...OTHER_FIELDS]
  .filter((field) => !NOT_FOR_A_FILE.includes(field));

const FileSchema = v.strictObject(
  {
    $schema: v.optional(v.string()),
    fleet: v.optional(v.custom<string>(isName, `must be ${NAME_RULE}`)),
    rollout: v.optional(RolloutSchema),
    agents: v.array(EntrySchema, "must be a list of agents"),
  },
  (issue) =>
    issue.expected === "never"
      ? "is not a field: the fields are agents, fleet, rollout, $schema"
      : "must be an object",
);

/** The fleet's name if the file gives none. */
export const DEFAULT_FLEET = "main";

export interface FleetFile {
  /** The fleet's name. Each fleet has its own sequence of generations. */
  readonly fleet: string;
  /** How changes are to be rolled out; `undefined`: all at once. */
  readonly rollout: GivenRollout | undefined;
  readonly entries: readonly FleetEntry[];
}

/** The entries of a file. @throws ConfigError */
export function parseFleetFile(file: string, path: string): readonly FleetEntry[] {
  return parseFleet(file, path).entries;
}

/**
 * @param path of the file, for messages
 * @throws ConfigError
 */
export function parseFleet(file: string, path: string): FleetFile {
  let json: unknown;
  try {
    json = JSON.parse(file);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${(error as Error).message}`);
  }
  const parsed = v.safeParse(FileSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const missing = issue.input === undefined && issue.expected !== "never";
    throw new ConfigError(
      `${path}: ${v.getDotPath(issue) ?? "it"} ${missing ? "is missing" : issue.message}`,
    );
  }
  const entries = parsed.output.agents.map(
    ({ name, file, node, nodes, labels, failover, window, ...fields }) => {
      if ((file === undefined) === (fields.code === undefined)) {
        throw new ConfigError(`${path}: '${name}' needs either file or code`);
      }
      for (const field of Object.keys(fields)) {
        const problem = fieldProblem(field);
        if (problem !== undefined) throw new ConfigError(`${path}: '${name}': ${problem}`);
      }
      const { code, ...rest } = fields;
      const target = targetOf({ node, nodes, labels }, `${path}: '${name}'`);
      const failoverMs = failover === undefined ? undefined : failoverOf(failover, name, target, path);
      return {
        name,
        file,
        target,
        failoverMs,
        window,
        fields: code === undefined ? rest : { code, ...rest },
      };
    },
  );
  const { fleet = DEFAULT_FLEET, rollout } = parsed.output;
  return { fleet, rollout, entries };
}

function fieldProblem(field: string): string | undefined {
  if (NOT_FOR_A_FILE.includes(field)) return `${field} is not for a fleet file`;
  if (KNOWN_FIELDS.includes(field) || field.startsWith(FOREIGN_PREFIX)) return undefined;
  const meant = likelyMeant(field, KNOWN_FIELDS);
  const advice = meant === undefined
    ? `names of your own fields begin with ${FOREIGN_PREFIX}`
    : `did you mean ${meant}?`;
  return `${field} is not a known field: ${advice}`;
}

interface GivenTarget {
  readonly node: string | undefined;
  readonly nodes: readonly string[] | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

function targetOf({ node, nodes, labels }: GivenTarget, who: string): Target {
  if ([node, nodes, labels].filter((given) => given !== undefined).length !== 1) {
    throw new ConfigError(`${who} needs one of node, nodes and labels`);
  }
  if (labels === undefined) return { kind: "nodes", nodes: nodes ?? [node ?? ""] };
  if (Object.keys(labels).length === 0) throw new ConfigError(`${who}: labels must not be empty`);
  return { kind: "labels", labels };
}

/** @returns milliseconds @throws ConfigError */
function failoverOf(text: string, name: string, target: Target, path: string): number {
  const who = `${path}: '${name}'`;
  if (target.kind !== "nodes" || new Set(target.nodes).size < 2) {
    throw new ConfigError(`${who}: failover needs at least two nodes: "nodes": ["a", "b"]`);
  }
  if (name.includes("{node}")) {
    throw new ConfigError(
      `${who}: with failover it is one agent on one of the nodes: its name must not contain {node}`,
    );
  }
  try {
    const ms = parseTime(text);
    if (ms > 0) return ms;
  } catch (error) {
    throw new ConfigError(`${who}: failover: ${(error as Error).message}`);
  }
  throw new ConfigError(`${who}: failover must be above 0: current value is '${text}'`);
}

/** The language that a file name implies, as fields of a spawn config; otherwise nodes detect it from the code. */
export function languageOf(path: string): { readonly language?: "python" } {
  return path.endsWith(".py") ? { language: "python" } : {};
}
