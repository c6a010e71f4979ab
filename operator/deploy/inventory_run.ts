/** Runs `agentflow deploy --inventory`: looks at all devices first, then changes them in waves. */
import { join } from "@std/path";
import { runnerFile } from "../release/bundle.ts";
import { Executor } from "../rollout/executor.ts";
import { inTurns } from "../rollout/in_turns.ts";
import { type GivenRollout, rolloutSettings } from "../rollout/settings.ts";
import { newRollout, type RolloutState } from "../rollout/state.ts";
import { divide, parseWaves } from "../rollout/waves.ts";
import { DeployError, type DeployResult } from "./deploy.ts";
import { DeployWork, MAX_AT_ONCE, type Target } from "./deploy_work.ts";
import type { Wish } from "./desired.ts";
import type { DeployOptions } from "./options.ts";
import { cacheFolder, type DeployIo, deployNode } from "./run.ts";
import { SshError } from "./ssh.ts";

/** A device with its labels, by which waves may choose it. */
export interface Planned {
  readonly options: DeployOptions;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a look at a device has shown. */
export type Look =
  | { readonly kind: "same"; readonly result: DeployResult }
  | { readonly kind: "differs"; readonly result: DeployResult }
  | { readonly kind: "off"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string };

export interface Looked {
  readonly planned: readonly Planned[];
  readonly looks: ReadonlyMap<string, Look>;
}

/** All at once, and every device is tried. */
const AT_ONCE: GivenRollout = { waves: ["rest"], soak: 0, max_failures: 100_000 };

/**
 * Looks at devices, several at once; changes nothing.
 * @throws ConfigError for a file that cannot be read
 */
export async function lookAt(devices: readonly Planned[], io: DeployIo): Promise<Looked> {
  const planned = await withRunner(devices, io);
  const ioOf = ioFor(io);
  const looks = await inTurns(planned, MAX_AT_ONCE, async ({ options }) => {
    const look = await lookOf({ ...options, dryRun: true }, { ...ioOf(options.node), report: () => {} });
    return [options.node, look] as const;
  });
  return { planned, looks: new Map(looks) };
}

async function lookOf(options: DeployOptions, io: DeployIo): Promise<Look> {
  try {
    const result = await deployNode(options, io);
    return { kind: result.action === "planned" ? "differs" : "same", result };
  } catch (error) {
    if (error instanceof SshError) return { kind: "off", why: error.message };
    if (error instanceof DeployError) return { kind: "refused", why: error.message };
    throw error;
  }
}

export interface DeployedAll {
  /** `undefined`: all are up to date. */
  readonly state: RolloutState | undefined;
  readonly results: ReadonlyMap<string, DeployResult>;
}

/**
 * Changes the devices that differ. Who runs this again goes on where it ended: devices that are done do not differ.
 * @param given of several, the later ones count more; none: all at once
 * @throws DeployError if a device must not be changed: none is changed then; the signal's reason
 */
export async function deployAll(
  { planned, looks }: Looked,
  io: DeployIo,
  given: readonly GivenRollout[] | undefined,
  onState: (state: RolloutState) => void,
): Promise<DeployedAll> {
  const refused = [...looks].flatMap(([, look]) => look.kind === "refused" ? [look.why] : []);
  if (refused.length > 0) throw new DeployError(`No device has been changed:\n${refused.join("\n")}`);
  const settings = rolloutSettings(...given ?? [AT_ONCE]);
  const todo = planned.flatMap(({ options, labels }) => {
    const look = looks.get(options.node);
    if (look === undefined || look.kind === "same") return [];
    const before = look.kind === "differs" ? look.result.release : undefined;
    const target: Target = { options, before, isOff: look.kind === "off" };
    return [{ name: options.node, labels, target, isOff: target.isOff }];
  });
  if (todo.length === 0) return { state: undefined, results: new Map() };
  const work = new DeployWork(new Map(todo.map(({ name, target }) => [name, target])), ioFor(io));
  const waves = divide(parseWaves(settings.waves), todo);
  const executor = new Executor(newRollout(waves, settings.limits), {
    work,
    // What is done lies on the devices.
    store: { save: () => Promise.resolve(), takenOver: new Promise<never>(() => {}) },
    signal: io.signal,
    onState,
    overtakenBy: () => undefined,
  });
  executor.feed({ kind: "begin" });
  return { state: await executor.run(), results: work.results };
}

/** The runner is bundled once for all. */
async function withRunner(
  devices: readonly Planned[],
  { env, report }: DeployIo,
): Promise<readonly Planned[]> {
  if (devices.every(({ options }) => options.runner !== undefined)) return devices;
  const cacheDir = join(cacheFolder(env), "agentflow", "deploy");
  await Deno.mkdir(cacheDir, { recursive: true });
  const runner = await runnerFile(join(cacheDir, "agentflow-node.js"), report);
  return devices.map((each) => ({
    ...each,
    options: { ...each.options, runner: each.options.runner ?? runner },
  }));
}

/** Says of which node a line is; files are prepared by one at a time, as several need the same. */
function ioFor(io: DeployIo): (node: string) => DeployIo {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<Wish>) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
  return (node) => ({ ...io, inTurn, report: (line) => io.report(`${node}: ${line}`) });
}
