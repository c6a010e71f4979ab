/** Files of the operator and of the node's own: read whole and strictly, or refused with the reason. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PERMISSION_KINDS } from "../../protocol/permissions.ts";
import { filterError } from "../../protocol/topics.ts";
import { entryProblem } from "../../runner/policy/covers.ts";
import { parsePolicy, PolicyError } from "../../runner/policy/parse.ts";
import { globMatches } from "../../protocol/patterns.ts";
import { type Policy, rulesFor } from "../../runner/policy/policy.ts";
import { parseEnded, parseEntry } from "../../runner/store/registry_entry.ts";
import { parseKeys } from "../../protocol/signing/keys.ts";
import { SIGNED_COMMANDS } from "../../protocol/commands.ts";
import { anyJson, anyText, fieldsOf, holds } from "../support/fuzz.ts";

const names = fc.stringMatching(/^[a-z*]{1,8}$/);
const maybe = <T>(some: fc.Arbitrary<T>) => fc.array(some, { maxLength: 3 });
const rules = {
  permissions: fieldsOf({
    net: maybe(fc.constantFrom("*", "example.com", "example.com:443", "10.0.0.1:1883", "[::1]:1", "*.x.org")),
    read: maybe(fc.constantFrom("*", "/var/data", "/", "/a/../b")),
    run: maybe(fc.constantFrom("/usr/bin/true")),
    env: maybe(fc.constantFrom("ACME_*", "HOME")),
  }),
  install: fc.oneof(fc.boolean(), maybe(fc.constantFrom("npm:ms", "jsr:@std/*"))),
  topics: fieldsOf({
    publish: maybe(fc.constantFrom("#", "a/+", "a/#")),
    subscribe: maybe(fc.constantFrom("#", "+", "a")),
    control: maybe(fc.constantFrom("nodes/+/spawn")),
  }),
  broker: fc.constantFrom("broker", "none"),
  memory_mb: fc.integer({ min: 32, max: 4096 }),
  heap_mb: fc.integer({ min: 16, max: 4096 }),
  state_mb: fc.double({ min: 0.01, max: 1024, noNaN: true }),
  messages_per_second: fc.integer({ min: 100, max: 1e6 }),
  output_kb_per_second: fc.integer({ min: 64, max: 1e6 }),
};
const policies = fieldsOf({
  max_agents: fc.nat(1000),
  ...rules,
  agents: fc.dictionary(names, fieldsOf(rules)),
});

function assertSafe(policy: Policy): void {
  for (const agent of ["a", "constructor", "__proto__", "x-1"]) {
    const { permissions, topics, ...sizes } = rulesFor(policy, agent);
    for (const kind of PERMISSION_KINDS) {
      for (const rule of permissions[kind]) {
        const probed = kind === "env" ? rule.replaceAll("*", "X") : rule;
        assert(rule === "*" || entryProblem(kind, probed) === undefined, `${kind} ${rule}`);
      }
    }
    for (const filters of Object.values(topics)) {
      for (const filter of filters) assertEquals(filterError(filter), undefined);
    }
    assert(sizes.messages_per_second >= 100 && sizes.output_kb_per_second >= 64);
    assert(sizes.broker === "broker" || sizes.broker === "none");
  }
}

holds(
  "a policy is read, or refused with a PolicyError; what it allows is well-formed for every agent",
  fc.oneof(
    { weight: 6, arbitrary: policies.map((policy) => JSON.stringify(policy)) },
    { weight: 1, arbitrary: anyJson.map((json) => JSON.stringify(json)) },
    { weight: 1, arbitrary: anyText },
  ),
  (text) => {
    let policy: Policy;
    try {
      policy = parsePolicy(text, "policy.json");
    } catch (error) {
      assert(error instanceof PolicyError, String(error));
      return;
    }
    assertSafe(policy);
  },
  3000,
);

holds(
  "a rule that a policy does not know is never passed over",
  fc.tuple(policies, fc.string()),
  ([policy, key]) => {
    const known = [...Object.keys(rules), "max_agents", "agents", "$schema"];
    fc.pre(!known.includes(key));
    // By hand: an object in code cannot be given a key such as __proto__.
    const fields = Object.entries(policy).map(([name, value]) =>
      `${JSON.stringify(name)}:${JSON.stringify(value)}`
    );
    const text = `{${[`${JSON.stringify(key)}:1`, ...fields].join(",")}}`;
    assertThrows(() => parsePolicy(text, "policy.json"), PolicyError);
  },
);

holds(
  "a pattern with no star fits itself alone, and one of stars fits everything",
  fc.tuple(anyText, anyText),
  (both) => {
    const [pattern, text] = both;
    if (!pattern.includes("*")) assertEquals(globMatches(pattern, text), pattern === text);
    assert(
      globMatches("*", text) &&
        globMatches(`${pattern.replaceAll("*", "")}*`, pattern.replaceAll("*", "") + text),
    );
  },
);

const kid = fc.stringMatching(/^[\w.@:-]{1,20}$/);
const key = {
  kid,
  public: fc.record({
    kty: fc.constant("OKP"),
    crv: fc.constant("Ed25519"),
    x: fc.stringMatching(/^[\w-]{43}$/),
  }),
  nodes: fc.array(fc.constantFrom("*", "edge-*", "edge-1"), { minLength: 1, maxLength: 3 }),
  commands: fc.array(fc.constantFrom(...SIGNED_COMMANDS, "*"), { minLength: 1, maxLength: 3 }),
};

holds(
  "a key file of fit keys is read whole",
  fc.uniqueArray(fc.record(key), { selector: ({ kid }) => kid }),
  (keys) => {
    const parsed = parseKeys(JSON.stringify(keys));
    assertEquals([...parsed.keys.values()], JSON.parse(JSON.stringify(keys)));
  },
);

holds(
  "a key file is read, or refused with a reason; no key without a limit that was written down, and no private half",
  fc.oneof(fc.array(fieldsOf(key), { maxLength: 3 }), anyJson, fc.record({ keys: fc.array(fc.record(key)) })),
  (json) => {
    let keys: ReturnType<typeof parseKeys>;
    try {
      keys = parseKeys(JSON.stringify(json));
    } catch (error) {
      assert(
        error instanceof Error && error.message.length > 0 && !(error instanceof TypeError),
        String(error),
      );
      return;
    }
    for (const [kid, { nodes, commands, public: half }] of keys.keys) {
      assert(/^[\w.@:-]{1,128}$/.test(kid) && nodes.length > 0 && commands.length > 0);
      assertEquals(Object.keys(half), ["kty", "crv", "x"]);
    }
  },
  2000,
);

holds("text that is no key file is refused, and never read in part", anyText, (text) => {
  try {
    const { keys, nodes } = parseKeys(text);
    assertEquals([keys.size, nodes.size], [0, 0]);
  } catch (error) {
    assert(error instanceof Error);
  }
});

const dictionary = fc.dictionary(fc.string(), anyJson);
const entry = {
  config: dictionary,
  restart_count: fc.nat(),
  paused: fc.boolean(),
  has_run: fc.boolean(),
  leaving: fc.record({ id: fc.string(), to: names, cooperative: fc.boolean() }),
  arriving: fc.record({ id: fc.string(), from: names }),
};

holds(
  "a registry entry is read, or refused; what is read is written back the same",
  fc.oneof(
    fieldsOf(entry).map((json) => JSON.stringify(json)),
    anyJson.map((json) => JSON.stringify(json)),
    anyText,
  ),
  (text) => {
    for (const parse of [parseEntry, parseEnded]) {
      try {
        const parsed = parse(text);
        assertEquals<unknown>(parse(JSON.stringify(parsed)), parsed);
      } catch (error) {
        assert(
          error instanceof Error && error.message.length > 0 && !(error instanceof TypeError),
          String(error),
        );
      }
    }
  },
  2000,
);
