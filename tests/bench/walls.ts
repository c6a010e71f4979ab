/**
 * What the kernel's walls cost the start of an agent: `deno run -A tests/bench/walls.ts [ROUNDS]`. Each round starts the
 * harness, which ends at once without an agent, bare, as it starts without walls (setpriv, prlimit, nice), and behind them.
 */
import { join } from "@std/path";
import { NO_PERMISSIONS } from "../../protocol/permissions.ts";
import { installFlags } from "../../runner/install/flags.ts";
import { makeCaches } from "../../runner/process/deno_dir.ts";
import { writeHarness } from "../../runner/process/harness_files.ts";
import { sandboxFlags, type SandboxSpec } from "../../runner/process/permissions.ts";
import { agentWalls } from "../../runner/process/walls/plan.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";

const rounds = Number(Deno.args[0] ?? 60);
const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-walls-bench-" }));
const denoDir = join(dir, "deno");
await makeCaches(denoDir);
const stateFile = join(dir, "agentflow_a_state.json");
for (const path of [stateFile, `${stateFile}.tmp`]) await Deno.writeTextFile(path, "");
const deno = Deno.execPath();
const sandbox: SandboxSpec = {
  broker: { host: "127.0.0.1", port: 1883 },
  stateFile,
  harness: await writeHarness(dir),
  libraries: [],
  importFlags: installFlags(undefined),
  permissions: NO_PERMISSIONS,
  heapMb: 192,
  v8Flags: [],
};
const tenant = { sandbox, stateIsFixed: true, programs: [dir], settings: [], denoDir, kinds: new Map() };
const bounds = { fileBytes: 1024 ** 3, openFiles: 128 };
const [off, on] = await Promise.all(
  [false, true].map((walls) => findWrappers({ deno, workDir: dir, walls })),
);
const fronts = {
  "bare": [],
  "without walls": off?.with(bounds) ?? [],
  "behind walls": on?.with(bounds, on.plan((machine) => agentWalls(tenant, machine))) ?? [],
};

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function startMs(front: readonly string[]): Promise<number> {
  const [program = "", ...args] = [...front, deno, ...sandboxFlags(sandbox), String(Deno.pid)];
  const startedMs = performance.now();
  const { code, stderr } = await new Deno.Command(program, {
    args,
    clearEnv: true,
    cwd: "/",
    env: { DENO_DIR: denoDir, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_WEBGPU_BACKEND: "none" },
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return performance.now() - startedMs;
}

const measured = Object.entries(fronts).map(([name, front]) => ({ name, front, ms: [] as number[] }));
for (const { front } of measured) for (let n = 0; n < 3; n++) await startMs(front);
for (let round = 0; round < rounds; round++) {
  for (const { front, ms } of measured) ms.push(await startMs(front));
}
for (const { name, ms } of measured) {
  ms.sort((a, b) => a - b);
  const at = (share: number) => (ms[Math.floor(ms.length * share)] ?? NaN).toFixed(1);
  print(`${name.padEnd(14)} median ${at(0.5)} ms, fastest quarter ${at(0.25)} ms, fastest ${at(0)} ms`);
}
await Deno.remove(dir, { recursive: true });
