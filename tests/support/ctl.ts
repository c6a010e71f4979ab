/** The command line as its own process, as operators start it. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { fetchEnv } from "../../protocol/packages/env.ts";

const MAIN = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));

// deno-lint-ignore no-explicit-any -- tests look into output of every shape
type Json = any;

export interface CtlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. @throws SyntaxError when it is none */
  readonly json: Json;
}

export interface CtlOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** More flags of Deno's. */
  readonly flags?: readonly string[];
}

/** A home of the tests' own: no profile and no memory of the machine's user gets in. */
export const ctlHome: string = await Deno.makeTempDir({ prefix: "agentflow-home-" });
addEventListener("unload", () => Deno.removeSync(ctlHome, { recursive: true }));

const { HOME, XDG_CACHE_HOME, DENO_DIR, PATH } = Deno.env.toObject();

/** How the program is run, and in which surroundings. */
export function ctlCommand(
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
} {
  const denoDir = DENO_DIR ?? join(XDG_CACHE_HOME ?? join(HOME ?? "/tmp", ".cache"), "deno");
  return {
    program: Deno.execPath(),
    args: ["run", "-A", ...flags, MAIN],
    // Who the registry is, and whom to believe, is the machine's.
    env: { ...fetchEnv(Deno.env.toObject()), PATH: PATH ?? "", HOME: ctlHome, DENO_DIR: denoDir, ...env },
  };
}

/** Runs one command to its end. */
export async function ctl(args: readonly string[], options: CtlOptions = {}): Promise<CtlResult> {
  const process = CtlProcess.start(args, options);
  await process.write(options.stdin ?? "", true);
  const code = await process.code;
  const { stdout, stderr } = process;
  return {
    code,
    stdout,
    stderr,
    get json() {
      return JSON.parse(stdout);
    },
  };
}

/** One that runs until it is told to end. Invariant: it has ended when it has been disposed of. */
export class CtlProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<unknown>;
  #onOutput: () => void = () => {};

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#stdin = child.stdin.getWriter();
    this.#reading = Promise.all([
      this.#read(child.stdout, (text) => this.stdout += text),
      this.#read(child.stderr, (text) => this.stderr += text),
    ]);
  }

  static start(args: readonly string[], { env = {}, cwd, flags }: CtlOptions = {}): CtlProcess {
    const command = ctlCommand(env, flags);
    return new CtlProcess(
      new Deno.Command(command.program, {
        args: [...command.args, ...args],
        env: command.env,
        clearEnv: true,
        ...(cwd === undefined ? {} : { cwd }),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  }

  get code(): Promise<number> {
    return Promise.all([this.#child.status, this.#reading]).then(([{ code }]) => code);
  }

  /** Writes to its stdin; and closes that at the `end`. */
  async write(text: string, end = false): Promise<void> {
    try {
      if (text !== "") await this.#stdin.write(new TextEncoder().encode(text));
      if (end) await this.#stdin.close();
    } catch {
      // It has ended without reading.
    }
  }

  /** Resolves when what it has printed so far matches. */
  async printed(pattern: RegExp, patienceMs = 30_000): Promise<RegExpExecArray> {
    const timeUp = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      timeUp.reject(
        new Error(`Nothing like ${pattern} within ${patienceMs} ms:\n${this.stdout}\n${this.stderr}`),
      );
    }, patienceMs);
    try {
      for (;;) {
        const match = pattern.exec(this.stdout);
        if (match !== null) return match;
        await Promise.race([new Promise<void>((resolve) => this.#onOutput = resolve), timeUp.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it as Ctrl-C does; resolves with its exit code. */
  async interrupt(): Promise<number> {
    this.#child.kill("SIGINT");
    await this.write("", true);
    return await this.code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.write("", true);
    await this.code;
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      take(decoder.decode(chunk, { stream: true }));
      this.#onOutput();
    }
  }
}
