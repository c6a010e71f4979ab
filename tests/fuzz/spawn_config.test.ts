/** Spawn configs and the packages in them: read, or refused with the error that is promised. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isName } from "../../protocol/names.ts";
import { PERMISSION_KINDS } from "../../protocol/permissions.ts";
import {
  MAX_CODE_BYTES,
  parseSpawnConfig,
  type SpawnConfig,
  SpawnConfigError,
} from "../../protocol/spawn_config.ts";
import { parseSpecifiers, SpecifierError } from "../../protocol/packages/specifiers.ts";
import { anyJson, anyText, fieldsOf, holds } from "../support/fuzz.ts";

const NODE = "node-1";
const strings = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 4 });
const specifier = fc.constantFrom(
  "ms",
  "npm:ms@2",
  "jsr:@std/assert@1",
  "npm:@scope/name@^1.2/sub",
  "nanoid@latest",
);
const fit = {
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  code: fc.string({ minLength: 1 }).filter((code) => code.trim() !== ""),
  node: fc.constant(NODE),
  type: fc.constant("dynamic"),
  description: fc.string(),
  capabilities: strings,
  input_schema: fc.dictionary(fc.string(), anyJson),
  output_schema: fc.dictionary(fc.string(), anyJson),
  poll_interval: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
  max_restarts: fc.nat(1000),
  restart_delay: fc.double({ min: 0, max: 1e6, noNaN: true }),
  install: fc.oneof(fc.array(specifier), fc.array(specifier).map((list) => list.join(", "))),
  permissions: fc.record({ net: fc.constant(["example.com"]), read: fc.constant(["/x"]) }, {
    requiredKeys: [],
  }),
  replace: fc.boolean(),
  rollback: fc.boolean(),
  rollback_calls: fc.nat(100),
  secrets: strings,
  state: fc.dictionary(fc.string(), anyJson),
};

function parse(value: unknown): SpawnConfig | undefined {
  try {
    return parseSpawnConfig(value, NODE);
  } catch (error) {
    assert(error instanceof SpawnConfigError, String(error));
    assert(error.message.startsWith("Cannot spawn") && error.message.length < 500, error.message);
    assert(error.agent === undefined || isName(error.agent));
    return undefined;
  }
}

function assertUsable(config: SpawnConfig): void {
  assert(isName(config.name));
  assert(config.code.trim() !== "" && new TextEncoder().encode(config.code).length <= MAX_CODE_BYTES);
  assert(config.node === undefined || config.node === NODE);
  assert(config.poll_interval > 0 && Number.isFinite(config.poll_interval));
  assert(Number.isInteger(config.max_restarts) && config.max_restarts >= 0);
  assert(config.restart_delay >= 0 && Number.isFinite(config.restart_delay));
  for (const list of [config.install, config.secrets, config.capabilities]) {
    assert(list.every((entry) => typeof entry === "string"));
  }
  for (const kind of PERMISSION_KINDS) {
    for (const entry of config.permissions[kind] ?? []) {
      assert(!/[,\p{Cc}]/u.test(entry) && entry.trim() !== "");
    }
  }
  // What a migration hands on must not carry what was for this node alone.
  for (const key of ["_reply_topic", "state", "migration", "_migrate_jws"]) assert(!(key in config.raw));
}

holds("a config of fit fields is read, and reading it again gives the same", fc.record(fit), (given) => {
  const config = parse(given);
  assert(config !== undefined);
  assertUsable(config);
  const { raw: _raw, state: _state, ...again } = parseSpawnConfig({ ...config.raw }, NODE);
  const { raw: _first, state: _its, ...first } = config;
  assertEquals(again, first);
}, 500);

holds(
  "a config is read, or refused with a SpawnConfigError that a line can hold",
  fc.oneof(
    { weight: 8, arbitrary: fieldsOf(fit) },
    { weight: 1, arbitrary: anyJson },
    { weight: 1, arbitrary: anyText },
    { weight: 1, arbitrary: fieldsOf({ ...fit, ["__proto__"]: anyJson, extra: anyJson }) },
  ),
  (given) => {
    const config = parse(given);
    if (config !== undefined) assertUsable(config);
    assertEquals(({} as Record<string, unknown>).polluted, undefined);
  },
  3000,
);

/** Made of what specifiers are made of, and of what they must not be. */
const nearSpecifier = fc.array(
  fc.constantFrom(
    "npm:",
    "jsr:",
    "@",
    "/",
    "..",
    ".",
    "a",
    "ms",
    "std",
    "1",
    "^",
    "~",
    " ",
    "-",
    "--allow-all",
    "\\",
    ":",
    "?",
    "#",
    "%2e",
    "file:",
    "https://",
    "$",
    ";",
    "\n",
    "*",
    "||",
    "ä",
  ),
  { maxLength: 7 },
).map((parts) => parts.join(""));

holds(
  "an install entry is a package, or refused: never an option, a path or an address",
  fc.oneof(nearSpecifier, anyText, specifier),
  (entry) => {
    try {
      for (const { name, specifier } of parseSpecifiers([entry])) {
        assert(/^(npm|jsr):@?[^-./@:\s][^@:\s]*(@.+)?$/.test(specifier), specifier);
        assert(!/[\\:?#%$;\s]/.test(name), name);
        for (const part of name.split("/")) assert(/^@?[^-.]/.test(part), name);
      }
    } catch (error) {
      assert(error instanceof SpecifierError, String(error));
    }
  },
  5000,
);
