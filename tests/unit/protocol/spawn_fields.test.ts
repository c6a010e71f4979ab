/** The spawn config is described once: each of its other descriptions says what the table says. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Command } from "commander";
import { z } from "zod";
import { addConfigOptions, fieldsOf } from "../../../operator/ctl/spawn_file.ts";
import { EMPTY_FORM } from "../../../operator/dashboard/page/logic/spawn_form.ts";
import { fleetSchema } from "../../../operator/fleet/fleet_schema.ts";
import { CHANGE_TOOLS } from "../../../operator/tools/change.ts";
import { parseSpawnConfig, SpawnConfigError } from "../../../protocol/spawn_config.ts";
import { SPAWN_FIELD_ROWS, type SpawnField } from "../../../protocol/spawn_fields.ts";

const doc = (name: string) => Deno.readTextFile(new URL(`../../../docs/${name}`, import.meta.url));
const names = SPAWN_FIELD_ROWS.map(([name]) => name as string);
const REQUIRED = { name: "a", code: "x" };

/** Values just beyond what a field takes. */
function beyond(field: SpawnField): readonly unknown[] {
  switch (field.type) {
    case "text":
      return [1, "x".repeat(field.maxLength + 1)];
    case "seconds":
      return ["1", field.max + 1, field.above ?? (field.min ?? 0) - 1];
    case "count":
      return [0.5, -1, field.max + 1];
    case "flag":
      return ["true"];
    case "list":
    case "packages":
      return [[1], 1];
    case "object":
      return [[], "x"];
    default:
      return field satisfies never;
  }
}

Deno.test("the parser has each field's default and bounds", () => {
  const parsed = parseSpawnConfig(REQUIRED, "n") as unknown as Record<string, unknown>;
  for (const [name, field] of SPAWN_FIELD_ROWS) {
    if (name !== "permissions" && name !== "devices") assertEquals(parsed[name], field.default, name);
    for (const value of beyond(field)) {
      assertThrows(() => parseSpawnConfig({ ...REQUIRED, [name]: value }, "n"), SpawnConfigError, name);
    }
  }
});

Deno.test("the command line has a flag for each field", () => {
  const command = new Command();
  addConfigOptions(command);
  const flags = command.options.map(({ long }) => String(long).replace(/^--(no-)?/, "").replaceAll("-", "_"));
  assertEquals(flags, ["name", ...names]);
  command.parse([
    ...[
      "--poll-interval",
      "2",
      "--capabilities",
      "a, b",
      "--replace",
      "--no-rollback",
      "--rollback-calls",
      "0",
    ],
    ...["--permissions", '{"net":["x"]}', "--name", "b"],
  ], { from: "user" });
  assertEquals(fieldsOf(command.opts()), {
    name: "b",
    capabilities: ["a", "b"],
    poll_interval: 2,
    permissions: { net: ["x"] },
    replace: true,
    rollback: false,
    rollback_calls: 0,
  });
});

Deno.test("the schema of fleet files is the one that the table gives", async () => {
  assertEquals(JSON.parse(await doc("fleet.schema.json")), fleetSchema());
});

Deno.test("the tools take each field, with its bounds", () => {
  for (const tool of CHANGE_TOOLS.filter(({ name }) => name === "spawn_agent" || name === "update_agent")) {
    const { properties = {} } = z.toJSONSchema(tool.input) as { properties?: Record<string, unknown> };
    const missing = names.filter((name) => name !== "replace" && !(name in properties));
    assertEquals(missing, [], tool.name);
    for (const [name, field] of SPAWN_FIELD_ROWS.filter(([name]) => name !== "replace")) {
      for (const value of beyond(field)) {
        assert(!tool.input.safeParse({ name: "a", node: "n", [name]: value }).success, `${name}: ${value}`);
      }
    }
  }
});

Deno.test("the page's form begins with the defaults", () => {
  const form = EMPTY_FORM as unknown as Record<string, unknown>;
  for (const [name, field] of SPAWN_FIELD_ROWS) {
    if (!(name in form)) continue;
    const shown = Array.isArray(field.default) ? "" : field.default;
    assertEquals(String(form[name]), String(shown), name);
  }
});

Deno.test("docs/protocol.md lists each field with its default", async () => {
  const page = await doc("protocol.md");
  for (const [name, field] of SPAWN_FIELD_ROWS) {
    const row = page.split("\n").find((line) =>
      new RegExp(`^\\| \`${name}\`( \\*\\*\\+\\*\\*)? +\\|`).test(line)
    );
    assert(row !== undefined, `docs/protocol.md has no row for ${name}`);
    const shown = row.split("|").at(-2)?.trim().replaceAll("`", "");
    const expected = name === "permissions" || name === "devices" ? "none" : JSON.stringify(field.default);
    assertEquals(shown, expected, name);
  }
});
