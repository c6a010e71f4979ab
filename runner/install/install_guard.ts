/** Limits the resources of installs: packages are untrusted, and so are the sizes they declare. */
import { join } from "@std/path";
import type { Fetch, FetchGuard } from "../../protocol/packages/fetcher.ts";
import { InstallError } from "../../protocol/packages/install_error.ts";
import type { Clock } from "../clock.ts";
import { ProcStats } from "../process/proc_stats.ts";
import { helperWalls } from "../process/walls/plan.ts";
import type { Wrappers } from "../process/wrapper.ts";
import { lstatIfThere } from "../files/durable_file.ts";
import { Slots } from "../turns.ts";

/** Limits of one install. */
export interface InstallLimits {
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly files: number;
  readonly seconds: number;
}

export const INSTALL_LIMITS: InstallLimits = { memoryMb: 512, diskMb: 512, files: 50_000, seconds: 600 };
/** How many installs run at the same time; others wait. */
const AT_ONCE = 2;
const OPEN_FILES = 4096;
/** V8 reserves this much address space at once as soon as a process runs any code; the kernel counts it. */
const RESERVED_MB = 640;
/** Interval between checks of the process; the disk is checked only as often as that takes a small share of the time. */
const INTERVAL_MS = 100;
const SHARE_OF_LOOKING = 4;

/** Where systems keep CA certificates. */
const CERTIFICATES = [
  "/etc/ssl",
  "/etc/pki",
  "/usr/share/ca-certificates",
  "/usr/local/share/ca-certificates",
];
const CERTIFICATE_VARIABLES = ["DENO_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"] as const;

const MIB = 1024 * 1024;
/** Mode bits that other users could exploit: set-uid, set-gid, sticky, and write permission for group and others. */
const FORBIDDEN_BITS = 0o7022;

export interface InstallGuardParts {
  readonly clock: Clock;
  /** The prefix of command lines on this machine. */
  readonly wrappers: () => Promise<Wrappers>;
  readonly limits?: InstallLimits;
}

/** Files that the environment names for Deno, besides those it reads by default. */
function settingsIn({ HOME, ...env }: Readonly<Record<string, string>>): string[] {
  const named = CERTIFICATE_VARIABLES.map((name) => env[name]).filter((path) => path !== undefined);
  return [...named, ...(HOME === undefined ? [] : [join(HOME, ".npmrc")])];
}

/** The size of a folder. */
interface Extent {
  readonly files: number;
  readonly mb: number;
}

export class InstallGuard implements FetchGuard {
  readonly #slots = new Slots(AT_ONCE);
  readonly #stats = new ProcStats();
  readonly limits: InstallLimits;

  constructor(private readonly parts: InstallGuardParts) {
    this.limits = parts.limits ?? INSTALL_LIMITS;
  }

  /** Runs the work of one install when its turn comes. @throws as `work`; the reason of `signal` */
  inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#slots.take(work, signal);
  }

  /** Limits and kernel sandbox: the process reads registry settings and certificates, and writes only the install folder. */
  async wrapper({ cwd, env }: Pick<Fetch, "cwd" | "env">): Promise<readonly string[]> {
    const { memoryMb, diskMb } = this.limits;
    const wrappers = await this.parts.wrappers();
    const read = [...CERTIFICATES, ...settingsIn(env)];
    return wrappers.with(
      { fileBytes: diskMb * MIB, openFiles: OPEN_FILES, dataBytes: (memoryMb + RESERVED_MB) * MIB },
      wrappers.plan((machine) => helperWalls({ read, write: [cwd], fetches: true }, machine)),
    );
  }

  async watch(pid: number, dir: string, signal: AbortSignal): Promise<string | undefined> {
    const { clock } = this.parts;
    const { memoryMb, seconds } = this.limits;
    const startedMs = clock.monotonicMs();
    let lookAgainMs = startedMs;
    while (await clock.sleep(INTERVAL_MS, signal)) {
      const nowMs = clock.monotonicMs();
      if (nowMs - startedMs > seconds * 1000) return `time limit: it was not finished after ${seconds} s`;
      const usedMb = this.#stats.held(pid)?.heldMb ?? 0;
      if (usedMb > memoryMb) return `memory limit: ${usedMb.toFixed(1)} MB used, ${memoryMb} MB allowed`;
      if (nowMs < lookAgainMs) continue;
      const reason = this.#excessOf(await extentOf(dir));
      if (reason !== undefined) return reason;
      lookAgainMs = nowMs + SHARE_OF_LOOKING * (clock.monotonicMs() - nowMs);
    }
    return undefined;
  }

  /**
   * Checks everything an install put into `dir`, and removes permissions of other users.
   * @throws InstallError if a limit is exceeded, or for anything that is neither a file nor a folder
   */
  async settle(dir: string): Promise<void> {
    const reason = this.#excessOf(await extentOf(dir, tame));
    if (reason !== undefined) throw new InstallError(reason);
  }

  #excessOf({ files, mb }: Extent): string | undefined {
    const { diskMb, files: mostFiles } = this.limits;
    if (mb > diskMb) return `disk limit: ${mb.toFixed(1)} MB used, ${diskMb} MB allowed`;
    return files > mostFiles ? `files limit: ${files} files, ${mostFiles} allowed` : undefined;
  }
}

/** @param visit called for each file and folder. Links are not followed */
async function extentOf(
  dir: string,
  visit?: (path: string, info: Deno.FileInfo) => Promise<void>,
): Promise<Extent> {
  let files = 0;
  let bytes = 0;
  const folders = [dir];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await entriesOf(folder)) {
      const path = join(folder, entry.name);
      const info = await lstatIfThere(path);
      if (info === undefined) continue;
      await visit?.(path, info);
      files += 1;
      bytes += info.size;
      if (info.isDirectory) folders.push(path);
    }
  }
  return { files, mb: bytes / MIB };
}

async function tame(path: string, { isFile, isDirectory, mode }: Deno.FileInfo): Promise<void> {
  if (!isFile && !isDirectory) {
    throw new InstallError(`it contains something that is neither a file nor a folder: ${path}`);
  }
  if (mode !== null && (mode & FORBIDDEN_BITS) !== 0) await Deno.chmod(path, mode & 0o7777 & ~FORBIDDEN_BITS);
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    // Temporary files may vanish while an install runs.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
