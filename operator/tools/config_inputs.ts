/** Tool inputs for the fields of a spawn config, generated from the table that describes them. Pure. */
import { z } from "zod";
import { DEVICE_KINDS } from "../../protocol/devices/devices.ts";
import { PERMISSION_KINDS } from "../../protocol/permissions.ts";
import { SPAWN_FIELD_ROWS, type SpawnField, type SpawnFieldName } from "../../protocol/spawn_fields.ts";

/** Set by `update_agent` and `spawn_agent` themselves. */
type Input = Exclude<SpawnFieldName, "replace">;

const strings = z.array(z.string());

export function configInputs(): Record<Input, z.ZodOptional<z.ZodType>> {
  const inputs = SPAWN_FIELD_ROWS.filter(([name]) => name !== "replace")
    .map(([name, field]) => [name, inputOf(name, field).optional().describe(field.help)]);
  return Object.fromEntries(inputs) as Record<Input, z.ZodOptional<z.ZodType>>;
}

function inputOf(name: SpawnFieldName, field: SpawnField): z.ZodType {
  switch (field.type) {
    case "text":
      return z.string().max(field.maxLength);
    case "seconds":
      return field.above === undefined
        ? z.number().min(field.min ?? 0).max(field.max)
        : z.number().gt(field.above).max(field.max);
    case "count":
      return z.int().min(0).max(field.max);
    case "flag":
      return z.boolean();
    case "list":
    case "packages":
      return strings;
    case "object":
      return objectInput(name);
    default:
      return field satisfies never;
  }
}

function objectInput(name: SpawnFieldName): z.ZodType {
  const kinds = name === "permissions" ? PERMISSION_KINDS : name === "devices" ? DEVICE_KINDS : undefined;
  return kinds === undefined
    ? z.looseObject({})
    : z.strictObject(Object.fromEntries(kinds.map((kind) => [kind, strings.optional()])));
}
