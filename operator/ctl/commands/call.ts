/** `agentflow call`: sends agents a task and shows their replies. */
import { readGiven } from "../../../protocol/config/text_file.ts";
import { codesOf, wordsOf } from "../../../protocol/expected_error.ts";
import { parseExactly } from "../../../protocol/json.ts";
import type { Command } from "commander";
import { isFailure, NoAnswerError } from "../../commander.ts";
import { taskTargets } from "../../operations/selection.ts";
import { survey } from "../../operations/survey.ts";
import type { Operator } from "../../operator.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { nameGiven } from "../options.ts";
import { addNodeSelection, isMany, nodeSelection } from "../selection.ts";
import { oneLine, printableJson } from "../terminal.ts";

export function addCall(program: Command, cli: Cli): void {
  const command = program.command("call")
    .description("call an agent's handle_task and show the reply as JSON (--timeout defaults to 30 s)")
    .argument("<AGENT>", "its name, or a pattern such as 'light-*', to call several")
    .argument("[PAYLOAD]", "JSON or text; @FILE reads a file, - reads stdin", "{}");
  addNodeSelection(command);
  cli.connected(command, async (run, operator, name = "", given = "") => {
    const payload = parsePayload(await readPayload(given));
    if (isMany(run.options, name)) return await callEach(run, operator, name, payload);
    const reply = await operator.commander.task(nameGiven("AGENT", name), payload, run.timeoutMs);
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

/** @returns the worst exit code */
async function callEach(run: Run, operator: Operator, name: string, payload: unknown): Promise<number> {
  await survey(operator, { signal: run.signal });
  const targets = taskTargets(operator.fleet, { ...nodeSelection(run.options), names: [name] });
  const results = await Promise.all(targets.map(async ({ name: agent, node }) => {
    try {
      const reply = await operator.commander.task(agent, payload, run.timeoutMs);
      if (!run.json) run.print(`${node}/${agent}: ${printableJson(reply)}`);
      return { agent, node, ok: !isFailure(reply), reply, code: isFailure(reply) ? EXIT.failed : EXIT.ok };
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      run.note(oneLine(`${node}/${agent}: ${wordsOf(error)}`));
      return { agent, node, ok: false, error: error.message, code: codesOf(error).exit };
    }
  }));
  if (run.json) run.printJson(results.map(({ code: _code, ...result }) => result));
  return Math.max(EXIT.ok, ...results.map(({ code }) => code));
}

async function readPayload(given: string): Promise<string> {
  if (given === "-") return await new Response(Deno.stdin.readable).text();
  if (!given.startsWith("@")) return given;
  return await readGiven(given.slice(1));
}
