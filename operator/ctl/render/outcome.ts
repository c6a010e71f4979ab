/** What became of a spawn, in words and as an exit code. */
import type { SpawnOutcome } from "../../operations/spawn.ts";
import type { Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { paint, printable } from "../terminal.ts";
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

export function wordsFor(outcome: SpawnOutcome): string {
  const { agent, node } = outcome;
  switch (outcome.kind) {
    case "running":
      return `Agent '${agent}' runs on ${node}`;
    case "already_running":
      return `Agent '${agent}' is already running on ${node}: --replace puts this one in its place`;
    case "failed": {
      const after = outcome.rolledBack ? "; the code before it runs again" : "";
      return `Agent '${agent}' has failed on ${node} (${outcome.phase})${after}: ${
        printable(messageBeside(outcome.error, outcome.traceback))
      }`;
    }
    case "stopped":
      return `Agent '${agent}' has been stopped on ${node} before it was ready`;
    case "unsettled":
      return `Agent '${agent}' neither runs nor has failed on ${node} yet: ${printable(outcome.last)}`;
    default:
      return outcome satisfies never;
  }
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
