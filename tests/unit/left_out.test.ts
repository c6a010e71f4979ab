/** What a machine cannot run is told once, by what it lacks. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { summaryOf } from "../support/left_out.ts";

const TESTS = fileURLToPath(new URL("../", import.meta.url));
const APT = "sudo apt-get install";

Deno.test("what was left out is told once, by what is missing, with how to get it", () => {
  const zsh = { need: "zsh", remedy: `${APT} zsh`, module: "shells", test: "zsh completes" };
  const mosquitto = { need: "mosquitto", remedy: `${APT} mosquitto` };
  const summary = summaryOf([
    zsh,
    { ...mosquitto, module: "wire", test: "one law" },
    { ...mosquitto, module: "acl", test: "another law" },
    { ...mosquitto, module: "acl", test: "a third" },
  ]);
  assertEquals(
    summary,
    `4 tests did not run, because this machine lacks:

  mosquitto: 3 tests, in acl, wire
    sudo apt-get install mosquitto

  zsh: 1 test, in shells
    sudo apt-get install zsh
`,
  );
});

Deno.test("a test that lacks two things is one test, and told under both", () => {
  const test = { module: "deploy", test: "deploy --system" };
  const summary = summaryOf([
    { need: "OpenSSH", remedy: `${APT} openssh-server`, ...test },
    { need: "root's rights", remedy: "run the tests as root", ...test },
  ]);
  assertEquals(summary.match(/^(\d+ test| {2}\S.*: 1 test)/gm), [
    "1 test",
    "  OpenSSH: 1 test",
    "  root's rights: 1 test",
  ]);
});

Deno.test("a machine that has everything is told so", () => {
  assertEquals(summaryOf([]), "Nothing was left out: this machine has all that the tests can use.");
});

Deno.test("no test is left out without a word: what is ignored goes through needing()", () => {
  const silent: string[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) visit(path);
      else if (name.endsWith(".test.ts") && isSilent(Deno.readTextFileSync(path))) silent.push(path);
    }
  };
  visit(TESTS);
  assertEquals(silent, []);
});

/** Built of parts, so that this file is not one of them. */
function isSilent(source: string): boolean {
  return new RegExp(`\\b${"ignore"}\\s*:|\\.${"ignore"}\\(|[{,] ${"ignore"} [,}]`).test(source);
}
