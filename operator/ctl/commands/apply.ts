/** `agentflow apply` and `diff`: make the fleet match a file, or show the differences. */
import type { Command } from "commander";
import { readGiven } from "../../../protocol/config/text_file.ts";
import { type FleetPlan, planFleet, planWanted, type StepResult } from "../../operations/apply.ts";
import { applyGeneration } from "../../operations/apply_generation.ts";
import { FleetHead } from "../../operations/claim.ts";
import { isChange } from "../../operations/plan.ts";
import { parsePlan, planText } from "../../operations/saved_plan.ts";
import { selectedNames } from "../../operations/selection.ts";
import { stepJson } from "../../operations/step_json.ts";
import { survey } from "../../operations/survey.ts";
import type { Operator } from "../../operator.ts";
import { agreed } from "../ask.ts";
import { type Cli, type Run, warn } from "../cli.ts";
import { addRolloutOptions, rollOut, wantedRollout } from "../rollout_run.ts";
import { EXIT } from "../exit_code.ts";
import { operatorName } from "../operator_name.ts";
import { isSet, text } from "../options.ts";
import { addNodeSelection, nodeSelection } from "../selection.ts";
import { count } from "../render/units.ts";
import { oneLine } from "../terminal.ts";
import { changeLines, planLines, resultLine, stepLine } from "../render/plan.ts";

export function addApply(program: Command, cli: Cli): void {
  const command = program.command("apply")
    .description(
      "make the fleet match a file: start, replace and move agents; nodes that are off follow later",
    )
    .argument("<FLEET>", "the fleet file (docs/fleet.schema.json), or a plan saved by --out")
    .option("--dry-run", "show the plan, and do nothing")
    .option("--out <PLAN>", "save the plan, and do nothing: 'agentflow apply PLAN' applies just that")
    .option("--message <TEXT>", "why, for the others")
    .option("--prune", "stop agents on the file's nodes that the file does not list, after asking")
    .option("--adopt", "go on from generations that do not follow from each other")
    .option("--yes", "do not ask");
  addRolloutOptions(command);
  cli.connected(command, async (run, operator, file = "") => {
    const { options, signal, stdout } = run;
    const { plan, prune, base } = await planned(run, operator, file);
    const { steps, warnings } = plan;
    warnings.forEach((warning) => warn(run, warning));
    if (!run.json) planLines(steps, stdout).forEach(run.print);
    const out = text(options, "out");
    if (out !== undefined) await save(operator, plan, prune, out);
    if (out !== undefined || isSet(options, "dryRun")) {
      if (run.json) run.printJson({ ok: true, dry_run: true, plan: steps.map(stepJson), warnings });
      return EXIT.ok;
    }
    const stops = steps.filter(({ kind }) => kind === "stop").length;
    if (stops > 0 && !await agreed(run, `This stops ${count(stops, "agent")} that the file does not name`)) {
      run.note("Nothing has been changed");
      return EXIT.failed;
    }
    const message = text(options, "message") ?? "";
    const settings = wantedRollout(options, plan.rollout);
    if (settings !== undefined) {
      return await rollOut(run, operator, plan, { settings, message, prune, base, isRollback: false });
    }
    const { generation, results } = await applyGeneration(operator, plan, {
      ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
      by: operatorName(run),
      message,
      prune,
      adopts: isSet(options, "adopt"),
      base,
      signal,
      onProgress: (step, message) => run.note(`${stepLine(step, { colour: false })}: ${oneLine(message)}`),
      onStep: (result) => {
        if (!run.json) run.print(resultLine(result, stdout));
      },
    });
    const code = signal.aborted ? EXIT.interrupted : exitCodeOf(results);
    if (run.json) {
      run.printJson({
        ok: code === EXIT.ok,
        fleet: plan.fleet,
        generation: generation?.generation,
        plan: steps.map(stepJson),
        results: results.map(({ step, ok, error, pending }) => ({ ...stepJson(step), ok, error, pending })),
        warnings,
      });
    } else if (generation !== undefined) {
      run.note(`Fleet '${plan.fleet}' has generation ${generation.generation}`);
    }
    return code;
  });
}

export function addDiff(program: Command, cli: Cli): void {
  const command = program.command("diff")
    .description("show how the fleet differs from a file; exit code 1 if it does")
    .argument("<FLEET>", "the fleet file")
    .option("--prune", "also report agents that are not in the file");
  addNodeSelection(command);
  cli.connected(command, async (run, operator, file = "") => {
    const prune = isSet(run.options, "prune");
    const { steps: all, warnings } = await planFleet(operator, file, { prune, signal: run.signal });
    const nodes = selectedNames(operator.fleet, nodeSelection(run.options));
    const steps = all.filter((step) => isChange(step) && (nodes?.has(step.node) ?? true));
    warnings.forEach((warning) => warn(run, warning));
    if (run.json) run.printJson({ same: steps.length === 0, plan: steps.map(stepJson), warnings });
    else if (steps.length === 0) run.note("The fleet matches the file");
    for (const step of run.json ? [] : steps) {
      [stepLine(step, run.stdout), ...changeLines(step, run.stdout)].forEach(run.print);
    }
    return steps.length === 0 ? EXIT.ok : EXIT.failed;
  });
}

/** Reports the worst result: a failure, then a missing answer, then a pending step. */
export function exitCodeOf(results: readonly StepResult[]): number {
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.some(({ timedOut }) => !timedOut)) return EXIT.failed;
  if (failed.length > 0) return EXIT.noAnswer;
  return results.some(({ pending }) => pending !== undefined) ? EXIT.pending : EXIT.ok;
}

interface Planned {
  readonly plan: FleetPlan;
  readonly prune: boolean;
  /** For a saved plan: the tag of the generation that it is based on. */
  readonly base: string | undefined;
}

async function planned(run: Run, operator: Operator, file: string): Promise<Planned> {
  const { options, signal } = run;
  const prune = isSet(options, "prune");
  const saved = parsePlan(await readGiven(file), file);
  if (saved === undefined) {
    return { plan: await planFleet(operator, file, { prune, signal }), prune, base: undefined };
  }
  await survey(operator, { signal });
  const plan = await planWanted(operator, saved.fleet, saved.wanted, saved.prune);
  return { plan: { ...plan, rollout: saved.rollout, git: saved.git }, prune: saved.prune, base: saved.base };
}

async function save(
  operator: Operator,
  { fleet, wanted, rollout, git }: FleetPlan,
  prune: boolean,
  path: string,
): Promise<void> {
  using head = await FleetHead.open(operator, fleet);
  const base = (await head.current())?.tag ?? "";
  await Deno.writeTextFile(path, planText({ fleet, base, prune, wanted, rollout, git }), { mode: 0o600 });
}
