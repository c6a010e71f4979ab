/** `agentflow call`: sends an agent a task and shows its reply. */
import { readTextFile } from "../../../protocol/config/text_file.ts";
import { isJsonObject, parseExactly } from "../../../protocol/json.ts";
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { nameGiven } from "../options.ts";
import { printableJson } from "../terminal.ts";

export function addCall(program: Command, cli: Cli): void {
  const command = program.command("call")
    .description("call an agent's handle_task and show the reply as JSON (--timeout defaults to 30 s)")
    .argument("<AGENT>", "its name")
    .argument("[PAYLOAD]", "JSON or text; @FILE reads a file, - reads stdin", "{}");
  cli.connected(command, async (run, operator, name, given = "") => {
    const agent = nameGiven("AGENT", name);
    const payload = parsePayload(await readPayload(given));
    const reply = await operator.commander.task(agent, payload, run.timeoutMs);
    if (run.json || typeof reply !== "object") run.printJson(reply);
    else run.print(printableJson(reply, run.stdout.isTerminal ? 2 : undefined));
    return isFailure(reply) ? EXIT.failed : EXIT.ok;
  });
}

/** Text that is not JSON is a string. */
export function parsePayload(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

/** Protocol: an agent replies like this if its handle_task threw or does not exist. */
export function isFailure(reply: unknown): boolean {
  return isJsonObject(reply) && "error" in reply;
}

async function readPayload(given: string): Promise<string> {
  if (given === "-") return await new Response(Deno.stdin.readable).text();
  if (!given.startsWith("@")) return given;
  try {
    return await readTextFile(given.slice(1));
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new ConfigError(`Cannot read ${given.slice(1)}: ${reason}`);
  }
}
