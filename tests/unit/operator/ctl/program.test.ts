/** Which commands a call of the program loads, and what its help says of the others. */
import { assertEquals } from "@std/assert";
import { Cli } from "../../../../operator/ctl/cli.ts";
import { GROUPS, namesOf } from "../../../../operator/ctl/command_table.ts";
import { calledBy, createProgram } from "../../../../operator/ctl/program.ts";

const silent = { isTerminal: false, colour: false, columns: () => 100, rows: () => 24, write: () => {} };
const cli = () => new Cli({ env: {}, stdout: silent, stderr: silent, signal: new AbortController().signal });
const all = Object.values(GROUPS).flat().flatMap(namesOf);

/** The commands that can be run: one that is not loaded has a line of help alone. */
const loadedBy = async (...args: string[]) =>
  (await createProgram(cli(), calledBy(args))).commands
    .filter((command) => command.commands.length > 0 || Reflect.get(command, "_actionHandler") !== null)
    .map((command) => command.name());

Deno.test("each command is under its own name, and is loaded alone", async () => {
  for (const entry of Object.values(GROUPS).flat()) {
    for (const name of namesOf(entry)) assertEquals(await loadedBy(name), namesOf(entry));
  }
});

Deno.test("the help, and a name that is no command, load none", async () => {
  for (const args of [[], ["--help"], ["nods"]]) assertEquals(await loadedBy(...args), [], args.join());
});

Deno.test("a command line that is completed loads the command that is completed", async () => {
  assertEquals(await loadedBy("__complete", "--", "logs", "--fo"), [
    "logs",
    "errors",
    "completions",
    "__complete",
  ]);
});

Deno.test("the help says of a command what the command says of itself", async () => {
  assertEquals(
    (await createProgram(cli(), [])).helpInformation(),
    (await createProgram(cli(), all)).helpInformation(),
  );
});

Deno.test("a command line calls its first word that is no flag", () => {
  assertEquals(calledBy(["--version"]), []);
  assertEquals(calledBy(["nodes", "forget", "attic"]), ["nodes"]);
});
