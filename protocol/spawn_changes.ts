/** In what two spawn configs differ, as a node interprets them. Pure. */
import { isJsonObject } from "./json.ts";
import { parseSpawnConfig } from "./spawn_config.ts";

/** Fields that delivery adds, and fields that say how to spawn rather than what. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "node",
  "replace",
  "rollback",
  "rollback_calls",
  "state",
  "migration",
  "epoch",
  "timestamp",
  // Whether stated or detected: the same code is in the same language.
  "language",
]);

/** The fields in which two configs differ, as a node interprets them. */
export function changedFields(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly string[] {
  if (isWrittenAlike(before, after)) return [];
  const [old, wanted] = [normal(before), normal(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .filter((field) => canonical(old[field]) !== canonical(wanted[field])).sort();
}

/** Whether both have the same fields as they are written: most agents of a fleet have not changed. */
function isWrittenAlike(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): boolean {
  const fields = (config: object) =>
    Object.keys(config).filter((field) => !TRANSIENT.has(field) && !field.startsWith("_"));
  const [old, wanted] = [fields(before), fields(after)];
  return old.length === wanted.length && wanted.every((field) => {
    const [one, other] = [before[field], after[field]];
    return one === other || (Object.hasOwn(before, field) && JSON.stringify(one) === JSON.stringify(other));
  });
}

/** The same text for configs that a node interprets in the same way. @throws SpawnConfigError */
export function fingerprintOf(config: Readonly<Record<string, unknown>>): string {
  return canonical(normal(config));
}

/** Fills in defaults; leaves unknown fields as they are. */
function normal(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.entries(config).filter(([field]) => !TRANSIENT.has(field) && !field.startsWith("_"));
  const { raw, node: _node, reading: _reading, ...read } = parseSpawnConfig(Object.fromEntries(kept), "any");
  return Object.fromEntries(
    Object.entries({ type: "dynamic", ...raw, ...read }).filter(([field]) => !TRANSIENT.has(field)),
  );
}

/** JSON with object keys sorted. */
export function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner) =>
      isJsonObject(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
        : inner,
  ) ?? "undefined";
}
