/** What a machine must provide before any agent can run; a failure names its cause and what to do. */
import { join } from "@std/path";
import type { Clock } from "../clock.ts";

/** Enough for the harness and a state file. */
const PROBE_BYTES = 256 * 1024;
const VERSION_PATIENCE_MS = 5000;
/** The first major version that knows the flags of the sandbox. */
const LEAST_MAJOR = 2;

/** A folder that agents need. */
export interface NeededFolder {
  /** What it is for, in the operator's words. */
  readonly what: string;
  readonly flag: "--work-dir" | "--state-dir";
  readonly path: string;
}

/**
 * Makes a folder of the self-test's own in `folder`, and tries there what an agent does: write, rename, read.
 * @returns the path of that folder
 * @throws Error with the cause, and what to do
 */
export async function openFolder({ what, flag, path }: NeededFolder): Promise<string> {
  let own: string | undefined;
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    own = await Deno.makeTempDir({ dir: path, prefix: "agentflow-selftest-" });
    await tryOut(own);
    return own;
  } catch (error) {
    if (own !== undefined) await Deno.remove(own, { recursive: true });
    throw new Error(
      `the ${what} ${path} cannot be written: ${adviceFor(error)}, or choose another with ${flag}`,
    );
  }
}

async function tryOut(folder: string): Promise<void> {
  const [draft, final] = [join(folder, "probe.tmp"), join(folder, "probe")];
  const bytes = new Uint8Array(PROBE_BYTES).fill(0x5a);
  {
    using file = await Deno.open(draft, { write: true, createNew: true });
    for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
    await file.sync();
  }
  await Deno.rename(draft, final);
  const { size } = await Deno.stat(final);
  if (size !== bytes.length) throw new Error(`of ${bytes.length} bytes written, ${size} are there`);
  await Deno.remove(final);
}

function adviceFor(error: unknown): string {
  const { message, code } = error as Error & { code?: string };
  const advice: Readonly<Record<string, string>> = {
    ENOSPC: "free some space on that disk",
    EDQUOT: "free some of your quota",
    EROFS: "that file system is read-only: mount it for writing",
    EACCES: `allow user ${Deno.uid()} to write there`,
    EPERM: `allow user ${Deno.uid()} to write there`,
  };
  return `${message}: ${advice[code ?? ""] ?? "make it a folder that can be written"}`;
}

/**
 * Starts `deno --version`.
 * @returns the version
 * @throws Error with the cause, and what to do
 */
export async function denoVersion(deno: string, clock: Clock): Promise<string> {
  const remedy = "install Deno (npm install -g deno), or name its executable with --deno";
  const { child, answer } = start(deno, remedy);
  using timer = new Timer();
  const late = clock.sleep(VERSION_PATIENCE_MS, timer.signal).then(() => undefined);
  const output = await Promise.race([answer, late]);
  if (output === undefined) {
    child.kill("SIGKILL");
    await answer;
    throw new Error(`${deno} --version does not end within ${VERSION_PATIENCE_MS / 1000} s: ${remedy}`);
  }
  const said = new TextDecoder().decode(output.stdout.length > 0 ? output.stdout : output.stderr);
  const shown = said.replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, 80);
  if (!output.success) {
    const how = output.signal === null ? `exits with code ${output.code}` : `is killed by ${output.signal}`;
    throw new Error(`${deno} --version ${how}${shown === "" ? "" : ` and says "${shown}"`}: ${remedy}`);
  }
  const [, version, major] = /^deno ((\d+)\.\d+\.\d+\S*)/.exec(said) ?? [];
  if (version === undefined) {
    throw new Error(`${deno} is not Deno: its --version prints "${shown}": ${remedy}`);
  }
  if (Number(major) < LEAST_MAJOR) {
    throw new Error(`${deno} is Deno ${version}, too old for agents: ${remedy}`);
  }
  return version;
}

function start(deno: string, remedy: string) {
  try {
    const child = new Deno.Command(deno, {
      args: ["--version"],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    }).spawn();
    return { child, answer: child.output() };
  } catch (error) {
    throw new Error(`${deno} cannot be started: ${(error as Error).message}: ${remedy}`);
  }
}

/** Ends a sleep with the block it was declared in. */
class Timer implements Disposable {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal = this.#controller.signal;
  [Symbol.dispose](): void {
    this.#controller.abort();
  }
}
