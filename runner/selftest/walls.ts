/**
 * Checks that the kernel's walls hold: starts Deno behind them with all permissions, and tries what they must block.
 */
import { join } from "@std/path";
import { NO_PERMISSIONS } from "../../protocol/permissions.ts";
import { makeCaches } from "../process/deno_dir.ts";
import { agentWalls } from "../process/walls/plan.ts";
import { describeWalls } from "../process/walls/standing.ts";
import type { Wrappers } from "../process/wrapper.ts";

export interface WallsPlace {
  readonly deno: string;
  /** Absolute. */
  readonly workDir: string;
  /** Absolute. */
  readonly stateDir: string;
}

const BOUNDS = { fileBytes: 1024 ** 2, openFiles: 64 };

/** The walls that work here, in words for the report, and what is missing. */
export function nameWalls({ walls }: Wrappers): string {
  const { standing, missing } = describeWalls(walls);
  return [...standing, ...missing].join("; ") || "none";
}

/** @throws Error that names a wall that did not hold */
export async function tryThrough(wrappers: Wrappers, { deno, workDir, stateDir }: WallsPlace): Promise<void> {
  const { standing } = describeWalls(wrappers.walls);
  if (standing.length === 0) return;
  const denoDir = join(workDir, "deno");
  const secret = join(stateDir, "walls-secret");
  await Promise.all([makeCaches(denoDir), Deno.writeTextFile(secret, "kept")]);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const attempts: Readonly<Record<string, string>> = {
    "files": `Deno.readTextFileSync(${JSON.stringify(secret)})`,
    "TCP ports": `(await Deno.connect(${
      JSON.stringify({ hostname: "127.0.0.1", port: listener.addr.port })
    })).close()`,
    "system calls": `Deno.kill(Deno.ppid, "SIGCONT")`,
  };
  const tries = standing.map((wall) =>
    `try { ${attempts[wall]}; console.log(${JSON.stringify(wall)}); } catch { /* held */ }`
  );
  const walls = wrappers.plan((machine) =>
    agentWalls({
      sandbox: {
        broker: undefined,
        stateFile: join(stateDir, "none"),
        libraries: [],
        permissions: NO_PERMISSIONS,
      },
      stateIsFixed: true,
      programs: [],
      settings: [],
      denoDir,
      kinds: new Map(),
    }, machine)
  );
  const [program = "", ...args] = [
    ...wrappers.with(BOUNDS, walls),
    deno,
    "eval",
    "--no-config",
    tries.join("\n"),
  ];
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    clearEnv: true,
    cwd: "/",
    env: { DENO_DIR: denoDir, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`Deno does not run behind them: ${text(stderr).slice(0, 200)}`);
  if (text(stdout) !== "") throw new Error(`a refused action was carried out: ${text(stdout)}`);
}
