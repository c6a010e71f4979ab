/**
 * The fields of a spawn config that a person sets, described once: type, default, bounds, help text. The parser, the
 * command line's flags, the schema of fleet files, the tools' inputs and the page's form are built from this table; a
 * test checks each of them, and the table in docs/protocol.md, against it. Pure.
 */

const MAX_SECONDS = 366 * 24 * 3600;

interface Common {
  /** A short description for a line of help. */
  readonly help: string;
}

export type SpawnField =
  & Common
  & (
    | { readonly type: "text"; readonly default: string; readonly maxLength: number }
    /** Greater than `above`, or at least `min`; at most `max`. */
    | {
      readonly type: "seconds";
      readonly default: number;
      readonly above?: number;
      readonly min?: number;
      readonly max: number;
    }
    | { readonly type: "count"; readonly default: number; readonly max: number }
    | { readonly type: "flag"; readonly default: boolean }
    | { readonly type: "list"; readonly default: readonly string[] }
    /** A list, or one string separated by spaces or commas. */
    | { readonly type: "packages"; readonly default: readonly string[] }
    | { readonly type: "object"; readonly default: Readonly<Record<string, never>> }
  );

export const SPAWN_FIELDS = {
  description: { type: "text", default: "", maxLength: 10_000, help: "what the agent does" },
  capabilities: { type: "list", default: [], help: "what it can do" },
  poll_interval: {
    type: "seconds",
    default: 5,
    above: 0,
    max: MAX_SECONDS,
    help: "seconds between two calls of process()",
  },
  install: { type: "packages", default: [], help: "npm:, jsr: or, in Python, pypi: packages" },
  max_restarts: {
    type: "count",
    default: 5,
    max: 1_000_000,
    help: "restarts before it counts as failed",
  },
  restart_delay: {
    type: "seconds",
    default: 3,
    min: 0,
    max: MAX_SECONDS,
    help: "seconds before the first restart; doubled at each further one",
  },
  permissions: {
    type: "object",
    default: {},
    help: 'what it asks for beyond the sandbox, such as {"net":["example.com"]}; the node decides',
  },
  devices: {
    type: "object",
    default: {},
    help:
      'devices of the node that it asks for, such as {"gpio":["GPIO17"],"sensors":["temperature"]}; the node decides',
  },
  secrets: { type: "list", default: [], help: "names of secrets of the node" },
  input_schema: { type: "object", default: {}, help: "JSON Schema of what it takes as a task" },
  output_schema: { type: "object", default: {}, help: "JSON Schema of what it replies" },
  replace: { type: "flag", default: false, help: "replace a running agent of the same name" },
  rollback: { type: "flag", default: true, help: "run the previous code again when the new code fails" },
  rollback_calls: {
    type: "count",
    default: 1,
    max: 10_000,
    help: "successful calls of process() after which an update counts as good",
  },
  epoch: {
    type: "count",
    default: 0,
    max: Number.MAX_SAFE_INTEGER - 1,
    help:
      "which placement of this name it is; the highest in the fleet stays, and operators raise it by themselves",
  },
} as const satisfies Readonly<Record<string, SpawnField>>;

export type SpawnFieldName = keyof typeof SPAWN_FIELDS;

/** The table's rows as [name, field], in order. */
export const SPAWN_FIELD_ROWS = Object.entries(SPAWN_FIELDS) as readonly (readonly [
  SpawnFieldName,
  SpawnField,
])[];
