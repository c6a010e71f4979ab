/** Prepares, once per runner, what all agents run on: the harness, the launcher, the kernel's walls. */
import { join } from "@std/path";
import type { Clock } from "./clock.ts";
import { AUDIT_ENV } from "./process/access_requests.ts";
import { closeDenoDir } from "./process/deno_dir.ts";
import { writeHarness } from "./process/harness_files.ts";
import { Launcher } from "./process/launcher.ts";
import { findWrappers, type Wrappers } from "./process/wrapper.ts";

/** What is made ready once per runner. */
export interface Prepared {
  /** The harness' main module. */
  readonly harness: string;
  readonly launcher: Launcher;
  readonly wrappers: Wrappers;
  /** The DENO_DIR of agents without dependencies: no package is ever fetched into it, so none can be loaded from it. */
  readonly bareDenoDir: string;
  /** Makes Deno report what agent code asks its sandbox for. */
  readonly auditEnv: Readonly<Record<string, string>>;
}

export async function prepare(
  { workDir, deno, walls, clock }: {
    /** Absolute. */
    readonly workDir: string;
    /** Deno's executable. */
    readonly deno: string;
    /** Whether the kernel restricts agents in addition to Deno. */
    readonly walls: boolean;
    readonly clock: Clock;
  },
): Promise<Prepared> {
  const bareDenoDir = join(workDir, "deno");
  const [harness, wrappers, auditEnv] = await Promise.all([
    writeHarness(workDir),
    findWrappers({ deno, workDir, walls }),
    findAuditEnv(),
    closeDenoDir(bareDenoDir),
  ]).catch((error) => {
    throw unwritable(workDir, error);
  });
  return { harness, launcher: new Launcher({ deno, clock }), wrappers, bareDenoDir, auditEnv };
}

/** Adds the flag that names another folder to the system's error: in a container, home may be `/`. */
function unwritable(workDir: string, error: unknown): unknown {
  if (!(error instanceof Error) || (error as { code?: unknown }).code === undefined) return error;
  return new Error(
    `Cannot write the agents' packages below '${workDir}': ${error.message}. Give a folder that user ${Deno.uid()} can ` +
      "write to: --work-dir DIR",
    { cause: error },
  );
}

/** Deno does not start if it cannot write its records. */
async function findAuditEnv(): Promise<Prepared["auditEnv"]> {
  try {
    await Deno.stat(AUDIT_ENV.DENO_AUDIT_PERMISSIONS);
    return AUDIT_ENV;
  } catch {
    // For example a container without /dev/stderr.
    return {};
  }
}
