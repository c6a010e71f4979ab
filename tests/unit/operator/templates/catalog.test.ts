/** Templates say of themselves what is true, and what fills them in stays data. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { configFromTemplate, templateNamed, TEMPLATES } from "../../../../operator/templates/catalog.ts";
import { TemplateError } from "../../../../operator/templates/parameters.ts";
import { parseSpawnConfig } from "../../../../protocol/spawn_config.ts";

const FOLDER = new URL("../../../../agents/templates/", import.meta.url);

Deno.test("the catalog has every template that lies in agents/templates", async () => {
  const files = await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name.replace(/\.ts$/, ""));
  assertEquals(TEMPLATES.map(({ name }) => name).sort(), files.sort());
});

Deno.test("a template filled in with its defaults is the file as it lies there", () => {
  for (const { name, code } of TEMPLATES) assertEquals(configFromTemplate(name).code, code, name);
});

Deno.test("every template makes a spawn config that a node accepts", () => {
  for (const { name } of TEMPLATES) {
    const config = parseSpawnConfig({ name, ...configFromTemplate(name) }, "any");
    assert(config.description.length > 20, name);
  }
});

Deno.test("every parameter is documented in the catalog and in the code", () => {
  for (const { name, parameters, code } of TEMPLATES) {
    const declared = code.slice(code.indexOf("interface Parameters"), code.indexOf("const PARAMETERS"));
    for (const [parameter, { doc }] of Object.entries(parameters)) {
      assert(doc.length > 5, `${name}.${parameter}`);
      assertMatch(declared, new RegExp(`\\*/\\n  readonly ${parameter}: `), `${name}.${parameter}`);
    }
  }
});

Deno.test("a value is data, whatever is in it", () => {
  const evil = '"}; Deno.exit(7); const x = {"a": "`${1}$& \\';
  const { code } = configFromTemplate("mqtt_bridge", { username: evil });
  const line = code.split("\n").find((each) => each.includes('"username"')) ?? "";
  assertEquals(JSON.parse(`{${line.replace(/,$/, "")}}`), { username: evil });
  assertEquals(code.split("\n").length, templateNamed("mqtt_bridge").code.split("\n").length);
});

Deno.test("what a template asks for follows from its parameters", () => {
  const needs = (name: string, given = {}) => {
    const { permissions, devices, install, secrets } = configFromTemplate(name, given);
    return { permissions, ...(devices === undefined ? {} : { devices }), install, secrets };
  };
  const none = { install: undefined, secrets: undefined };
  for (const name of ["temperature", "humidity"]) {
    assertEquals(needs(name), { permissions: {}, devices: { sensors: [name] }, ...none });
    assertEquals(needs(name, { simulate: true }), { permissions: {}, ...none });
  }
  assertEquals(needs("temperature", { sensor: "w1/28-0316a2795fff" }), {
    permissions: {},
    devices: { sensors: ["w1/28-0316a2795fff"] },
    ...none,
  });
  assertEquals(needs("http_poller", { url: "https://a.example/x" }), {
    permissions: { net: ["a.example:443"] },
    ...none,
  });
  assertEquals(needs("heartbeat"), { permissions: {}, ...none });
  assertEquals(needs("heartbeat", { target: "[::1]:22" }), { permissions: { net: ["[::1]:22"] }, ...none });
  assertEquals(needs("mqtt_bridge", { url: "mqtts://b.example", password_secret: "PW" }), {
    permissions: { net: ["b.example:8883"] },
    install: ["npm:mqtt@5"],
    secrets: ["PW"],
  });
  assertEquals(needs("bme280", { address: "0x77" }), {
    permissions: {},
    devices: { i2c: ["1:0x77"] },
    ...none,
  });
  assertEquals(needs("serial_lines"), { permissions: {}, devices: { serial: ["/dev/ttyUSB0"] }, ...none });
  assertEquals(needs("serial_lines", { simulate: true }), { permissions: {}, ...none });
  assertEquals(needs("door"), { permissions: {}, devices: { gpio: ["GPIO17"] }, ...none });
});

Deno.test("a parameter that does not fit is refused with its name and what would fit", () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["threshold", { above: "hot" }, /^Template 'threshold': above must be a number: current value is "hot"$/],
    ["threshold", { severity: "loud" }, /severity must be one of info, warning, error/],
    ["threshold", { hight: 3 }, /has no parameter 'hight': it has topic, field, above/],
    ["file_watcher", { path: "relative" }, /path must be an absolute path/],
    ["file_watcher", { path: "/a,/etc" }, /path must be an absolute path without commas/],
    ["temperature", { sensor: "../x" }, /sensor must be the id or kind of a sensor/],
    ["temperature", { simulate: 1 }, /simulate must be true or false/],
    ["temperature", { topic: "a/#" }, /topic cannot be used, a topic must not contain the wildcards/],
    ["anomaly", { topic: "a/#/b" }, /topic cannot be used, in a filter/],
    ["anomaly", { window: 2.5 }, /window must be a whole number/],
    ["anomaly", { window: 1 }, /window must be 2 or more/],
    ["http_poller", { url: "file:///etc/passwd" }, /url must be a http:/],
    ["http_poller", { timeout: null }, /timeout must be a number: current value is null/],
    ["thermostat", {}, /Unknown template 'thermostat': known: temperature, humidity/],
  ];
  for (const [name, given, message] of cases) {
    assertMatch(assertThrows(() => configFromTemplate(name, given), TemplateError).message, message);
  }
});
