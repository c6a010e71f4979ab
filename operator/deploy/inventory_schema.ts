/** Generates the JSON Schema of inventories (`docs/inventory.schema.json`) from the flags of deploy and of the runner. Pure. */
import { rolloutSchema } from "../fleet/fleet_schema.ts";
import { OPTIONS } from "./inventory.ts";

type Schema = Readonly<Record<string, unknown>>;

export function inventorySchema(): Schema {
  const { checks: _checks, ...rollout } = rolloutSchema().properties;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Inventory of AgentFlow: the devices of 'agentflow deploy --inventory'",
    type: "object",
    additionalProperties: false,
    required: ["devices"],
    properties: {
      $schema: { type: "string" },
      options: { $ref: "#/$defs/options", description: "For all devices; those of a device count more." },
      rollout: {
        description: "Devices are changed in waves, and each wave is watched before the next one begins.",
        type: "object",
        additionalProperties: false,
        properties: rollout,
      },
      devices: { type: "array", minItems: 1, items: { $ref: "#/$defs/device" } },
    },
    $defs: {
      device: {
        type: "object",
        additionalProperties: false,
        required: ["name", "host"],
        properties: {
          name: { type: "string", description: "The name of its node." },
          host: {
            type: "string",
            description:
              "As ssh accepts it: pi@192.168.1.52, ssh://pi@host:2222, or an alias of its configuration.",
          },
          labels: {
            type: "object",
            additionalProperties: { type: "string" },
            description: "Those of its node; waves and --selector choose devices by them.",
          },
          options: { $ref: "#/$defs/options" },
        },
      },
      options: {
        type: "object",
        additionalProperties: false,
        description: "Flags of deploy and of the runner. {node} in a text is the name of the device.",
        properties: Object.fromEntries([...OPTIONS].map(([name, { value, help }]) => [
          name,
          { type: value === undefined ? "boolean" : ["string", "number"], description: help },
        ])),
      },
    },
  };
}
