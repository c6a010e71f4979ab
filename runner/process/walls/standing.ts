/** Finds out which of the kernel's walls work on this machine, by starting Deno behind them once. */
import { lookAtMachine, type Machine } from "./machine.ts";
import { agentWalls, OPEN, type Tenant, type Walls } from "./plan.ts";
import { launcherWords } from "./words.ts";

/** The walls that work here. */
export interface Standing {
  readonly machine: Machine;
  /** The version of Landlock's interface; 0 if the kernel has none. */
  readonly landlock: number;
  /** The walls that never work here. */
  readonly open: Partial<Walls>;
  /** What Deno printed when it was started behind them. */
  readonly problem: string | undefined;
}

/** The subset of `walls` that works here. */
export function standingOf({ landlock, open }: Standing, walls: Walls): Walls {
  return {
    ...walls,
    ...(landlock < 1 ? { files: "open" } : {}),
    ...(landlock < 4 ? { ports: "open" } : {}),
    ...open,
  };
}

/** Agents run without any walls. */
export interface NoWalls {
  readonly reason: string;
}

/** The walls of an agent without any grants. */
const NOTHING_GRANTED: Tenant = {
  sandbox: {
    broker: { host: "127.0.0.1", port: 1 },
    stateFile: "/nonexistent/state.json",
    libraries: [],
    permissions: { net: [], read: [], write: [], env: [], sys: [], run: [], ffi: [] },
  },
  stateIsFixed: true,
  programs: [],
  settings: [],
  denoDir: "/nonexistent",
  kinds: new Map(),
};

const WEAKER: readonly Partial<Walls>[] = [
  {},
  { files: "open" },
  { calls: "open" },
  OPEN,
];
const PROBE_BOUNDS = { fileBytes: 1024 ** 3, openFiles: 64 };

/**
 * @param deno its executable
 * @param launcher path of the launcher
 */
export async function tryWalls(deno: string, launcher: string): Promise<Standing | NoWalls> {
  let machine: Machine;
  try {
    machine = await lookAtMachine(deno);
  } catch (error) {
    return { reason: (error as Error).message };
  }
  let problem: string | undefined;
  for (const open of WEAKER) {
    const walls = { ...agentWalls(NOTHING_GRANTED, machine), ...open };
    const words = launcherWords(machine.arch, PROBE_BOUNDS, walls);
    const tried = await run(["perl", launcher, "show=", ...words, "--", machine.deno, "--version"]);
    if (tried.kind === "no perl") return { reason: "perl is not installed (perl-base has all it needs)" };
    if (tried.kind === "works") return { machine, landlock: tried.landlock, open, problem };
    problem ??= tried.problem;
  }
  return { reason: problem ?? "the launcher does not start" };
}

type Tried =
  | { readonly kind: "works"; readonly landlock: number }
  | { readonly kind: "fails"; readonly problem: string }
  | { readonly kind: "no perl" };

async function run([program = "", ...args]: readonly string[]): Promise<Tried> {
  try {
    const { success, code, signal, stdout, stderr } = await new Deno.Command(program, {
      args,
      clearEnv: true,
      cwd: "/",
      stdin: "null",
    }).output();
    if (success) return { kind: "works", landlock: Number.parseInt(new TextDecoder().decode(stdout)) };
    const said = new TextDecoder().decode(stderr).trim().split("\n")[0]?.slice(0, 200);
    return { kind: "fails", problem: said || `it ended with ${signal ?? `code ${code}`}` };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { kind: "no perl" };
    return { kind: "fails", problem: (error as Error).message };
  }
}

/** The walls around agents, in words for the operator; `missing` says why the others do not work, and what helps. */
export function describeWalls(walls: Standing | NoWalls): { standing: string[]; missing: string[] } {
  if ("reason" in walls) return { standing: [], missing: [`none (${walls.reason})`] };
  const { open, problem } = walls;
  const reasons = {
    files: reasonOf(walls, "files", 1, "5.13"),
    "TCP ports": reasonOf(walls, "ports", 4, "6.7"),
    "system calls": open.calls === undefined ? undefined : `Deno does not run behind it: ${problem}`,
  };
  const entries = Object.entries(reasons);
  return {
    standing: entries.flatMap(([wall, reason]) => reason === undefined ? [wall] : []),
    missing: entries.flatMap(([wall, reason]) => reason === undefined ? [] : [`no ${wall} (${reason})`]),
  };
}

function reasonOf(
  { landlock, open, problem }: Standing,
  wall: "files" | "ports",
  needed: number,
  linux: string,
): string | undefined {
  if (open[wall] !== undefined) return `Deno does not run behind it: ${problem}`;
  if (landlock === 0) {
    return "no Landlock: Linux 5.13 or later, with landlock in its list of security modules";
  }
  return landlock < needed ? `Landlock ${landlock}: ${needed} comes with Linux ${linux}` : undefined;
}
