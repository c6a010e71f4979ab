/** `agentflow new`: writes a starter agent and its type definitions. */
import { type Command, Option } from "commander";
import { join } from "@std/path";
import types from "../../../agents/types.d.ts" with { type: "text" };
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { OperationError } from "../../operator.ts";
import type { Language } from "../../../protocol/language.ts";
import { isName, NAME_RULE } from "../../../protocol/names.ts";
import { starter } from "../author/starter.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, text } from "../options.ts";

const ENDINGS: Readonly<Record<Language, string>> = { typescript: "ts", javascript: "js", python: "py" };

export function addNew(program: Command, cli: Cli): void {
  const command = program.command("new")
    .description("write a starter agent, with types for completion in the editor")
    .argument("<NAME>", "of the agent, and of its file")
    .option("--dir <DIR>", "where to write it", ".")
    .option("--js", "JavaScript rather than TypeScript")
    .addOption(new Option("--python", "Python, which needs no types").conflicts("js"));
  cli.local(command, async (run, name = "") => {
    if (!isName(name)) throw new ConfigError(`NAME must be ${NAME_RULE}: current value is '${name}'`);
    const dir = text(run.options, "dir") ?? ".";
    const language = isSet(run.options, "python")
      ? "python"
      : isSet(run.options, "js")
      ? "javascript"
      : "typescript";
    const file = join(dir, `${name}.${ENDINGS[language]}`);
    const typesFile = language === "python" ? undefined : join(dir, "types.d.ts");
    try {
      await Deno.mkdir(dir, { recursive: true });
      await Deno.writeTextFile(file, starter({ name, language }), { createNew: true });
    } catch (error) {
      const reason = error instanceof Deno.errors.AlreadyExists
        ? "it already exists"
        : (error as Error).message;
      throw new OperationError(`Cannot write ${file}: ${reason}`);
    }
    if (typesFile !== undefined) await Deno.writeTextFile(typesFile, types);
    if (run.json) run.printJson({ ok: true, agent: name, file, types: typesFile });
    else {
      run.print(`Wrote ${file}${typesFile === undefined ? "" : ` and ${typesFile}`}`);
      run.note(`Try it:      agentflow dev ${file}\nCheck it:    agentflow check ${file}`);
      run.note(`Send it off: agentflow spawn ${file} --node NODE`);
    }
    return EXIT.ok;
  });
}
