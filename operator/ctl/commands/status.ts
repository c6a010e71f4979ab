/** `agentflow status`: how far the nodes are with the generation of a fleet, and what has drifted. */
import type { Command } from "commander";
import { planWanted } from "../../operations/apply.ts";
import { applyGeneration } from "../../operations/apply_generation.ts";
import { type FleetStatus, fleetStatus, type NodeProgress } from "../../operations/fleet_status.ts";
import type { Step } from "../../operations/plan.ts";
import { selectedNames } from "../../operations/selection.ts";
import { survey } from "../../operations/survey.ts";
import { DEFAULT_FLEET } from "../../fleet/fleet_file.ts";
import type { Operator } from "../../operator.ts";
import { currentRollout } from "../../rollout/current.ts";
import type { Rollout } from "../../rollout/record.ts";
import { stateOfProgress, statusJson, whyOf } from "../../rollout/status_json.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, nameGiven } from "../options.ts";
import { addNodeSelection, nodeSelection } from "../selection.ts";
import { resultLine } from "../render/plan.ts";
import { rolloutExit, rolloutLines } from "../render/rollout.ts";
import { type Column, table } from "../render/table.ts";
import { duration } from "../render/units.ts";
import { type Colour, oneLine } from "../terminal.ts";
import { operatorName } from "../operator_name.ts";
import { exitCodeOf } from "./apply.ts";

const COLUMNS: readonly Column<NodeProgress>[] = [
  { title: "NODE", text: ({ node }) => node },
  { title: "GENERATION", text: ({ generation }) => String(generation.generation), align: "right" },
  { title: "STATE", text: stateOfProgress, colour: colourOf },
  { title: "WHY", text: whyOf },
];

export function addStatus(program: Command, cli: Cli): void {
  const command = program.command("status")
    .description("show how far the nodes are with what was applied: done, pending, failed, drifted")
    .argument("[FLEET]", `the name of the fleet, as its file has it (default: ${DEFAULT_FLEET})`)
    .option("--reconcile", "start again what was stopped, and put back what was changed, by hand");
  addNodeSelection(command);
  cli.connected(command, async (run, operator, given) => {
    const fleet = nameGiven("FLEET", given ?? DEFAULT_FLEET);
    await survey(operator, { signal: run.signal });
    const nodes = selectedNames(operator.fleet, nodeSelection(run.options));
    const all = await fleetStatus(operator, fleet);
    const status = { ...all, nodes: all.nodes.filter(({ node }) => nodes?.has(node) ?? true) };
    if (isSet(run.options, "reconcile") && status.nodes.some(({ drift }) => drift.length > 0)) {
      return await reconcile(run, operator, status);
    }
    const rollout = await currentRollout(operator, fleet, status.head);
    if (run.json) run.printJson(statusJson(status, rollout));
    else show(run, status, rollout);
    return exitCode(status, rollout);
  });
}

async function reconcile(
  run: Run,
  operator: Operator,
  { fleet, wanted, nodes }: FleetStatus,
): Promise<number> {
  const plan = await planWanted(operator, fleet, wanted, false);
  const isChosen = ({ node }: Step) => nodes.some((each) => each.node === node);
  const chosen = { ...plan, steps: plan.steps.filter(isChosen) };
  const { generation, results } = await applyGeneration(operator, chosen, {
    ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
    by: operatorName(run),
    message: "reconcile",
    prune: false,
    adopts: false,
    signal: run.signal,
    onProgress: () => {},
    onStep: (result) => {
      if (!run.json) run.print(resultLine(result, run.stdout));
    },
  });
  const code = exitCodeOf(results);
  if (run.json) run.printJson({ ok: code === EXIT.ok, fleet, generation: generation?.generation });
  return code;
}

function show(run: Run, { fleet, head, nodes }: FleetStatus, rollout: Rollout | undefined): void {
  if (rollout !== undefined) rolloutLines(rollout).forEach((line) => run.print(oneLine(line)));
  if (head === undefined) return run.note(`Nothing has been applied as fleet '${fleet}'`);
  const why = head.message === "" ? "" : `: ${head.message}`;
  run.print(
    `Fleet '${fleet}', generation ${head.generation} by ${head.by}, ${
      duration(Date.now() / 1000 - head.at)
    } ago${why}`,
  );
  table(COLUMNS, nodes, { colour: run.stdout.colour, width: run.stdout.columns() }).forEach(run.print);
}

/** Failed counts most, then drifted, then pending. */
function exitCode({ nodes }: FleetStatus, rollout: Rollout | undefined): number {
  const states = nodes.map(stateOfProgress);
  const ofRollout = rollout === undefined ? EXIT.ok : rolloutExit(rollout.state);
  if (states.some((state) => state === "failed" || state === "refused" || state === "drifted")) {
    return EXIT.failed;
  }
  return ofRollout === EXIT.ok && states.includes("pending") ? EXIT.pending : ofRollout;
}

function colourOf(progress: NodeProgress): Colour {
  const state = stateOfProgress(progress);
  return state === "done" ? "green" : state === "pending" ? "yellow" : "red";
}
