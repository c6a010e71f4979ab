/** Watches the nodes of a fleet, and moves agents whose node is away: each move is a generation of the fleet. */
import { epochIn } from "../../protocol/placement.ts";
import { pause } from "../../protocol/abort.ts";
import { OvertakenError } from "../fleet/head.ts";
import { stateOf } from "../fleet/views.ts";
import { planWanted, type StepResult } from "../operations/apply.ts";
import { applyGeneration } from "../operations/apply_generation.ts";
import { FleetHead } from "../operations/claim.ts";
import { FleetBoard } from "../operations/fleet_board.ts";
import { wantedNow } from "../operations/fleet_status.ts";
import { hearsItself, survey, watchFleet } from "../operations/survey.ts";
import { OperationError, type Operator } from "../operator.ts";
import { Absences, dueMoves, type Failover, type FailoverMove } from "./decide.ts";

export interface WatchedFleet {
  readonly fleet: string;
  readonly failovers: readonly Failover[];
}

export interface WatchdogOptions {
  readonly by: string;
  readonly signal: AbortSignal;
  readonly onMove: (fleet: string, move: FailoverMove) => void;
  readonly onResult: (fleet: string, result: StepResult) => void;
  /** Why nothing could be done now, in words; it is tried again. */
  readonly onProblem: (fleet: string, message: string) => void;
}

/** The longest time between two looks, milliseconds; shorter where an agent is to move sooner. */
const MAX_INTERVAL_MS = 5_000;
const MIN_INTERVAL_MS = 100;
const LOOKS_BEFORE_MOVE = 10;
/** How long an agent may take to start on its new node. */
const TIMEOUT_MS = 120_000;

/** Watches until the signal is aborted. @throws BusError */
export async function watchForFailovers(
  operator: Operator,
  fleets: readonly WatchedFleet[],
  options: WatchdogOptions,
): Promise<void> {
  using _watch = await watchFleet(operator);
  await survey(operator, { signal: options.signal });
  const absences = new Absences();
  const failovers = fleets.flatMap((each) => each.failovers);
  const nodes = new Set(failovers.flatMap((each) => each.nodes));
  const soonestMs = Math.min(...failovers.map(({ afterMs }) => afterMs));
  const intervalMs = Math.max(MIN_INTERVAL_MS, Math.min(MAX_INTERVAL_MS, soonestMs / LOOKS_BEFORE_MOVE));
  while (!options.signal.aborted) {
    if (await hearsItself(operator)) {
      absences.note(nodes, (node) => isThere(operator, node), performance.now());
    } else absences.forget();
    for (const fleet of fleets) {
      if (!options.signal.aborted) await lookAfter(operator, fleet, absences, options);
    }
    await pause(intervalMs, options.signal);
  }
}

function isThere({ fleet }: Operator, node: string): boolean {
  const view = fleet.node(node);
  return view !== undefined && stateOf(view, Date.now()) === "online";
}

async function lookAfter(
  operator: Operator,
  { fleet, failovers }: WatchedFleet,
  absences: Absences,
  options: WatchdogOptions,
): Promise<void> {
  const isAnyAway = failovers.some(({ nodes, afterMs }) =>
    nodes.some((node) => (absences.awayMs(node) ?? 0) >= afterMs)
  );
  if (!isAnyAway) return;
  try {
    // The head is read first: a decision about an older generation is refused.
    const base = await headTag(operator, fleet);
    using board = await FleetBoard.open(operator, fleet);
    const moves = dueMoves(failovers, (agent) => homeOf(board, agent), absences);
    if (moves.length > 0) await move(operator, fleet, { moves, board, base }, options);
  } catch (error) {
    if (error instanceof OvertakenError) return options.onProblem(fleet, `${error.message} (looks again)`);
    if (error instanceof OperationError) return options.onProblem(fleet, error.message);
    throw error;
  }
}

async function headTag(operator: Operator, fleet: string): Promise<string> {
  using head = await FleetHead.open(operator, fleet);
  return (await head.current())?.tag ?? "";
}

/** The node where the agent was placed last. */
function homeOf({ desired }: FleetBoard, agent: string): string | undefined {
  const homes = [...desired].flatMap(([node, { agents }]) =>
    agents.filter(({ name }) => name === agent).map(({ epoch }) => ({ node, epoch: epochIn(epoch) }))
  );
  return homes.toSorted((a, b) => b.epoch - a.epoch)[0]?.node;
}

interface Decision {
  readonly moves: readonly FailoverMove[];
  readonly board: FleetBoard;
  /** The tag of the generation that it is about. */
  readonly base: string;
}

async function move(
  operator: Operator,
  fleet: string,
  { moves, board, base }: Decision,
  { by, signal, onMove, onResult }: WatchdogOptions,
): Promise<void> {
  const moveOf = (agent: string) => moves.find((each) => each.agent === agent);
  const wanted = wantedNow(board).flatMap((each) => {
    const { node, config } = each;
    const its = moveOf(config.name);
    if (its === undefined) return [each];
    // Without its window: an agent whose node is away does not wait for it.
    return its.from === node ? [{ node: its.to, config }] : [];
  });
  const plan = await planWanted(operator, fleet, wanted, false);
  const steps = plan.steps.filter(({ kind, agent }) => kind === "keep" || moveOf(agent) !== undefined);
  await applyGeneration(operator, { ...plan, steps }, {
    by,
    message: moves.map(({ agent, from, to }) => `${agent}: ${from} is away, goes to ${to}`).join("; "),
    // The node that is away stops the agent when it returns, even before it hears of the other one.
    prune: true,
    adopts: false,
    base,
    signal,
    timeoutMs: TIMEOUT_MS,
    onProgress: () => {},
    onStep: (result) => onResult(fleet, result),
    onClaimed: () => moves.forEach((each) => onMove(fleet, each)),
  });
}
