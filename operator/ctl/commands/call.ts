/** `agentflow call`: sends an agent a task and shows its reply. */
import { readGiven } from "../../../protocol/config/text_file.ts";
import { parseExactly } from "../../../protocol/json.ts";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { nameGiven } from "../options.ts";
import { printableJson } from "../terminal.ts";
import { isFailure } from "../../commander.ts";

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

async function readPayload(given: string): Promise<string> {
  if (given === "-") return await new Response(Deno.stdin.readable).text();
  if (!given.startsWith("@")) return given;
  return await readGiven(given.slice(1));
}
