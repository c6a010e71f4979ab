/** Generates the JSON Schema of fleet files (`docs/fleet.schema.json`) from the table of fields. Pure. */
import { DEFAULT_FLEET, ENTRY_FIELDS as ENTRY_FIELD_NAMES, FOREIGN_PREFIX } from "./fleet_file.ts";
import { LANGUAGES } from "../../protocol/language.ts";
import { DEFAULT_SOAK_SECONDS, ON_FAILURE } from "../rollout/settings.ts";
import { DEFAULT_WAVES } from "../rollout/waves.ts";
import { SPAWN_FIELD_ROWS, type SpawnField } from "../../protocol/spawn_fields.ts";

type Schema = Readonly<Record<string, unknown>>;

const STRINGS: Schema = { type: "array", items: { type: "string" } };

/** Fields of an entry in addition to those of a spawn config. */
const ENTRY_FIELDS: Readonly<Record<(typeof ENTRY_FIELD_NAMES)[number], Schema>> = {
  name: {
    type: "string",
    description: "{node} in it becomes the node's name; needed where the entry is for many nodes.",
  },
  file: { type: "string", description: "The code, relative to this file." },
  code: { type: "string", description: "The code itself." },
  node: { type: "string" },
  nodes: { ...STRINGS, minItems: 1 },
  labels: {
    type: "object",
    minProperties: 1,
    additionalProperties: { type: "string" },
    description: "Every node that has all of these labels (--labels).",
  },
  failover: {
    type: "string",
    pattern: "^\\d{1,9}(\\.\\d{1,3})?[smhd]?$",
    description:
      "With nodes: one agent on one of them, which 'agentflow watchdog' moves when its node has been away for this " +
      "long, such as 90s or 10m.",
  },
  window: {
    type: "string",
    maxLength: 200,
    description:
      "When its agents may be changed, such as 'Sat 02:00-04:00 Europe/Berlin'. Until then, changes wait.",
  },
};

/** `apply` itself replaces agents that differ, and raises their epochs. */
const NOT_IN_A_FILE: readonly string[] = ["replace", "epoch"];

export function fleetSchema(): Schema {
  const fields = SPAWN_FIELD_ROWS.filter(([name]) => !NOT_IN_A_FILE.includes(name))
    .map(([name, field]) => [name, { ...typeOf(field), description: field.help, default: field.default }]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Fleet file of AgentFlow: which agents run on which nodes",
    type: "object",
    additionalProperties: false,
    required: ["agents"],
    properties: {
      $schema: { type: "string" },
      fleet: {
        type: "string",
        default: DEFAULT_FLEET,
        description:
          "Its name: generations are counted by it. Several files for the same nodes need several names.",
      },
      rollout: { $ref: "#/$defs/rollout" },
      agents: { type: "array", items: { $ref: "#/$defs/entry" } },
    },
    $defs: {
      rollout: rolloutSchema(),
      entry: {
        description:
          `An agent, or one on each of many nodes. Fields of your own begin with ${FOREIGN_PREFIX}: nodes keep ` +
          "them as they are.",
        type: "object",
        additionalProperties: false,
        patternProperties: { [`^${FOREIGN_PREFIX}`]: {} },
        required: ["name"],
        allOf: [
          { oneOf: [{ required: ["file"] }, { required: ["code"] }] },
          { oneOf: [{ required: ["node"] }, { required: ["nodes"] }, { required: ["labels"] }] },
        ],
        properties: {
          ...ENTRY_FIELDS,
          type: { const: "dynamic" },
          language: { enum: LANGUAGES, description: "Otherwise nodes detect it from the code." },
          ...Object.fromEntries(fields),
        },
      },
    },
  };
}

/** How changes are rolled out. */
export function rolloutSchema(): Schema & { readonly properties: Readonly<Record<string, Schema>> } {
  const time = { type: ["number", "string"], pattern: "^\\d+(\\.\\d+)?[smhd]?$" };
  return {
    description: "Changes reach the nodes in waves, and each wave is watched before the next one begins.",
    type: "object",
    additionalProperties: false,
    properties: {
      waves: {
        type: "array",
        minItems: 1,
        items: { type: ["string", "integer"] },
        default: DEFAULT_WAVES,
        description:
          "How many nodes have been changed at the end of each wave (1, 10%, rest), or labels (room=kitchen).",
      },
      soak: {
        ...time,
        default: DEFAULT_SOAK_SECONDS,
        description: "How long each wave is watched: 60, 90s, 5m, 2h.",
      },
      max_failures: {
        type: "integer",
        minimum: 0,
        default: 0,
        description: "More failed nodes than this stop it.",
      },
      on_failure: { enum: ON_FAILURE, default: "halt" },
      checks: {
        type: "array",
        description: "What else must hold; {node} is each node of the wave.",
        items: {
          oneOf: [
            {
              type: "object",
              additionalProperties: false,
              required: ["task"],
              properties: {
                task: { type: "string", description: "The agent that gets the task." },
                payload: {},
                expect: { description: "Its answer; without it, every answer but an error." },
              },
            },
            {
              type: "object",
              additionalProperties: false,
              required: ["topic"],
              properties: { topic: { type: "string", description: "A message must come during the soak." } },
            },
          ],
        },
      },
    },
  };
}

function typeOf(field: SpawnField): Schema {
  switch (field.type) {
    case "text":
      return { type: "string", maxLength: field.maxLength };
    case "seconds": {
      const { above, min, max } = field;
      const from = above === undefined ? { minimum: min ?? 0 } : { exclusiveMinimum: above };
      return { type: "number", ...from, maximum: max };
    }
    case "count":
      return { type: "integer", minimum: 0, maximum: field.max };
    case "flag":
      return { type: "boolean" };
    case "list":
      return STRINGS;
    case "packages":
      return { anyOf: [{ type: "string" }, STRINGS] };
    case "object":
      return { type: "object" };
    default:
      return field satisfies never;
  }
}
