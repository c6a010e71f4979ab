/** Prints those parts of the outcome of a chat line that the person has not seen yet. */
import type { ToolCallOutcome } from "../../chat/tool_call.ts";
import type { Answer } from "../../chat/session.ts";
import type { Run } from "../cli.ts";

/** With `--json`, prints one JSON value. */
export function printAnswer(run: Run, answer: Answer): void {
  switch (answer.kind) {
    case "quit":
      return;
    case "help":
      if (run.json) run.printJson({ help: answer.lines });
      else answer.lines.forEach((line) => run.print(line));
      return;
    case "not_understood":
      if (run.json) run.printJson({ ok: false, error: answer.reason });
      return;
    case "planned":
      if (run.json) run.printJson({ plan: answer.plan, ...outcomeOf(answer.outcome) });
      return;
    case "turn":
      if (run.json) run.printJson(answer.turn);
      return;
    default:
      answer satisfies never;
  }
}

function outcomeOf(outcome: ToolCallOutcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === "ran") return { ok: outcome.result.ok, result: outcome.result.value };
  return { ok: false, declined: true, error: "no one has agreed to it: --yes agrees to everything" };
}
