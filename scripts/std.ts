/** Chooses where `@std` comes from: `protocol/std/`, built on Deno's own functions, or JSR. */
// Not @std/path: this must run without JSR, even if @std currently comes from there.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeLine } from "../protocol/write_line.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const HELP = `Chooses where the names @std/… of the import map come from.

Usage: deno task std:jsr       JSR's own packages; needs JSR (another one is named by $JSR_URL)
       deno task std:builtin   the functions of protocol/std/, built on what Deno has

Changes deno.json and deno.lock, or neither.

Exit code: 0, 1 when a package cannot be had, or 2 for a bad argument.`;

type Choice = "jsr" | "builtin";

/** What each name of the import map leads to. */
const PACKAGES: Readonly<Record<string, Readonly<Record<Choice, string>>>> = {
  "@std/assert": { jsr: "jsr:@std/assert@^1", builtin: "./protocol/std/assert.ts" },
  "@std/async/delay": { jsr: "jsr:@std/async@^1/delay", builtin: "./protocol/std/async.ts" },
  "@std/cli/parse-args": { jsr: "jsr:@std/cli@^1/parse-args", builtin: "./protocol/std/cli.ts" },
  "@std/path": { jsr: "jsr:@std/path@^1", builtin: "./protocol/std/path.ts" },
};

async function main(args: readonly string[]): Promise<number> {
  const [choice, ...rest] = args;
  if (choice === "--help" || choice === "-h") {
    writeLine(Deno.stdout, HELP);
    return 0;
  }
  if ((choice !== "jsr" && choice !== "builtin") || rest.length > 0) {
    writeLine(Deno.stderr, `std: say jsr or builtin: see --help`);
    return 2;
  }
  const config = withPackages(await Deno.readTextFile(join(ROOT, "deno.json")), choice);
  // In a copy, so that a failure changes nothing.
  const copy = await Deno.makeTempDir({ prefix: "agentflow-std-" });
  try {
    await copyWorkspace(copy, config);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["cache", "--frozen=false", "names.ts"],
      cwd: copy,
      env: { NO_COLOR: "1" },
    }).output();
    if (!success) {
      writeLine(Deno.stderr, `std: nothing is changed: ${why(choice, new TextDecoder().decode(stderr))}`);
      return 1;
    }
    const lock = await Deno.readTextFile(join(copy, "deno.lock"));
    await Deno.writeTextFile(join(ROOT, "deno.lock"), lock);
    await Deno.writeTextFile(join(ROOT, "deno.json"), config);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  const where = { jsr: "from JSR", builtin: "from protocol/std/, built on what Deno has" }[choice];
  writeLine(Deno.stdout, `@std comes ${where}: deno.json and deno.lock are changed. Run deno task ok`);
  return 0;
}

/** The file with the new values, otherwise unchanged. */
function withPackages(config: string, choice: Choice): string {
  return Object.entries(PACKAGES).reduce((text, [name, leads]) => {
    const entry = new RegExp(`("${name}": )"[^"]*"`);
    if (!entry.test(text)) throw new Error(`deno.json has no ${name}`);
    return text.replace(entry, `$1"${leads[choice]}"`);
  }, config);
}

/** Copies the files on which the lock depends. */
async function copyWorkspace(folder: string, config: string): Promise<void> {
  const { workspace }: { workspace: string[] } = JSON.parse(config);
  for (const member of workspace) {
    await Deno.mkdir(join(folder, member), { recursive: true });
    await Deno.copyFile(join(ROOT, member, "deno.json"), join(folder, member, "deno.json"));
  }
  await Deno.copyFile(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
  await Deno.writeTextFile(join(folder, "deno.json"), config);
  const imports = Object.keys(PACKAGES).map((name) => `import ${JSON.stringify(name)};\n`);
  await Deno.writeTextFile(join(folder, "names.ts"), imports.join(""));
  await Deno.mkdir(join(folder, "protocol"));
  await Deno.symlink(join(ROOT, "protocol", "std"), join(folder, "protocol", "std"));
}

function why(choice: Choice, said: string): string {
  const reason = said.split("\n").map((line) => line.trim()).find((line) => line.startsWith("error: ")) ??
    said.trim();
  const needed = choice === "jsr" ? "JSR ($JSR_URL names another)" : "the npm registry";
  return `${reason.replace(/^error: |\.$/g, "")}: can this machine reach ${needed}?`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
