/** Reports the outcome of a spawn, in words and as an exit code. */
import type { SpawnOutcome } from "../../operations/spawn.ts";
import { spawnWords } from "../../operations/spawn_words.ts";
import type { Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { oneLine, paint, printable } from "../terminal.ts";
import { messageBeside } from "./error.ts";

/** @returns the exit code */
export function showSpawnOutcome(run: Run, outcome: SpawnOutcome): number {
  const code = exitCodeOfSpawn(outcome);
  if (run.json) run.printJson(asJson(outcome));
  else if (code === EXIT.ok) run.print(wordsFor(outcome));
  else {
    run.note(paint(run.stderr, "red", wordsFor(outcome)));
    if (outcome.kind === "failed" && outcome.traceback !== undefined) run.note(printable(outcome.traceback));
  }
  return code;
}

export function exitCodeOfSpawn({ kind }: SpawnOutcome): number {
  if (kind === "running") return EXIT.ok;
  return kind === "unsettled" ? EXIT.noAnswer : EXIT.failed;
}

/** Leaves out the part of the error that its stack repeats. */
export function wordsFor(outcome: SpawnOutcome): string {
  const shown = outcome.kind === "failed"
    ? { ...outcome, phase: oneLine(outcome.phase), error: messageBeside(outcome.error, outcome.traceback) }
    : outcome;
  const hint = outcome.kind === "already_running" ? ": --replace replaces it" : "";
  return printable(spawnWords(shown)) + hint;
}

function asJson(outcome: SpawnOutcome): Readonly<Record<string, unknown>> {
  const { kind, agent, node } = outcome;
  const about = { ok: kind === "running", outcome: kind, agent, node };
  if (kind === "running") return { ...about, actor_id: outcome.actorId };
  if (kind === "unsettled") return { ...about, last: outcome.last };
  if (kind !== "failed") return about;
  const { phase, error, traceback, rolledBack } = outcome;
  return { ...about, phase, error, traceback, rolled_back: rolledBack };
}
