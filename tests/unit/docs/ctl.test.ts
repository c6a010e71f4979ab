/** What docs/ctl.md says of the command line is what it has. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Cli } from "../../../operator/ctl/cli.ts";
import { EXIT } from "../../../operator/ctl/exit_code.ts";
import { GROUPS, namesOf } from "../../../operator/ctl/command_table.ts";
import { createProgram } from "../../../operator/ctl/program.ts";
import { parseProfiles } from "../../../operator/ctl/profile.ts";
import { parseFleetFile } from "../../../operator/fleet/fleet_file.ts";

const page = await Deno.readTextFile(new URL("../../../docs/ctl.md", import.meta.url));
const schema = JSON.parse(
  await Deno.readTextFile(new URL("../../../docs/fleet.schema.json", import.meta.url)),
);

const silent = { isTerminal: false, colour: false, columns: () => 100, rows: () => 24, write: () => {} };
const program = await createProgram(
  new Cli({ env: {}, stdout: silent, stderr: silent, signal: new AbortController().signal }),
  Object.values(GROUPS).flat().flatMap(namesOf),
);
const commands = program.createHelp().visibleCommands(program);

/** The first block of JSON below a heading. */
function example(heading: string): string {
  const [, block] = new RegExp(`^## ${heading}\\n.*?^\`\`\`json\\n(.*?)^\`\`\``, "ms").exec(page) ?? [];
  assert(block !== undefined, `there is no JSON below '${heading}'`);
  return block;
}

/** The command that `words` begin with, and the rest of them. */
function find(words: readonly string[]): { command: typeof program; rest: readonly string[] } {
  let [command, index] = [program, 0];
  for (; index < words.length; index++) {
    const next = command.commands.find((each) => each.name() === words[index]);
    if (next === undefined) break;
    command = next;
  }
  return { command, rest: words.slice(index) };
}

/** @throws where a line uses a command or a flag that is not there */
function assertUsable(line: string): void {
  const { command, rest } = find(line.trim().split(/ +/).slice(1));
  // Of commands with subcommands, only those with flags do something by themselves.
  assert(command !== program && (command.commands.length === 0 || command.options.length > 0), line);
  for (const flag of rest.filter((word) => /^--?[a-z]/.test(word))) {
    assert(command.options.some(({ long, short }) => long === flag || short === flag), `${line}: ${flag}`);
  }
}

Deno.test("the page names every command", () => {
  for (const command of commands) assertStringIncludes(page, `\`${command.name()}\``);
});

Deno.test("the page uses no command and no flag that is not there", () => {
  for (const [, line = ""] of page.matchAll(/^\$ (agentflow .*)$/gm)) assertUsable(line);
});

Deno.test("the help of every command has an example, with flags that are there", () => {
  for (const command of commands) {
    let help = "";
    command.configureOutput({ writeOut: (text) => help += text }).outputHelp();
    const lines = [...help.matchAll(/^ {2}agentflow .*$/gm)].map(([line]) => line);
    // What deploy and completions show is in their own words.
    assert(lines.length > 0 || /agentflow (deploy|completions) /.test(help.slice(10)), help);
    for (const line of lines) {
      assertEquals(find(line.trim().split(/ +/).slice(1, 2)).command, command, line);
      assertUsable(line);
    }
  }
});

Deno.test("the page has every exit code", () => {
  const listed = [...page.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  assertEquals(listed, Object.values(EXIT));
});

Deno.test("the examples of a profile and of a fleet can be read", () => {
  assertEquals(
    parseProfiles(example("To the broker"), "/c.json", undefined, "/h").broker,
    "mqtts://broker.lan",
  );
  const entries = parseFleetFile(example("A fleet from one file"), "fleet.json");
  assertEquals(entries.map(({ name }) => name), ["hello", "temperature-{node}", "calculator"]);
});

Deno.test("the schema of fleet files knows the fields that flags of spawn set", () => {
  const spawn = commands.find((command) => command.name() === "spawn");
  const flags = (spawn?.options ?? []).filter(({ helpGroupHeading }) => helpGroupHeading === undefined)
    .map(({ long = "" }) => String(long).replace(/^--(no-)?/, "").replaceAll("-", "_"))
    .filter((field) =>
      !["replace", "epoch", "later", "move", "replace_on", "json", "selector"].includes(field)
    );
  const known = Object.keys(schema.$defs.entry.properties);
  for (const field of flags) assert(known.includes(field), field);
});
