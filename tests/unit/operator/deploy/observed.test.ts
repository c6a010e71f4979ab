/** What a device says of itself, read. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseObserved } from "../../../../operator/deploy/observed.ts";

const FACTS = [
  "system Linux",
  "machine aarch64",
  "libc glibc 2.36",
  "bits 64",
  "user pi",
  "home /home/pi",
  "groups dialout i2c ",
  "own_groups pi dialout",
  "free_kb 2048",
  "systemd yes",
  "tools ",
  "root unneeded",
  "linger yes",
  "other_unit no",
  "manager ",
  "active active",
  "enabled enabled",
];

Deno.test("device without a node is read", () => {
  const found = parseObserved(FACTS.join("\n"));
  assertEquals([found.user, found.libc, found.bits, found.freeBytes], ["pi", "glibc 2.36", 64, 2_097_152]);
  assertEquals([found.groups, found.ownGroups], [["dialout", "i2c"], ["pi", "dialout"]]);
  assertEquals([found.hasSystemd, found.missingTools, found.managerProblem], [true, [], ""]);
  assertEquals([found.canBeRoot, found.lingers, found.isActive, found.isEnabled], [
    undefined,
    true,
    true,
    true,
  ]);
  assertEquals([found.current, found.unitHash, found.files.size, found.blobs.size], [
    undefined,
    undefined,
    0,
    0,
  ]);
});

Deno.test("device with a node is read, whatever its files are called", () => {
  const more = [
    "unit abc",
    "current 20260101T000000Z",
    "file 123 deno",
    "file 456 config/a name",
    "blob 789",
  ];
  const found = parseObserved([...FACTS, ...more].join("\n"));
  assertEquals([found.unitHash, found.current], ["abc", "20260101T000000Z"]);
  assertEquals([...found.files], [["deno", "123"], ["config/a name", "456"]]);
  assertEquals([...found.blobs], ["789"]);
});

Deno.test("device that lacks something says what", () => {
  const facts = FACTS.map((fact) =>
    ({ "tools ": "tools tar sha256sum ", "root unneeded": "root no" })[fact] ?? fact
  );
  const found = parseObserved(facts.join("\n"));
  assertEquals([found.missingTools, found.canBeRoot], [["tar", "sha256sum"], false]);
  const broken = FACTS.map((fact) => fact === "manager " ? "manager Failed to connect to bus" : fact);
  assertEquals(parseObserved(broken.join("\n")).managerProblem, "Failed to connect to bus");
});

Deno.test("output that is no answer is an error, not a device", () => {
  assertThrows(() => parseObserved("Welcome!\n"), Error, "the device does not say its 'bits'");
});
