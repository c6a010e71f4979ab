/** A runner as its own process, as operators start it. */
import { fileURLToPath } from "node:url";
import type { Bus, Message } from "./bus.ts";

const MAIN = fileURLToPath(new URL("../../runner/main.ts", import.meta.url));

export interface NodeOptions {
  readonly name?: string;
  readonly port: number;
  /** More command line arguments. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Kept by the caller, to start a node again with what an earlier one has left. */
  readonly stateDir?: string;
  /** The runner's main module, where it is not that of the sources. */
  readonly main?: string;
  /** More flags of Deno's. */
  readonly flags?: readonly string[];
  /** A command in front of Deno's. */
  readonly wrapper?: readonly string[];
  /** Whether it leads a process group of its own, as a command typed into a terminal does. */
  readonly detached?: boolean;
  /** Instead of `deno run -A runner/main.ts`. */
  readonly program?: readonly string[];
}

/** Shared by all nodes of a test run: what is in it can be made anew, and is the same for all. */
const workDir = await Deno.makeTempDir({ prefix: "agentflow-work-" });
addEventListener("unload", () => Deno.removeSync(workDir, { recursive: true }));

/** Invariant: the process has ended when the node is disposed of. */
export class NodeProcess implements AsyncDisposable {
  readonly stderr: string[] = [];
  readonly #reading: Promise<void>;
  readonly #listeners = new Set<(line: string) => void>();

  private constructor(
    readonly name: string,
    readonly stateDir: string,
    readonly workDir: string,
    private readonly ownsStateDir: boolean,
    readonly child: Deno.ChildProcess,
  ) {
    this.#reading = this.#readStderr();
  }

  static async start(options: NodeOptions): Promise<NodeProcess> {
    const name = options.name ?? "test-node";
    const stateDir = options.stateDir ?? await Deno.makeTempDir({ prefix: "agentflow-state-" });
    const runner = options.program ?? [
      Deno.execPath(),
      ...["run", "-A", ...options.flags ?? [], options.main ?? MAIN],
    ];
    const [program = "", ...before] = [...options.wrapper ?? [], ...runner];
    const child = new Deno.Command(program, {
      args: [
        ...before,
        ...options.args?.includes("--broker") ? [] : ["--broker", "127.0.0.1"],
        ...["--port", String(options.port), "--name", name],
        ...["--state-dir", stateDir, "--work-dir", workDir],
        ...options.args ?? [],
      ],
      detached: options.detached ?? false,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { ...options.env },
    }).spawn();
    return new NodeProcess(name, stateDir, workDir, options.stateDir === undefined, child);
  }

  /** What it keeps of itself and its agents. */
  get registry(): string {
    return `${this.stateDir}/agentflow_${this.name}.registry`;
  }

  get pid(): number {
    return this.child.pid;
  }

  /**
   * Resolves when it has ended by itself and all that it logged has been read.
   * @throws Error when it does not end within `patienceMs`
   */
  async exitCode(patienceMs = 30_000): Promise<number> {
    const { promise: impatience, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const last = this.stderr.slice(-15).join("\n");
      reject(new Error(`${this.name} has not ended within ${patienceMs} ms:\n${last}`));
    }, patienceMs);
    try {
      const { code } = await Promise.race([this.child.status, impatience]);
      await this.#reading;
      return code;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Spawns an agent as any client would, and waits until it runs. */
  async spawn(bus: Bus, config: Record<string, unknown> & { name: string }): Promise<Message> {
    const from = bus.mark();
    await bus.publish(`nodes/${this.name}/spawn`, { node: this.name, poll_interval: 0.05, ...config }, {
      retain: true,
    });
    return await bus.find(
      `running heartbeat of ${config.name}`,
      (m) => m.topic.endsWith("/heartbeat") && m.json?.name === config.name && m.json.state === "running",
      from,
    );
  }

  /** Resolves with the first line of its log that matches. */
  async logged(pattern: RegExp, patienceMs = 20_000): Promise<string> {
    const had = this.stderr.find((line) => pattern.test(line));
    if (had !== undefined) return had;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(
          new Error(
            `No log line matches ${pattern} within ${patienceMs} ms:\n${this.stderr.slice(-15).join("\n")}`,
          ),
        );
      }, patienceMs);
      const listener = (line: string) => {
        if (!pattern.test(line)) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(line);
      };
      this.#listeners.add(listener);
    });
  }

  /** Ends the process by `signal`; resolves with its exit status. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    try {
      this.child.kill(signal);
    } catch {
      // It has ended already.
    }
    const status = await this.child.status;
    await this.#reading;
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that does not end must fail its test, not hang it.
    const impatience = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    await this.end("SIGTERM");
    clearTimeout(impatience);
    if (this.ownsStateDir) await Deno.remove(this.stateDir, { recursive: true });
  }

  async #readStderr(): Promise<void> {
    let rest = "";
    for await (const text of this.child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.stderr.push(...lines);
      for (const line of lines) for (const listener of [...this.#listeners]) listener(line);
    }
  }
}
