/** The demo as its own process, as a reader of the README starts it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { MOSQUITTO } from "../support/brokers.ts";
import { needing } from "../support/programs.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

/** A demo that runs; its lines can be waited for. */
class Demo implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #reading: Promise<void>;
  #stderr = "";
  #wake: () => void = () => {};
  #ended = false;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#reading = Promise.all([this.#readLines(), this.#readStderr()]).then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  static start(args: string[], { env = {}, detached = false, clearEnv = false } = {}): Demo {
    const child = new Deno.Command(Deno.execPath(), {
      // Deno itself tells on stderr what it fetches.
      args: ["run", "--quiet", "-A", DEMO, ...args],
      env: { NO_COLOR: "", ...env },
      clearEnv,
      detached,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Demo(child);
  }

  /** The first line that matches, of those since number `from`. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#ended) {
        throw new Error(`No line like ${pattern} in:\n${this.lines.join("\n")}\n${this.#stderr}`);
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Waits for its end. */
  async end(): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code } = await this.child.status;
    await this.#reading;
    return { code, stdout: this.lines.join("\n"), stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.end();
  }

  async #readLines(): Promise<void> {
    let rest = "";
    for await (const text of this.child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      this.#wake();
    }
  }

  async #readStderr(): Promise<void> {
    for await (const text of this.child.stderr.pipeThrough(new TextDecoderStream())) this.#stderr += text;
  }
}

/** All processes below `pid`, as `/proc` has them. */
async function descendants(pid: number): Promise<number[]> {
  const tasks = await Array.fromAsync(Deno.readDir(`/proc/${pid}/task`), ({ name }) => name);
  const lists = await Promise.all(
    // A thread may have ended meanwhile.
    tasks.map((task) => Deno.readTextFile(`/proc/${pid}/task/${task}/children`).catch(() => "")),
  );
  const children = lists.flatMap((list) => list.split(" ").filter((text) => text.trim() !== "").map(Number));
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, stdout: "null" }).output();
  assert(success, `${program} ${args.join(" ")} failed`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** What is left of the processes when they should have ended. */
async function stillThere(pids: readonly number[]): Promise<number[]> {
  const there = await Promise.all(pids.map((pid) => isThere(`/proc/${pid}`)));
  return pids.filter((_, index) => there[index]);
}

const TIME = String.raw`^\d\d:\d\d:\d\d  `;

Deno.test("demo with --seconds shows readings and heartbeats, ends by itself with 0, and leaves nothing behind", async () => {
  const tmp = await Deno.makeTempDir();
  await using demo = Demo.start(["--seconds", "3"], { env: { TMPDIR: tmp } });
  const { code, stdout, stderr } = await demo.end();
  assertEquals([code, stderr], [0, ""], stdout);
  assertMatch(
    stdout,
    new RegExp(`${TIME}sensors/temperature +\\{"value":[\\d.]+,"unit":"C","node":"demo-node"\\}$`, "m"),
  );
  assertMatch(stdout, new RegExp(`${TIME}agents/temperature_sensor/heartbeat +\\{"state":"running",`, "m"));
  assertMatch(stdout, new RegExp(`${TIME}nodes/demo-node/status +.*"offline"`, "m"));
  assertMatch(stdout, /^The node has ended\. \d+ readings? and \d+ heartbeats? arrived\.$/m);
  // deno-lint-ignore no-control-regex -- colours are what must not be there
  assertEquals(/\x1b/.test(stdout), false);
  assertEquals(await Array.fromAsync(Deno.readDir(tmp), ({ name }) => name), []);
  await Deno.remove(tmp);
});

Deno.test("demo prints the address of a dashboard that shows its node", async () => {
  await using demo = Demo.start([]);
  const [, url = ""] = /Dashboard, with control: (http:\S+)/.exec(await demo.line(/with control: http/)) ??
    [];
  await demo.line(new RegExp(`${TIME}sensors/temperature`));
  const { nodes } = await (await fetch(`${url}api/nodes`)).json();
  assertEquals(nodes.map(({ name, state }: Record<string, string>) => [name, state]), [[
    "demo-node",
    "online",
  ]]);
});

for (const group of [false, true]) {
  const target = group ? "its process group, as by Ctrl-C," : "itself";
  Deno.test(`demo ends cleanly, without orphans, at a SIGINT to ${target}`, async () => {
    await using demo = Demo.start([], { detached: group });
    await demo.line(new RegExp(`${TIME}sensors/temperature`));
    const processes = await descendants(demo.child.pid);
    assertEquals(processes.length, 2, "a node and an agent");
    if (group) Deno.kill(-demo.child.pid, "SIGINT");
    else demo.child.kill("SIGINT");
    const { code, stdout, stderr } = await demo.end();
    assertEquals([code, stderr], [0, ""], stdout);
    assertEquals(await stillThere(processes), []);
  });
}

Deno.test("demo with no deno on PATH runs its node with the deno that runs the demo", async () => {
  const env = { ...Deno.env.toObject(), PATH: "/nonexistent" };
  await using demo = Demo.start([], { env, clearEnv: true });
  await demo.line(new RegExp(`${TIME}sensors/temperature`));
  demo.child.kill("SIGTERM");
  assertEquals((await demo.end()).code, 0);
});

Deno.test("demo fails and says why when its port is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using demo = Demo.start(["--port", String(listener.addr.port), "--seconds", "1"]);
  const { code, stderr } = await demo.end();
  assertEquals(code, 1);
  assertStringIncludes(stderr, `port ${listener.addr.port} is in use`);
  assertStringIncludes(stderr, "demo: the node ended unexpectedly with exit code 1");
});

Deno.test("demo whose agent cannot run fails and names what is missing", async () => {
  const tools = await Deno.makeTempDir();
  // The launcher does not run here, and what stands in for it starts nothing but the `true` that it is tried with.
  const setpriv = '#!/bin/sh\nfor last; do :; done\ntest "$last" = true\n';
  await Deno.writeTextFile(`${tools}/setpriv`, setpriv, { mode: 0o755 });
  await Deno.writeTextFile(`${tools}/perl`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await using demo = Demo.start(["--seconds", "0.5"], { env: { PATH: `${tools}:/usr/bin:/bin` } });
  const { code, stderr } = await demo.end();
  await Deno.remove(tools, { recursive: true });
  assertEquals(code, 1);
  assertMatch(stderr, /^demo: missing: heartbeats of temperature_sensor; readings on sensors\/temperature$/m);
});

Deno.test("demo refuses a bad flag with one line and exit code 2, and helps with --help", async () => {
  await using bad = Demo.start(["--second", "3"]);
  assertEquals(await bad.end(), {
    code: 2,
    stdout: "",
    stderr: "demo: unknown argument '--second': see --help\n",
  });
  await using help = Demo.start(["--help"]);
  const { code, stdout } = await help.end();
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Usage: deno task demo [--seconds N] [--port PORT]");
});

Deno.test({
  ...needing(MOSQUITTO, "every command that the demo suggests works as it is printed"),
  fn: async () => {
    await using demo = Demo.start([]);
    await demo.line(new RegExp(`${TIME}sensors/temperature`));
    const commands = demo.lines.filter((line) => line.startsWith("  mosquitto_pub"));
    const effects = [
      /nodes\/demo-node\/agents .*"temperature_sensor"/,
      /temperature_sensor\/heartbeat .*"paused"/,
      /temperature_sensor\/heartbeat .*"running"/,
      /agents\/hello\/logs .*"hello"/,
      /temperature_sensor\/heartbeat .*"stopped"/,
    ];
    assertEquals(commands.length, effects.length);
    for (const [index, command] of commands.entries()) {
      const from = demo.lines.length;
      await run("sh", "-c", command);
      await demo.line(new RegExp(`${TIME}.*${effects[index]?.source}`), from);
    }
    demo.child.kill("SIGINT");
    assertEquals((await demo.end()).code, 0);
  },
});
