import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DEVICE_KINDS, NO_DEVICES } from "../../../protocol/devices/devices.ts";
import { NO_PERMISSIONS } from "../../../protocol/permissions.ts";
import { MAX_CODE_BYTES, parseSpawnConfig, SpawnConfigError } from "../../../protocol/spawn_config.ts";

const CODE = "async function process(agent) {}";
const parse = (fields: object) => parseSpawnConfig({ name: "a", code: CODE, ...fields }, "here");
const refusal = (value: unknown) =>
  assertThrows(() => parseSpawnConfig(value, "here"), SpawnConfigError) as SpawnConfigError;

Deno.test("a config without options has the defaults of the contract", () => {
  const raw = { name: "a", code: CODE };
  assertEquals(parseSpawnConfig(raw, "here"), {
    name: "a",
    code: CODE,
    language: undefined,
    reading: "typescript",
    node: undefined,
    description: "",
    capabilities: [],
    input_schema: {},
    output_schema: {},
    poll_interval: 5,
    max_restarts: 5,
    restart_delay: 3,
    install: [],
    permissions: NO_PERMISSIONS,
    devices: NO_DEVICES,
    replace: false,
    rollback: true,
    epoch: 0,
    rollback_calls: 1,
    secrets: [],
    state: undefined,
    migration: undefined,
    raw,
  });
});

Deno.test("null counts as not set", () => {
  const fields = [
    "node",
    "type",
    "description",
    "capabilities",
    "input_schema",
    "output_schema",
    "poll_interval",
    "max_restarts",
    "restart_delay",
    "install",
    "permissions",
    "devices",
    "replace",
  ];
  const { raw: _raw, ...parsed } = parse(Object.fromEntries(fields.map((field) => [field, null])));
  const { raw: _other, ...plain } = parse({});
  assertEquals(parsed, plain);
});

Deno.test("every field is read as it was sent", () => {
  const fields = {
    node: "here",
    type: "dynamic",
    description: "d",
    capabilities: ["c1", "c2"],
    input_schema: { a: 1 },
    output_schema: { b: [2] },
    language: "python" as const,
    poll_interval: 0.25,
    max_restarts: 0,
    restart_delay: 0,
    install: ["npm:ms@2"],
    permissions: { ...NO_PERMISSIONS, net: ["a.example:443"], read: ["/dev/tty1"] },
    devices: {
      ...NO_DEVICES,
      gpio: ["GPIO17", "gpiochip0:3"],
      i2c: ["1:0x76"],
      sensors: ["temperature", "w1/28-0316a2795fff"],
    },
    replace: true,
    rollback: false,
    rollback_calls: 7,
    epoch: 1_800_000_000,
    secrets: ["TOKEN"],
  };
  const { type: _type, ...expected } = fields;
  assertEquals(parse(fields), {
    state: undefined,
    migration: undefined,
    name: "a",
    code: CODE,
    ...expected,
    reading: "python",
    raw: { name: "a", code: CODE, ...fields },
  });
});

Deno.test("a permission that could become another flag, or that nobody knows, is refused", () => {
  const message = (permissions: unknown) => refusal({ name: "a", code: CODE, permissions }).message;
  assertEquals(
    message({ nett: [] }),
    "Cannot spawn 'a': permissions.nett is not a permission: known are net, read, write, env, sys, run, ffi",
  );
  for (const entry of ["a,b", "", " ", "a\n--allow-all", "x".repeat(2000)]) {
    assertStringIncludes(
      message({ net: [entry] }),
      "Cannot spawn 'a': permissions.net.0 must be 1 to 1024 characters without commas",
    );
  }
  assertStringIncludes(message({ net: true }), "permissions.net must be a list of strings");
  assertStringIncludes(message([]), "permissions must be an object");
  assertStringIncludes(message("all"), "permissions must be an object");
});

Deno.test("a device that no node can have, or of no kind, is refused", () => {
  const message = (devices: unknown) => refusal({ name: "a", code: CODE, devices }).message;
  assertEquals(
    message({ camera: [] }),
    `Cannot spawn 'a': devices.camera is not a kind of device: known are ${DEVICE_KINDS.join(", ")}`,
  );
  for (const entry of ["*", "w1/*", "temprature", "/sys/class/hwmon", "w1/../x", "hwmon/x/nothing1", ""]) {
    assertStringIncludes(
      message({ sensors: [entry] }),
      "Cannot spawn 'a': devices.sensors.0 must be a kind of sensor (temperature, humidity,",
    );
  }
  for (const entry of ["*", "/dev/gpiochip0", "gpiochip0:", "17", "GPIO 17", "gpiochip0:-1", ""]) {
    assertStringIncludes(message({ gpio: [entry] }), "devices.gpio.0 must be the name of a GPIO line");
  }
  assertStringIncludes(message({ sensors: "temperature" }), "devices.sensors must be a list of strings");
  assertStringIncludes(message([]), "devices must be an object");
});

Deno.test("install may be one string, separated by spaces and commas", () => {
  assertEquals(parse({ install: " ms, npm:chalk@5\n,jsr:@std/path  " }).install, [
    "ms",
    "npm:chalk@5",
    "jsr:@std/path",
  ]);
  assertEquals(parse({ install: "" }).install, []);
});

Deno.test("what this node does not know travels along, the reply topic of the command does not", () => {
  assertEquals(parse({ future: { x: 1 }, _reply_topic: "r" }).raw, {
    name: "a",
    code: CODE,
    future: { x: 1 },
  });
});

Deno.test("a parsed config is frozen", () => {
  const config = parse({});
  assert(Object.isFrozen(config) && Object.isFrozen(config.raw));
});

Deno.test("what is no object is refused", () => {
  const prefix = "Cannot spawn: the config must be a JSON object, got ";
  for (
    const [value, shown] of [["text", '"text"'], [null, "null"], [1, "1"], [[{}], "[{}]"], [
      undefined,
      "undefined",
    ]]
  ) {
    assertEquals(refusal(value).message, prefix + shown);
  }
  assertEquals(refusal("x".repeat(100)).message, `${prefix}"${"x".repeat(78)}…`);
});

Deno.test("an error names the agent where its name could be read", () => {
  assertEquals(refusal({}).message, "Cannot spawn: name is missing");
  assertEquals(refusal({ code: CODE }).agent, undefined);
  assertEquals(refusal({ name: "a" }).message, "Cannot spawn 'a': code is missing");
  assertEquals(refusal({ name: "a" }).agent, "a");
  const rule = "1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit";
  const bad = refusal({ name: "a/b", code: CODE });
  assertEquals([bad.agent, bad.message], [
    undefined,
    `Cannot spawn: name must be ${rule}: current value is "a/b"`,
  ]);
});

Deno.test("each bad value is refused in words that name the field, the rule and the value", () => {
  const cases: [fields: object, message: string][] = [
    [{ code: 5 }, "code must be a string: current value is 5"],
    [{ code: null }, "code must be a string: current value is null"],
    [{ code: "" }, "code must not be empty"],
    [{ code: " \n\t" }, "code must not be empty"],
    [
      { code: "x".repeat(MAX_CODE_BYTES + 1) },
      `code must not exceed ${MAX_CODE_BYTES} bytes: it has ${MAX_CODE_BYTES + 1}`,
    ],
    [
      { code: "é".repeat(MAX_CODE_BYTES) },
      `code must not exceed ${MAX_CODE_BYTES} bytes: it has ${2 * MAX_CODE_BYTES}`,
    ],
    [{ node: 1 }, "node must be a string: current value is 1"],
    [{ node: "there" }, `it is meant for node "there", this is 'here'`],
    [{ type: "static" }, 'type must be "dynamic": current value is "static"'],
    [{ type: 1 }, 'type must be "dynamic": current value is 1'],
    [{ description: 1 }, "description must be a string: current value is 1"],
    [{ description: "x".repeat(10_001) }, "description must not exceed 10000 characters"],
    [{ capabilities: "c" }, 'capabilities must be a list of strings: current value is "c"'],
    [{ capabilities: ["c", 1] }, "capabilities.1 must be a string: current value is 1"],
    [{ capabilities: Array(257).fill("c") }, "capabilities must not have more than 256 entries"],
    [{ input_schema: [] }, "input_schema must be an object: current value is []"],
    [{ output_schema: "s" }, 'output_schema must be an object: current value is "s"'],
    [{ poll_interval: "5" }, 'poll_interval must be a number: current value is "5"'],
    [{ poll_interval: 0 }, "poll_interval must be above 0: current value is 0"],
    [{ poll_interval: -1 }, "poll_interval must be above 0: current value is -1"],
    [{ poll_interval: Infinity }, "poll_interval must be a finite number"],
    [{ poll_interval: 1e300 }, "poll_interval must not exceed 31622400 s: current value is 1e+300"],
    [{ max_restarts: 1.5 }, "max_restarts must be a whole number: current value is 1.5"],
    [{ max_restarts: "5" }, 'max_restarts must be a whole number: current value is "5"'],
    [{ max_restarts: -1 }, "max_restarts must be 0 or more: current value is -1"],
    [{ max_restarts: 1e9 }, "max_restarts must not exceed 1000000: current value is 1000000000"],
    [{ restart_delay: -0.1 }, "restart_delay must be 0 or more: current value is -0.1"],
    [{ restart_delay: true }, "restart_delay must be a number: current value is true"],
    [{ restart_delay: 1e9 }, "restart_delay must not exceed 31622400 s: current value is 1000000000"],
    [{ install: 5 }, "install must be a list of strings, or one string: current value is 5"],
    [{ install: {} }, "install must be a list of strings, or one string: current value is {}"],
    [{ install: Array(257).fill("ms") }, "install must not have more than 256 entries"],
    [{ replace: "yes" }, 'replace must be true or false: current value is "yes"'],
  ];
  for (const [fields, message] of cases) {
    assertEquals(refusal({ name: "a", code: CODE, ...fields }).message, `Cannot spawn 'a': ${message}`);
  }
});

Deno.test("a list entry that is no string is told as such", () => {
  const { message } = refusal({ name: "a", code: CODE, install: ["ms", 1] });
  assert(message.startsWith("Cannot spawn 'a': install"), message);
});

Deno.test("code of exactly 1 MiB is accepted", () => {
  assertEquals(parse({ code: "x".repeat(1024 * 1024) }).code.length, 1024 * 1024);
});

Deno.test("fields named like those of every object are no settings", () => {
  const config = parseSpawnConfig(JSON.parse('{"name":"a","code":"x","__proto__":{"replace":true}}'), "here");
  assertEquals(config.replace, false);
});

Deno.test("what code was found to be before is not looked for again", () => {
  assertEquals(parseSpawnConfig({ name: "a", code: "const x = 1" }, "here", "python").reading, "python");
});
