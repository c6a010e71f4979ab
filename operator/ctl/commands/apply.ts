/** `agentflow apply` and `diff`: make the fleet match a file, or show the differences. */
import type { Command } from "commander";
import { applyPlan, planFleet } from "../../operations/apply.ts";
import { isChange } from "../../operations/plan.ts";
import { agreed } from "../ask.ts";
import { type Cli, warn } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet } from "../options.ts";
import { count } from "../render/units.ts";
import { oneLine } from "../terminal.ts";
import { changeLines, planLines, resultLine, stepJson, stepLine } from "../render/plan.ts";

export function addApply(program: Command, cli: Cli): void {
  const command = program.command("apply")
    .description("make the fleet match a file: start, replace and move agents")
    .argument("<FLEET>", "the fleet file (docs/fleet.schema.json)")
    .option("--dry-run", "show the plan, and do nothing")
    .option("--prune", "stop agents on the file's nodes that the file does not list, after asking")
    .option("--yes", "do not ask");
  cli.connected(command, async (run, operator, file = "") => {
    const { options, signal, stdout } = run;
    const { steps, warnings } = await planFleet(operator, file, { prune: isSet(options, "prune"), signal });
    warnings.forEach((warning) => warn(run, warning));
    if (!run.json) planLines(steps, stdout).forEach(run.print);
    if (isSet(options, "dryRun")) {
      if (run.json) run.printJson({ ok: true, dry_run: true, plan: steps.map(stepJson), warnings });
      return EXIT.ok;
    }
    const stops = steps.filter(({ kind }) => kind === "stop").length;
    if (stops > 0 && !await agreed(run, `This stops ${count(stops, "agent")} that the file does not name`)) {
      run.note("Nothing has been changed");
      return EXIT.failed;
    }
    const results = await applyPlan(operator, steps, {
      timeoutMs: run.timeoutMs,
      signal,
      onProgress: (step, message) => run.note(`${stepLine(step, { colour: false })}: ${oneLine(message)}`),
      onStep: (result) => {
        if (!run.json) run.print(resultLine(result, stdout));
      },
    });
    const failures = results.filter(({ ok }) => !ok);
    if (run.json) {
      const done = results.map(({ step, ok, error }) => ({ ...stepJson(step), ok, error }));
      run.printJson({
        ok: failures.length === 0 && !signal.aborted,
        plan: steps.map(stepJson),
        results: done,
        warnings,
      });
    }
    if (signal.aborted) return EXIT.interrupted;
    if (failures.length === 0) return EXIT.ok;
    return failures.every(({ timedOut }) => timedOut) ? EXIT.noAnswer : EXIT.failed;
  });
}

export function addDiff(program: Command, cli: Cli): void {
  const command = program.command("diff")
    .description("show how the fleet differs from a file; exit code 1 if it does")
    .argument("<FLEET>", "the fleet file")
    .option("--prune", "also report agents that are not in the file");
  cli.connected(command, async (run, operator, file = "") => {
    const prune = isSet(run.options, "prune");
    const { steps: all, warnings } = await planFleet(operator, file, { prune, signal: run.signal });
    const steps = all.filter(isChange);
    warnings.forEach((warning) => warn(run, warning));
    if (run.json) run.printJson({ same: steps.length === 0, plan: steps.map(stepJson), warnings });
    else if (steps.length === 0) run.note("The fleet matches the file");
    for (const step of run.json ? [] : steps) {
      [stepLine(step, run.stdout), ...changeLines(step, run.stdout)].forEach(run.print);
    }
    return steps.length === 0 ? EXIT.ok : EXIT.failed;
  });
}
