/** `agentflow rollout`: shows, pauses, resumes and aborts the roll-out of a fleet. */
import type { Command } from "commander";
import { DEFAULT_FLEET } from "../../fleet/fleet_file.ts";
import { sealWords, type TrustedKeys } from "../../fleet/seal.ts";
import { OperationError, type Operator } from "../../operator.ts";
import { takeOver } from "../../rollout/begin.ts";
import type { RunOptions } from "../../rollout/carry_out.ts";
import type { KeptRollout, Rollout } from "../../rollout/record.ts";
import { rolloutJson } from "../../rollout/rollout_json.ts";
import type { RolloutEvent } from "../../rollout/state.ts";
import { giveOrder, readRollout, refuseUnsealed, saveRollout, type SealRule } from "../../rollout/store.ts";
import { RUNNERS, subjectWords } from "../../rollout/subject.ts";
import { isOver, transition } from "../../rollout/transition.ts";
import { takeOverUpgrade } from "../../rollout/upgrade.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { operatorName } from "../operator_name.ts";
import { isSet, nameGiven } from "../options.ts";
import { progressLine, rolloutExit, rolloutLines } from "../render/rollout.ts";
import { showRollout } from "../rollout_run.ts";
import { addSealRule, addTrust, sealRule, trustedKeys } from "../seal_options.ts";
import { oneLine } from "../terminal.ts";

const FLEET = ["[FLEET]", `the name of the fleet, as its file has it (default: ${DEFAULT_FLEET})`] as const;
const UPGRADE = [
  "--upgrade",
  "the roll-out of a runner, begun by 'agentflow upgrade', instead of a fleet's",
] as const;

export function addRollout(program: Command, cli: Cli): void {
  const rollout = program.command("rollout").helpCommand(false)
    .description("a roll-out in waves, of a fleet or a runner: show it, pause it, go on with it, end it");
  addShow(rollout, cli);
  addPause(rollout, cli);
  addResume(rollout, cli);
  addAbort(rollout, cli);
}

function addShow(rollout: Command, cli: Cli): void {
  const command = rollout.command("show", { isDefault: true })
    .description("show how far it is; exit code 5 while it is under way, 1 if it has failed")
    .argument(...FLEET)
    .option(...UPGRADE);
  addTrust(command);
  cli.connected(command, async (run, operator, given) => {
    const rollout = await found(run, operator, given, await trustedKeys(run.options));
    if (run.json) run.printJson({ ...rolloutJson(rollout), signed: rollout.seal });
    else {
      rolloutLines(rollout).forEach((line) => run.print(oneLine(line)));
      run.note(oneLine(`Signed by: ${sealWords(rollout.seal)}`));
    }
    return rolloutExit(rollout.state);
  });
}

function addPause(rollout: Command, cli: Cli): void {
  const command = rollout.command("pause")
    .description("begin no further wave; the current one goes on to its end")
    .argument(...FLEET)
    .option(...UPGRADE);
  addSealRule(command);
  cli.connected(command, async (run, operator, given) => {
    const rule = await sealRule(run.options, operator);
    const rollout = await unfinished(run, operator, given, rule.trusted);
    const by = await giveOrder(operator, rollout.fleet, { order: "pause", by: operatorName(run) });
    // Nobody carries it out.
    if (by === undefined) {
      // What is saved is signed anew.
      refuseUnsealed(rollout, rule);
      const { seal: _seal, ...kept } = rollout;
      const { state } = transition(rollout.state, { kind: "pause" }, Date.now());
      await saveRollout(operator, { ...kept, state });
    }
    return told(run, rollout, "paused", by);
  });
}

function addResume(rollout: Command, cli: Cli): void {
  const command = rollout.command("resume")
    .description("go on after a pause, or after the machine that carried it out has died")
    .argument(...FLEET)
    .option(...UPGRADE);
  addSealRule(command);
  cli.connected(command, async (run, operator, given) => {
    const rule = await sealRule(run.options, operator);
    const rollout = await unfinished(run, operator, given, rule.trusted);
    const by = await giveOrder(operator, rollout.fleet, { order: "resume", by: operatorName(run) });
    if (by !== undefined) return told(run, rollout, "resumed", by);
    return await goOn(run, operator, rollout, [], rule);
  });
}

function addAbort(rollout: Command, cli: Cli): void {
  const command = rollout.command("abort")
    .description("end it: changed nodes stay as they are, unless --rollback takes all of it back")
    .argument(...FLEET)
    .option(...UPGRADE)
    .option("--rollback", "give the changed nodes their previous state back; also after it was halted");
  addSealRule(command);
  cli.connected(command, async (run, operator, given) => {
    const rule = await sealRule(run.options, operator);
    const reverts = isSet(run.options, "rollback");
    const rollout = await (reverts ? found : unfinished)(run, operator, given, rule.trusted);
    const by = operatorName(run);
    const taken = await giveOrder(operator, rollout.fleet, { order: "abort", by, reverts });
    if (taken !== undefined) return told(run, rollout, "aborted", taken);
    const { state } = rollout;
    if (state.phase.kind === "ended" && (state.phase.how === "done" || state.phase.how === "rolled_back")) {
      throw new OperationError(
        `The roll-out of ${subjectWords(rollout.fleet)} is over: ${
          rollout.fleet === RUNNERS
            ? "'agentflow upgrade --runner FILE' goes back to an earlier one"
            : `'agentflow rollback ${rollout.fleet}' goes back`
        }`,
      );
    }
    return await goOn(run, operator, rollout, [{ kind: "abort", reverts, by, isAlone: true }], rule);
  });
}

async function goOn(
  run: Run,
  operator: Operator,
  rollout: KeptRollout,
  first: readonly RolloutEvent[],
  rule: SealRule,
): Promise<number> {
  const goesOn = rollout.fleet === RUNNERS ? takeOverUpgrade : takeOver;
  const work = (options: RunOptions) => goesOn(operator, rollout, first, { ...options, rule });
  const code = await showRollout(run, rollout, work);
  // Whoever aborts has got what was asked for.
  return first.length > 0 && code === EXIT.failed ? EXIT.ok : code;
}

function told(run: Run, { fleet }: Rollout, what: string, by: string | undefined): number {
  if (run.json) run.printJson({ ok: true, fleet, [what]: true, by });
  else {run.print(
      `The roll-out of ${subjectWords(fleet)} is ${what}${by === undefined ? "" : `; ${by} carries it out`}`,
    );}
  return EXIT.ok;
}

async function found(
  { options }: Run,
  operator: Operator,
  given: string | undefined,
  trusted: TrustedKeys,
): Promise<KeptRollout> {
  const isOfRunners = isSet(options, "upgrade");
  if (isOfRunners && given !== undefined) throw new ConfigError("--upgrade is for runners: name no fleet");
  const subject = isOfRunners ? RUNNERS : nameGiven("FLEET", given ?? DEFAULT_FLEET);
  const rollout = await readRollout(operator, subject, trusted);
  if (rollout !== undefined) return rollout;
  throw new OperationError(`There has been no roll-out of ${subjectWords(subject)}`);
}

async function unfinished(
  run: Run,
  operator: Operator,
  given: string | undefined,
  trusted: TrustedKeys,
): Promise<KeptRollout> {
  const rollout = await found(run, operator, given, trusted);
  if (!isOver(rollout.state)) return rollout;
  throw new OperationError(
    `The roll-out of ${subjectWords(rollout.fleet)} is over: ${progressLine(rollout.state)}`,
  );
}
