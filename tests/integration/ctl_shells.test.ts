/** Completions in the shells themselves, and output on a terminal. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctl, ctlCommand } from "../support/ctl.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing, programs } from "../support/programs.ts";

const BASH = programs("bash", "bash");
const FISH = programs("fish", "fish");
const ZSH = programs("zsh", "zsh");
const SCRIPT = programs("script", "script");

/** A folder with a program `agentflow`, a fleet that was seen, and files. */
class ShellFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<ShellFolder> {
    const path = await Deno.makeTempDir({ prefix: "agentflow-shell-" });
    const { program, args } = ctlCommand();
    const script = `#!/bin/sh\nexec ${[program, ...args].join(" ")} "$@"\n`;
    await Deno.writeTextFile(join(path, "agentflow"), script, { mode: 0o755 });
    await Deno.mkdir(join(path, "cache", "agentflow"), { recursive: true });
    const seen = { nodes: ["hall", "attic"], agents: ["sensor", "$(touch evil)"] };
    await Deno.writeTextFile(join(path, "cache", "agentflow", "seen.json"), JSON.stringify(seen));
    await Deno.writeTextFile(join(path, "my agent.ts"), "");
    return new ShellFolder(path);
  }

  async run(shell: string, args: readonly string[]): Promise<string> {
    const { env } = ctlCommand({ XDG_CACHE_HOME: join(this.path, "cache"), TERM: "dumb" });
    const { stdout, stderr } = await new Deno.Command(shell, {
      args: [...args],
      cwd: this.path,
      clearEnv: true,
      env: { ...env, PATH: `${this.path}:${env.PATH}` },
      stdin: "null",
    }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const BASH_SESSION = `
source <(agentflow completions bash)
source <(agentflow completions bash)
complete_words() {
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _agentflow_complete
  echo "$* => $(IFS='|'; echo "\${COMPREPLY[*]}")"
}
complete_words agentflow no
complete_words agentflow spawn x.ts --no
complete_words agentflow spawn x.ts --node ''
complete_words agentflow spawn x.ts --node = h
complete_words agentflow stop ''
complete_words agentflow stop '$(touch evil)' ''
complete_words agentflow spawn my
complete_words agentflow completions ''
`;

Deno.test({
  ...needing(BASH, "bash completes commands, flags, names that were seen, and files; and evaluates nothing"),
  fn: async () => {
    await using folder = await ShellFolder.make();
    const output = await folder.run("bash", ["--norc", "-c", BASH_SESSION]);
    assertEquals(output.trimEnd().split("\n"), [
      "agentflow no => nodes",
      "agentflow spawn x.ts --no => --node|--no-rollback",
      "agentflow spawn x.ts --node  => hall|attic",
      "agentflow spawn x.ts --node = h => hall",
      "agentflow stop  => sensor",
      "agentflow stop $(touch evil)  => sensor",
      "agentflow spawn my => my agent.ts",
      "agentflow completions  => bash|zsh|fish",
    ]);
    const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
    assert(!names.includes("evil"), "what a node is called is no command");
  },
});

Deno.test({
  ...needing(FISH, "fish completes commands, names that were seen, and files"),
  fn: async () => {
    await using folder = await ShellFolder.make();
    const output = await folder.run("fish", [
      "--no-config",
      "-c",
      `agentflow completions fish | source
       complete -C "agentflow migr"; complete -C "agentflow migrate sensor --to "; complete -C "agentflow spawn my"`,
    ]);
    assertMatch(output, /^migrate\t/m);
    assertMatch(output, /^attic\tnode$/m);
    assertMatch(output, /^my(\\)? agent\.ts/m);
  },
});

Deno.test({
  ...needing(ZSH, "zsh completes commands and names that were seen"),
  fn: async () => {
    await using folder = await ShellFolder.make();
    // The functions of the completion system stand in: what it would show, it prints.
    const output = await folder.run("zsh", [
      "-f",
      "-c",
      `compdef() { }; _describe() { print -l -- "\${(@P)2}" }; _files() { print FILES }
       source <(agentflow completions zsh)
       words=(agentflow migr); CURRENT=2; _agentflow_complete
       words=(agentflow spawn x.ts --node ''); CURRENT=5; _agentflow_complete
       words=(agentflow spawn ''); CURRENT=3; _agentflow_complete`,
    ]);
    assertMatch(output, /^migrate:move agents/m);
    assertMatch(output, /^hall:node\nattic:node\n/m);
    assertMatch(output, /FILES/);
  },
});

Deno.test("completions for an unknown shell are refused", async () => {
  const { code, stderr } = await ctl(["completions", "tcsh"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Allowed choices are bash, zsh, fish/);
});

/** A command on a terminal of its own. */
class Typescript implements AsyncDisposable {
  /** With ␛ for ESC. */
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #onOutput: () => void = () => {};

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const command = ctlCommand(env);
    const line = [command.program, ...command.args, ...args].join(" ");
    this.#child = new Deno.Command("script", {
      args: ["-q", "-e", "-c", `stty cols 100 rows 24; exec ${line}`, "/dev/null"],
      clearEnv: true,
      env: { TERM: "xterm", ...command.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** @param text as it is typed */
  async type(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(text));
  }

  async shows(pattern: RegExp): Promise<void> {
    const timeUp = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeUp.reject(new Error(`Nothing like ${pattern}:\n${this.output}`)),
      30_000,
    );
    try {
      while (!pattern.test(this.output)) {
        await Promise.race([new Promise<void>((resolve) => this.#onOutput = resolve), timeUp.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  get code(): Promise<number> {
    return Promise.all([this.#child.status, this.#reading]).then(([{ code }]) => code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.#stdin.close().catch(() => {});
    await this.code;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      this.output += decoder.decode(chunk, { stream: true }).replaceAll("\x1b", "␛");
      this.#onOutput();
    }
  }
}

Deno.test({
  ...needing(
    SCRIPT,
    "on a terminal: colours, a table drawn anew in its place, and a question before everything ends",
  ),
  fn: async (t) => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await using _node = await NodeProcess.start({ port: broker.port, name: "hall" });
    await bus.on("nodes/hall/heartbeat");
    const at = ["--broker", "127.0.0.1", "--port", String(broker.port)];

    await t.step("nodes -w draws the table again when something changes, until Ctrl-C", async () => {
      await using watch = new Typescript(["nodes", "-w", ...at]);
      await watch.shows(/␛\[32monline/);
      await bus.publish("nodes/attic/heartbeat", { node: "attic", agents: ["a", "b"] });
      await watch.shows(/␛\[2A\r␛\[K[^]*attic/);
      await watch.type("\x03");
      assertEquals(await watch.code, 0);
      assert(watch.output.trimEnd().endsWith("␛[?25h"), "the cursor is shown again");
    });

    await t.step("NO_COLOR takes the colours away", async () => {
      await using plain = new Typescript(["nodes", ...at], { NO_COLOR: "1" });
      assertEquals(await plain.code, 0);
      assertMatch(plain.output, /hall +online/);
      // Deno itself may clear its own line first: that is no colour.
      assert(!/␛\[[\d;]*m/.test(plain.output), plain.output);
    });

    await t.step("stop-all does nothing unless the answer is yes", async () => {
      await using no = new Typescript(["stop-all", "hall", ...at]);
      await no.shows(/This ends 1 node for good\. Type yes to continue: /);
      await no.type("no\r");
      assertEquals(await no.code, 1);
      assertMatch(no.output, /Nothing has been stopped/);
      await using yes = new Typescript(["stop-all", "hall", ...at]);
      await yes.shows(/Type yes to continue: /);
      await yes.type("yes\r");
      assertEquals(await yes.code, 0);
      assertMatch(yes.output, /Node 'hall' has ended, with 0 agents/);
    });
  },
});
