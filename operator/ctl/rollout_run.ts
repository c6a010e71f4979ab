/** The flags of a roll-out, and a run of one that shows its progress. */
import { type Command, Option } from "commander";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { listOf, wholeNumber } from "../../protocol/config/values.ts";
import type { FleetPlan } from "../operations/apply.ts";
import type { Operator } from "../operator.ts";
import { type BeginOptions, beginRollout, prepareRollout } from "../rollout/begin.ts";
import type { RunOptions } from "../rollout/carry_out.ts";
import { type GivenRollout, ON_FAILURE, parseTime, rolloutSettings } from "../rollout/settings.ts";
import type { Rollout } from "../rollout/record.ts";
import { rolloutJson } from "../rollout/rollout_json.ts";
import type { RolloutState } from "../rollout/state.ts";
import { subjectArgs } from "../rollout/subject.ts";
import { parseWaves } from "../rollout/waves.ts";
import type { Run } from "./cli.ts";
import { isSet, type Options, text } from "./options.ts";
import { operatorName } from "./operator_name.ts";
import { nodeLines, progressLine, rolloutExit } from "./render/rollout.ts";
import { EXIT } from "./exit_code.ts";
import { stepJson } from "../operations/step_json.ts";
import { resultLine } from "./render/plan.ts";
import { oneLine } from "./terminal.ts";

const GROUP = "Roll-out:";

/** @param file what may ask for waves, too; `null`: nothing else may */
export function addRolloutOptions(command: Command, file: string | null = "the fleet file"): void {
  const options = [
    new Option("--waves <LIST>", "how many nodes have the change after each wave, or labels: 1,10%,50%,rest"),
    new Option(
      "--soak <TIME>",
      "how long each wave is watched before the next one: 60, 90s, 5m, 2h (default: 60)",
    ),
    new Option("--max-failures <NUMBER>", "more failed nodes than this stop it (default: 0)"),
    new Option(
      "--on-failure <WHAT>",
      "leave the changed nodes as they are, or take all of it back (default: halt)",
    )
      .choices(ON_FAILURE),
    ...(file === null ? [] : [new Option("--at-once", `no waves, whatever ${file} says`)]),
  ];
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  command.hook("preAction", (_, acting) => void givenRollout(acting.opts()));
}

/** @returns `undefined` if no flag asks for a roll-out @throws ConfigError */
export function givenRollout(options: Options): GivenRollout | undefined {
  const [waves, soak, failures] = [
    text(options, "waves"),
    text(options, "soak"),
    text(options, "maxFailures"),
  ];
  const onFailure = ON_FAILURE.find((each) => each === text(options, "onFailure"));
  const given: GivenRollout = {
    ...(waves === undefined ? {} : { waves: listOf(waves) }),
    ...(soak === undefined ? {} : { soak }),
    ...(failures === undefined ? {} : { max_failures: wholeNumber("max-failures", failures, 0, 100_000) }),
    ...(onFailure === undefined ? {} : { on_failure: onFailure }),
  };
  if (given.waves !== undefined) parseWaves(given.waves);
  if (soak !== undefined) parseTime(soak);
  if (Object.keys(given).length === 0) return undefined;
  if (isSet(options, "atOnce")) {
    throw new ConfigError("--at-once is for no waves at all: leave the other flags out");
  }
  return given;
}

/** The flags and the file together. @returns `undefined`: all at once */
export function wantedRollout(
  options: Options,
  ofFile: GivenRollout | undefined,
): readonly GivenRollout[] | undefined {
  const given = givenRollout(options);
  if (isSet(options, "atOnce") || (given === undefined && ofFile === undefined)) return undefined;
  return [ofFile ?? {}, given ?? {}];
}

/** Begins a roll-out, and prints its progress. @returns the exit code @throws ConfigError; OperationError */
export async function rollOut(
  run: Run,
  operator: Operator,
  plan: FleetPlan,
  { settings, ...options }: Omit<BeginOptions, "by" | "settings"> & {
    readonly settings: readonly GivenRollout[];
  },
): Promise<number> {
  const prepared = await prepareRollout(operator, plan, {
    ...options,
    settings: rolloutSettings(...settings),
    by: operatorName(run),
  });
  if (prepared === undefined) {
    if (run.json) run.printJson({ ok: true, fleet: plan.fleet, plan: plan.steps.map(stepJson) });
    return EXIT.ok;
  }
  return await showRollout(run, prepared.rollout, (options) => beginRollout(operator, prepared, options));
}

/** Carries a roll-out out, and prints its progress. @returns the exit code */
export async function showRollout(
  run: Run,
  rollout: Rollout,
  work: (options: RunOptions) => Promise<RolloutState>,
): Promise<number> {
  let shown = "";
  const show = (state: RolloutState) => {
    const line = progressLine(state);
    if (line !== shown && state.phase.kind !== "ready" || state.isPaused) run.note(oneLine(line));
    shown = line;
  };
  const onAbort = () =>
    run.tell(
      `It stays where it is: 'agentflow rollout resume ${subjectArgs(rollout.fleet)}' goes on`,
    );
  run.signal.addEventListener("abort", onAbort);
  try {
    const state = await work({
      by: operatorName(run),
      signal: run.signal,
      timeoutMs: run.timeoutMs,
      onStep: (result) => {
        if (!run.json) run.print(resultLine(result, run.stdout));
      },
      onState: show,
    });
    const code = rolloutExit(state);
    if (run.json) run.printJson({ ok: code === 0, ...rolloutJson({ ...rollout, state }) });
    else nodeLines(state).forEach((line) => run.print(oneLine(line)));
    return code;
  } finally {
    run.signal.removeEventListener("abort", onAbort);
  }
}
