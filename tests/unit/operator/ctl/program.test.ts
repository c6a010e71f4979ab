/** Which commands a call of the program loads. */
import { assertEquals } from "@std/assert";
import { Cli } from "../../../../operator/ctl/cli.ts";
import { createProgram, GROUPS } from "../../../../operator/ctl/program.ts";

const silent = { isTerminal: false, colour: false, columns: () => 100, rows: () => 24, write: () => {} };
const cli = () => new Cli({ env: {}, stdout: silent, stderr: silent, signal: new AbortController().signal });
const namesIn = async (wanted?: string) =>
  (await createProgram(cli(), wanted)).commands.map((command) => command.name());

Deno.test("each command is under its own name, and is loaded alone", async () => {
  for (const { names } of Object.values(GROUPS).flat()) {
    if (names.includes("completions")) continue;
    for (const name of names) assertEquals(await namesIn(name), names);
  }
});

Deno.test("the help, a name that is no command, and completions know all commands", async () => {
  const all = Object.values(GROUPS).flat().flatMap(({ names }) => names);
  for (const wanted of [undefined, "nods", "completions", "__complete"]) {
    assertEquals(await namesIn(wanted), all, wanted);
  }
});
