/** The inventory of devices: what each gets, and what is refused. */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { chosenDevices, deviceOptions, parseInventory } from "../../../../operator/deploy/inventory.ts";
import { inventorySchema } from "../../../../operator/deploy/inventory_schema.ts";
import type { Given } from "../../../../operator/deploy/options.ts";
import { parseSelector } from "../../../../operator/fleet/selector.ts";

const FILE = {
  options: { broker: "mqtts://b.example.org", ca: "ca.pem", outbox: "disk", timeout: 90 },
  rollout: { waves: ["1", "rest"], soak: "5m" },
  devices: [
    { name: "hall", host: "pi@10.0.0.1", labels: { site: "north", beta: "yes" } },
    {
      name: "attic",
      host: "attic.lan",
      labels: { site: "north" },
      options: { ca: "/etc/other.pem", username: "u-{node}", password_file: "keys/{node}", system: true },
    },
  ],
};
const NOTHING: Given = () => undefined;
const parse = (file: unknown) => parseInventory(JSON.stringify(file), "lab/devices.json");
const options = (name: string, given = NOTHING) => {
  const inventory = parse(FILE);
  const [device] = chosenDevices(inventory, [name], undefined);
  if (device === undefined) throw new Error("?");
  return deviceOptions(inventory, device, given);
};
const words = (name: string, given = NOTHING) =>
  options(name, given).flags.args.map((arg) => "text" in arg ? arg.text : `<${arg.file}>`).join(" ");

Deno.test("each device gets the options of the inventory, and its own before them", () => {
  const { destination, node, scope, patienceMs, flags } = options("hall");
  assertEquals([destination, node, scope, patienceMs], ["pi@10.0.0.1", "hall", "user", 90_000]);
  assertEquals(flags.files, [{ name: "ca.pem", source: "lab/ca.pem" }]);
  assertEquals(
    words("hall"),
    "--broker mqtts://b.example.org --ca <ca.pem> --outbox disk --labels site=north,beta=yes",
  );
  const attic = options("attic");
  assertEquals([attic.scope, attic.flags.files.map(({ source }) => source)], [
    "system",
    ["lab/keys/attic", "/etc/other.pem"],
  ]);
  assertEquals(attic.flags.config.labels, { site: "north" });
});

Deno.test("the flags of the command line count more", () => {
  const given: Given = ({ name }) => name === "broker" ? "mqtts://c.example.org" : undefined;
  assertEquals(words("hall", given).split(" ").slice(0, 2), ["--broker", "mqtts://c.example.org"]);
});

Deno.test("devices are chosen by name and by label", () => {
  const names = (of: readonly string[], labels?: string) =>
    chosenDevices(parse(FILE), of, labels === undefined ? undefined : parseSelector(labels)).map(({ name }) =>
      name
    );
  assertEquals(names([]), ["hall", "attic"]);
  assertEquals(names([], "site=north,!beta"), ["attic"]);
  assertEquals(names(["hall"]), ["hall"]);
  assertThrows(
    () => names(["atic"]),
    ConfigError,
    "lab/devices.json has no device 'atic': did you mean attic?",
  );
  assertThrows(() => names([], "site=south"), ConfigError, "No device of lab/devices.json has these labels");
});

Deno.test("what an inventory cannot say is an error that names the place and the nearest word", () => {
  const [device] = FILE.devices;
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ ...FILE, devises: [] }, "devises is not a field: did you mean devices?"],
    [{ devices: [] }, "devices must not be empty"],
    [{}, "devices is missing"],
    [{ devices: [{ ...device, hots: "x" }] }, "devices.0.hots is not a field: did you mean host?"],
    [{ devices: [{ name: "a" }] }, "devices.0.host is missing"],
    [{ devices: [device, device] }, "'hall': there are two devices of this name"],
    [{ devices: [{ ...device, name: "a b" }] }, "'a b': name must be"],
    [
      { devices: [{ ...device, options: { brocker: "b" } }] },
      "options.brocker is not a field: did you mean broker?",
    ],
    [{ devices: [{ ...device, options: { labels: "a=b" } }] }, "options.labels belongs beside options"],
    [{ devices: [{ ...device, options: { system: "yes" } }] }, "options.system must be true or false"],
    [{ devices: [{ ...device, options: { broker: true } }] }, "options.broker must be a value"],
    [{ ...FILE, rollout: { waves: ["1"] } }, "The last wave must be rest"],
    [{ ...FILE, rollout: { soke: 1 } }, "rollout.soke is not a field"],
    [{ ...FILE, rollout: { checks: [] } }, "rollout.checks is for fleet files"],
  ];
  for (const [file, message] of wrong) assertThrows(() => parse(file), ConfigError, message);
  assertThrows(() => parseInventory("{", "d.json"), ConfigError, "d.json is not JSON");
});

Deno.test("the schema of inventories is the one that the flags give", async () => {
  const file = new URL("../../../../docs/inventory.schema.json", import.meta.url);
  assertEquals(JSON.parse(await Deno.readTextFile(file)), inventorySchema());
});

Deno.test("what the runner would refuse on the device is refused, with the device's name", () => {
  const bad = (options: unknown) => {
    const inventory = parse({ devices: [{ ...FILE.devices[0], options }] });
    return inventory.devices.map((device) => deviceOptions(inventory, device, NOTHING));
  };
  assertThrows(() => bad({}), ConfigError, "lab/devices.json: 'hall': --broker is missing");
  assertThrows(() => bad({ broker: "b", heap_mb: "much" }), ConfigError, "'hall': --heap-mb must be");
  assertThrows(() => bad({ broker: "b", name: "other" }), ConfigError, "'hall': options.name is not a field");
});
