/** `agentflow history`, `show` and `rollback`: the generations of a fleet that were applied before. */
import type { Command } from "commander";
import { DEFAULT_FLEET } from "../../fleet/fleet_file.ts";
import { type Difference, differences, type PastGeneration } from "../../fleet/history.ts";
import { sealWords } from "../../fleet/seal.ts";
import { planWanted } from "../../operations/apply.ts";
import { applyGeneration } from "../../operations/apply_generation.ts";
import { history, pastGeneration, refuseUnsigned, withStops } from "../../operations/history.ts";
import { stepJson } from "../../operations/step_json.ts";
import { survey } from "../../operations/survey.ts";
import { currentRollout } from "../../rollout/current.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, nameGiven, type Options, text } from "../options.ts";
import { planLines, resultLine } from "../render/plan.ts";
import { type Column, table } from "../render/table.ts";
import { duration } from "../render/units.ts";
import { oneLine } from "../terminal.ts";
import { operatorName } from "../operator_name.ts";
import { addRolloutOptions, rollOut, wantedRollout } from "../rollout_run.ts";
import { addSealRule, addTrust, sealRule, trustedKeys } from "../seal_options.ts";
import { exitCodeOf } from "./apply.ts";

const COLUMNS: readonly Column<PastGeneration>[] = [
  { title: "GENERATION", text: ({ generation }) => String(generation.generation), align: "right" },
  { title: "AGO", text: ({ generation }) => duration(Date.now() / 1000 - generation.at), align: "right" },
  { title: "BY", text: ({ generation }) => generation.by },
  { title: "AGENTS", text: ({ wanted }) => String(wanted.length), align: "right" },
  {
    title: "GIT",
    text: ({ git }) => git === undefined ? "" : `${git.commit.slice(0, 10)}${git.isDirty ? "+" : ""}`,
  },
  { title: "SIGNED BY", text: ({ seal }) => seal.kind === "unsigned" ? "" : sealWords(seal) },
  { title: "MESSAGE", text: ({ generation }) => generation.message },
];
const FLEET = ["[FLEET]", `the name of the fleet, as its file has it (default: ${DEFAULT_FLEET})`] as const;
const SIGNS: Readonly<Record<Difference["kind"], string>> = {
  added: "+",
  changed: "~",
  moved: ">",
  removed: "-",
};

export function addHistory(program: Command, cli: Cli): void {
  const command = program.command("history")
    .description("list the last 20 generations of a fleet: who applied them, when and why")
    .argument(...FLEET);
  addTrust(command);
  cli.connected(command, async (run, operator, given) => {
    const fleet = nameGiven("FLEET", given ?? DEFAULT_FLEET);
    const all = await history(operator, fleet, await trustedKeys(run.options));
    if (run.json) run.printJson(all.map(asJson));
    else if (all.length === 0) run.note(`Nothing has been applied as fleet '${fleet}'`);
    else table(COLUMNS, all, { colour: run.stdout.colour, width: run.stdout.columns() }).forEach(run.print);
    return EXIT.ok;
  });
}

export function addShow(program: Command, cli: Cli): void {
  const command = program.command("show")
    .description("show in what a generation of a fleet differs from the one before it")
    .argument(...FLEET)
    .requiredOption("--generation <NUMBER>", "which one");
  addTrust(command);
  cli.connected(command, async (run, operator, given) => {
    const fleet = nameGiven("FLEET", given ?? DEFAULT_FLEET);
    const all = await history(operator, fleet, await trustedKeys(run.options));
    const past = pastGeneration(all, fleet, generationGiven(run.options, "generation"));
    const before = all.find(({ generation }) => generation.generation < past.generation.generation);
    const changes = differences(before?.wanted ?? [], past.wanted);
    if (run.json) run.printJson({ ...asJson(past), changes, agents: past.wanted });
    else {
      run.note(oneLine(`Signed by: ${sealWords(past.seal)}`));
      for (const { kind, node, agent, what } of changes) {
        const words = kind === "changed"
          ? `changed (${what})`
          : kind === "moved"
          ? `moved from ${what}`
          : kind;
        run.print(oneLine(`${SIGNS[kind]} ${node}/${agent}  ${words}`));
      }
      if (changes.length === 0) run.note("It has the same agents as the one before it");
    }
    return EXIT.ok;
  });
}

export function addRollback(program: Command, cli: Cli): void {
  const command = program.command("rollback")
    .description("apply an earlier generation of a fleet again, as a new one")
    .argument(...FLEET)
    .option("--to <NUMBER>", "which one (default: the one before the newest)")
    .option("--dry-run", "show the plan, and do nothing");
  addSealRule(command);
  addRolloutOptions(command);
  cli.connected(command, async (run, operator, given) => {
    const { options, signal, stdout } = run;
    const fleet = nameGiven("FLEET", given ?? DEFAULT_FLEET);
    const { trusted, demands } = await sealRule(options, operator);
    const all = await history(operator, fleet, trusted);
    const past = pastGeneration(all, fleet, generationGiven(options, "to"));
    const { generation: to, wanted } = past;
    if (demands && !isSet(options, "dryRun")) refuseUnsigned(past);
    await survey(operator, { signal });
    const plan = withStops(await planWanted(operator, fleet, wanted, false), all[0], operator);
    if (!run.json) planLines(plan.steps, stdout).forEach(run.print);
    if (isSet(options, "dryRun")) {
      if (run.json) {
        run.printJson({ ok: true, dry_run: true, to: to.generation, plan: plan.steps.map(stepJson) });
      }
      return EXIT.ok;
    }
    const message = `rollback to ${to.generation}`;
    const takesBack = text(options, "to") === undefined
      ? (await currentRollout(operator, fleet, all[0]?.generation))?.id
      : undefined;
    const settings = wantedRollout(options, undefined);
    if (settings !== undefined) {
      return await rollOut(run, operator, plan, {
        settings,
        message,
        prune: true,
        isRollback: true,
        takesBack,
      });
    }
    const { generation, results } = await applyGeneration(operator, plan, {
      ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
      by: operatorName(run),
      message,
      // Remove agents that were added after that generation.
      prune: true,
      adopts: false,
      takesBack,
      signal,
      onProgress: () => {},
      onStep: (result) => {
        if (!run.json) run.print(resultLine(result, stdout));
      },
    });
    const code = exitCodeOf(results);
    if (run.json) {
      run.printJson({ ok: code === EXIT.ok, fleet, to: to.generation, generation: generation?.generation });
    } else if (generation !== undefined) run.note(`Fleet '${fleet}' has generation ${generation.generation}`);
    return code;
  });
}

/** @throws ConfigError */
function generationGiven(options: Options, name: string): number | undefined {
  const given = text(options, name);
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  throw new ConfigError(`--${name} must be the number of a generation: current value is '${given}'`);
}

function asJson({ generation, wanted, git, seal }: PastGeneration): Readonly<Record<string, unknown>> {
  const { generation: number, by, at, message } = generation;
  return {
    generation: number,
    by,
    at,
    message,
    count: wanted.length,
    git: git === undefined ? undefined : { commit: git.commit, dirty: git.isDirty },
    signed: seal,
  };
}
