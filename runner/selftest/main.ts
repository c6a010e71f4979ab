/** The self-test: whether this machine can run agents, shown with real ones. Needs no broker and no network. */
import type { Clock } from "../clock.ts";
import type { RunnerConfig } from "../config.ts";
import { NO_DEATH_SIGNAL } from "../process/wrapper.ts";
import { denoVersion, openFolder } from "./preconditions.ts";
import { lifecycle } from "./scenarios/lifecycle.ts";
import { restarts } from "./scenarios/restarts.ts";
import { sandbox } from "./scenarios/sandbox.ts";
import { type Scenario, Stage } from "./stage.ts";
import { Verdicts } from "./verdicts.ts";
import { nameWalls, tryThrough } from "./walls.ts";

export interface SelfTestOptions {
  /** Deno's executable for agents. */
  readonly deno: string;
  readonly config: RunnerConfig;
  readonly clock: Clock;
  /** Writes one line. */
  readonly print: (line: string) => void;
  /** Aborted when an operator does not want to wait for the end. */
  readonly interrupted: AbortSignal;
}

const SCENARIOS: readonly Scenario[] = [...lifecycle, ...restarts, ...sandbox];

/** Time limit for one scenario, in milliseconds: a slow device takes a second to start an agent. */
const SCENARIO_MS = 6000;
/** Time limit for all scenarios; ending an agent that hangs takes 3 s more. */
const ALL_SCENARIOS_MS = 11_000;
/** Usual time for `deno --version`, in milliseconds; a machine that takes n times as long gets n times the limits. */
const USUAL_START_MS = 20;
/** An emulated machine needs ten times the usual time. */
const MAX_SLOWNESS = 20;

/**
 * Runs the self-test: one `PASS` or `FAIL` line for each check, then `N passed, N failed`.
 * @returns the exit code
 */
export async function selfTest(options: SelfTestOptions): Promise<number> {
  const verdicts = new Verdicts(options.print);
  await using folders = new AsyncDisposableStack();
  const prepared = await prepare(options, verdicts, folders);
  if (prepared !== undefined) await runAll(prepared, options, verdicts);
  return verdicts.close();
}

interface Prepared {
  readonly stage: Stage;
  /** How many times more patience this machine needs than a usual one. */
  readonly slowness: number;
}

/** Checks what agents need; `undefined` when something is missing: trying agents then would only hide the cause. */
async function prepare(
  { deno, config, clock }: SelfTestOptions,
  verdicts: Verdicts,
  folders: AsyncDisposableStack,
): Promise<Prepared | undefined> {
  const open = async (what: string, flag: "--work-dir" | "--state-dir", path: string) => {
    const own = await openFolder({ what, flag, path });
    folders.defer(() => Deno.remove(own, { recursive: true }));
    return own;
  };
  const workDir = await verdicts.of(
    "work folder: can be written",
    () => open("work folder", "--work-dir", config.workDir),
  );
  const stateDir = await verdicts.of(
    "state folder: can be written",
    () => open("state folder", "--state-dir", config.stateDir),
  );
  const startedMs = clock.monotonicMs();
  const version = await verdicts.of("deno: starts", () => denoVersion(deno, clock));
  const slowness = Math.min(MAX_SLOWNESS, Math.max(1, (clock.monotonicMs() - startedMs) / USUAL_START_MS));
  if (workDir === undefined || stateDir === undefined || version === undefined) return undefined;
  const { heapMb, stateBytes, hangTimeoutMs, walls } = config;
  return {
    stage: new Stage({ deno, workDir, stateDir, heapMb, stateBytes, hangTimeoutMs, walls, clock }),
    slowness,
  };
}

async function runAll(
  { stage, slowness }: Prepared,
  options: SelfTestOptions,
  verdicts: Verdicts,
): Promise<void> {
  await using _ended = stage;
  await checkKernel(stage, verdicts);
  using all = new Deadline(options.clock, ALL_SCENARIOS_MS * slowness, options.interrupted);
  for (const scenario of SCENARIOS) {
    const played = await verdicts.of(scenario.name, async () => {
      if (all.signal.aborted) throw new Error(`not tried: ${all.signal.reason}`);
      using own = new Deadline(options.clock, SCENARIO_MS * slowness, all.signal);
      await stage.play(scenario, own.signal);
      return true;
    });
    // Where not even the first, a stable agent, can run, all others would fail for the same reason.
    if (played === undefined && scenario === SCENARIOS[0]) return;
  }
}

/**
 * Reports which kernel walls work here; fails if one does not hold. If no agent can run, the first scenario reports
 * why.
 */
async function checkKernel(stage: Stage, verdicts: Verdicts): Promise<void> {
  const wrappers = await stage.wrappers().catch(() => undefined);
  if (wrappers === undefined) return;
  if (!wrappers.endWithRunner) verdicts.note(NO_DEATH_SIGNAL);
  await verdicts.of(`walls of the kernel: ${nameWalls(wrappers)}`, () => tryThrough(wrappers, stage));
}

/** Aborts `signal` when the time is up, or `outer` is aborted. */
class Deadline implements Disposable {
  readonly #time = new AbortController();
  readonly #over = new AbortController();
  readonly signal: AbortSignal;

  constructor(clock: Clock, ms: number, outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#time.signal]);
    void clock.sleep(ms, this.#over.signal).then((passed) => {
      if (passed) this.#time.abort(`time is up after ${Math.round(ms / 1000)} s`);
    });
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
