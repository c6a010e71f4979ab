/** `agentflow chat` as its own process: one sentence, lines from a file, and a real terminal. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/brokers.ts";
import { ModelServer } from "../support/model_server.ts";
import { BOARD, withSys } from "../support/made_up_sys.ts";
import { policed } from "../support/policed.ts";
import { Stage } from "../support/stage.ts";
import { needing, programs } from "../support/programs.ts";

const MAIN = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ctl = (port: number, ...args: string[]) => run(port, args);

/** Says it to the chat. */
const chat = (port: number, args: readonly string[], given?: Given) => run(port, ["chat", ...args], given);

interface Given {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs it to its end, without a terminal. */
async function run(
  port: number,
  args: readonly string[],
  { input = "", env = {} }: Given = {},
): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args, "--broker", "127.0.0.1", "--port", String(port)],
    cwd: ROOT,
    env: { XDG_CONFIG_HOME: "/nonexistent", XDG_STATE_HOME: "/nonexistent", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("what nobody agrees to is not done, and that is said: in JSON, and by the exit code", async () => {
  await using here = await policed({});
  const { port } = here.broker;
  const sentence = "stop agent kitchen-sensor";
  const one = await chat(port, ["--json", sentence]);
  const { ok, declined, error, plan } = JSON.parse(one.stdout);
  assertEquals([one.code, ok, declined, plan.kind], [1, false, true, "stop"]);
  assertMatch(error, /--yes agrees to everything/);
  const lines = await chat(port, ["--json"], { input: `list nodes\n${sentence}\nmake tea\n` });
  assertEquals([lines.code, lines.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).ok)], [
    1,
    [true, false, false],
  ]);
  assertEquals((await chat(port, [], { input: `${sentence}\n` })).code, 1);
  assertEquals((await chat(port, [], { input: "list nodes\n" })).code, 0);
  const silent = await chat(port, []);
  assertEquals(silent.code, 2);
  assertMatch(silent.stderr, /Nothing was said: give a sentence, or one on each line of stdin/);
});

Deno.test("without a model a sentence spawns, asks about, and stops an agent of a template", async () => {
  await using here = await policed({ permissions: { sys: ["cpus", "loadavg", "systemMemoryInfo"] } });
  const { port } = here.broker;
  const say = (...args: string[]) => chat(port, args);
  const spawned = await say(
    "spawn a cpu agent on test-node every second as usage, publishing to my/usage",
    "--yes",
  );
  assertEquals([spawned.code, spawned.stdout], [0, "Agent 'usage' runs on test-node\n"]);
  assertStringIncludes(
    spawned.stderr,
    "Understood: Spawn agent 'usage' from template 'cpu_memory' on node 'test-node', every 1 s, with topic = \"my/usage\"",
  );
  assertStringIncludes(spawned.stderr, 'permissions: {"sys":["cpus","loadavg","systemMemoryInfo"]}');
  assertStringIncludes(spawned.stderr, "Deno.systemMemoryInfo()");
  await here.bus.on("my/usage");

  const listed = await say("what is running on test-node?");
  assertEquals(listed.code, 0);
  assertMatch(
    listed.stdout,
    /^AGENT +NODE +STATE +DESCRIPTION\nusage +test-node +running +Publishes how busy/,
  );
  const unsure = await say("stop", "usage");
  assertEquals(unsure.code, 1);
  assertStringIncludes(unsure.stderr, "There is no one to ask");
  const stopped = await say("stop usage", "--yes");
  assertEquals([stopped.code, stopped.stdout], [0, "Agent 'usage' is stopped on test-node\n"]);
});

Deno.test("what is not understood does nothing, and says what can be said", async () => {
  await using stage = await Stage.set();
  const from = stage.bus.mark();
  const { code, stderr, stdout } = await chat(stage.broker.port, ["deploy a camera to test-node", "--yes"]);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "Not understood: I don't know the word 'camera'");
  assertStringIncludes(stderr, "deploy node NAME to USER@HOST with broker HOST");
  assertEquals(stage.bus.messages.slice(from).filter(({ topic }) => topic.endsWith("/spawn")), []);
});

Deno.test("a refusal of the node is told, and is a failure; what can be simulated is offered so", async () => {
  const names = Array.from({ length: 28 }, (_, line) => `GPIO${line}\0`).join("");
  await withSys({ "bus/gpio/devices/gpiochip0/of_node/gpio-line-names": names }, async ({ root }) => {
    await using here = await policed(undefined, ["--sys", root]);
    const say = (sentence: string) => chat(here.broker.port, [sentence, "--yes"]);
    const door = "spawn an agent on test-node that reads the door sensor every 30 seconds";
    const refused = await say(door);
    assertEquals(refused.code, 1);
    assertMatch(
      refused.stdout,
      /^Failed: Cannot spawn 'door-test-node': devices\.gpio 'GPIO17' is not allowed.*"gpio": \["GPIO17"\].*made-up readings/,
    );
    const absent = await say(`${door} on gpio 40`);
    assertMatch(absent.stdout, /devices\.gpio 'GPIO40': there is no such line; gpiochip0 has GPIO0, GPIO1,/);
    const simulated = await say(/readings: (deploy .*) \(/.exec(absent.stdout)?.[1] ?? "");
    assertEquals([simulated.code, simulated.stdout], [0, "Agent 'door-test-node' runs on test-node\n"]);
    assertEquals((await here.bus.on("sensors/door")).json.simulated, true);
    const listed = await ctl(here.broker.port, "devices", "test-node", "--json");
    const { sensors, devices: lines } = JSON.parse(listed.stdout);
    assertEquals([sensors, lines.length, lines[17]], [[], 28, {
      node: "test-node",
      kind: "gpio",
      device: "gpiochip0:17",
      name: "GPIO17",
      agent: null,
      problem: { code: "hidden" },
      path: "/dev/gpiochip0",
    }]);
  });
});

Deno.test("a temperature sensor agent is deployed where there is a sensor, and offered as a simulation elsewhere", async () => {
  const humid = /humidity/;
  const dry = Object.fromEntries(Object.entries(BOARD).filter(([path]) => !humid.test(path)));
  await withSys(dry, async ({ root }) => {
    await using stage = await Stage.set({ args: ["--sys", root] });
    const say = (sentence: string) => chat(stage.broker.port, [sentence, "--yes"]);
    const spawned = await say("deploy a temperature sensor agent to test-node");
    assertEquals([spawned.code, spawned.stdout], [0, "Agent 'temperature-test-node' runs on test-node\n"]);
    assertEquals((await stage.bus.on("sensors/temperature")).json.value, 21.4);
    const from = stage.bus.mark();
    const missing = await say("spawn a humidity sensor on test-node");
    assertEquals(missing.code, 1);
    assertMatch(
      missing.stdout,
      /^Failed: Node 'test-node' cannot run it: .*it has temperature \(iio\/dht11@4\/temp\)/,
    );
    assertEquals(stage.bus.messages.slice(from).filter(({ topic }) => topic.endsWith("/spawn")), []);
    const [, offer = ""] = /readings: (deploy .*) \(/.exec(missing.stdout) ?? [];
    const simulated = await say(offer);
    assertEquals([simulated.code, simulated.stdout], [0, "Agent 'humidity-test-node' runs on test-node\n"]);
    assertEquals((await stage.bus.on("sensors/humidity")).json.simulated, true);
    const { code, stdout } = await ctl(stage.broker.port, "devices", "test-node");
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^NODE +SENSOR +KIND +UNIT +OF +DRIVER\ntest-node +iio\/dht11@4\/temp +temperature +°C /,
    );
  });
});

Deno.test("lines from a file are answered one after another; commands with a slash need no model", async () => {
  await using stage = await Stage.set();
  await using server = new ModelServer([]);
  const input = ["/nodes", "/agents test-node", "/migrate x", "/what", "/help", "", "/quit", "/nodes"].join(
    "\n",
  );
  const { code, stdout, stderr } = await chat(
    stage.broker.port,
    ["--model", "m", "--model-url", server.url],
    { input },
  );
  assertEquals(code, 1, "two of the lines have led to nothing");
  assertEquals(stdout.match(/^NODE /gm)?.length, 1);
  assertStringIncludes(stdout, "/deploy NODE USER@HOST BROKER");
  assertStringIncludes(stdout, "No agent runs there");
  assertStringIncludes(stderr, "Usage: /migrate AGENT NODE");
  assertStringIncludes(stderr, "There is no /what: /help lists the commands");
  assertEquals(server.requests.length, 0);
});

Deno.test("with a model, set up by a profile with its key in a file, a sentence is planned by it", async () => {
  await using stage = await Stage.set();
  await using server = new ModelServer([
    { text: "Let me see. ", calls: [{ name: "list_nodes", input: {} }] },
    { text: "One node is online: test-node.\u001b[2J" },
  ]);
  const dir = await Deno.makeTempDir({ prefix: "agentflow-chat-" });
  try {
    await Deno.mkdir(join(dir, "agentflow"));
    const profile = { model: "some-model", model_url: server.url, model_key_file: "key" };
    await Deno.writeTextFile(
      join(dir, "agentflow", "config.json"),
      JSON.stringify({ default: "home", profiles: { home: profile } }),
    );
    await Deno.writeTextFile(join(dir, "agentflow", "key"), "sk-secret\n", { mode: 0o644 });
    const env = { XDG_CONFIG_HOME: dir };
    const open = await chat(stage.broker.port, ["which nodes are well?"], { env });
    assertEquals(open.code, 2);
    assertMatch(open.stderr, /other users have access to .*chmod 600/);
    await Deno.chmod(join(dir, "agentflow", "key"), 0o600);
    const { code, stdout, stderr } = await chat(stage.broker.port, ["which nodes are well?"], { env });
    assertEquals([code, stdout], [0, "Let me see. \nOne node is online: test-node.\uFFFD[2J\n"]);
    assertStringIncludes(stderr, "list_nodes");
    assertEquals(server.requests.map(({ authorization, body }) => [authorization, body.model]), [
      ["Bearer sk-secret", "some-model"],
      ["Bearer sk-secret", "some-model"],
    ]);
    assertEquals(`${stdout}${stderr}`.includes("sk-secret"), false);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a model that cannot be reached is said, with where it was looked for", async () => {
  await using stage = await Stage.set();
  const args = ["hello", "--model", "m", "--model-url", `http://127.0.0.1:${freePort()}/v1`];
  const { code, stderr } = await chat(stage.broker.port, args);
  assertEquals(code, 1);
  assertMatch(stderr, /The model's server at http:\/\/127\.0\.0\.1:\d+ has failed/);
  const keyless = await chat(stage.broker.port, ["hello", "--model", "m", "--model-provider", "anthropic"], {
    env: { ANTHROPIC_API_KEY: "", AGENTFLOW_MODEL_KEY: "" },
  });
  assertEquals(keyless.code, 2);
  assertMatch(keyless.stderr, /needs a key: --model-key-file, or \$ANTHROPIC_API_KEY/);
});

Deno.test("with --read-only nothing is changed, whoever plans", async () => {
  await using stage = await Stage.set();
  await using server = new ModelServer([{ text: "I only look." }]);
  const plain = await chat(stage.broker.port, ["stop x", "--read-only", "--yes"]);
  assertEquals(plain.code, 1);
  assertStringIncludes(plain.stderr, "--read-only does not allow changes");
  await chat(stage.broker.port, [
    "stop x",
    "--read-only",
    "--yes",
    "--model",
    "m",
    "--model-url",
    server.url,
  ]);
  const tools = server.requests[0]?.body.tools.map((tool: { function: { name: string } }) =>
    tool.function.name
  );
  assertEquals(tools.sort(), [
    "check_agent",
    "diff_fleet",
    "get_agent",
    "get_fleet",
    "list_agents",
    "list_nodes",
    "read_errors",
    "read_logs",
    "watch_topic",
  ]);
});

/** A terminal of its own for the command, by tmux. */
class Terminal implements AsyncDisposable {
  private constructor(private readonly socket: string) {}

  static async open(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Terminal> {
    const terminal = new Terminal(`agentflow-${crypto.randomUUID()}`);
    const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    await terminal.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      "150",
      "-y",
      "200",
      ...variables,
      ...command,
    );
    return terminal;
  }

  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
    await this.#tmux("send-keys", "Enter");
  }

  async press(key: string): Promise<void> {
    await this.#tmux("send-keys", key);
  }

  /** Waits for the screen to match. */
  async shows(pattern: RegExp): Promise<string> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const screen = await this.#tmux("capture-pane", "-p").catch(() => "");
      if (pattern.test(screen)) return screen;
      if (performance.now() > deadline) {
        throw new Error(`The screen never showed ${pattern}:\n${screen.trim()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It may have ended with its command.
    const pid = await this.#tmux("list-panes", "-F", "#{pane_pid}").catch(() => "");
    await this.#tmux("kill-server").catch(() => {});
    // The command is told to hang up, and still writes what it remembers.
    while (pid !== "" && await Deno.stat(`/proc/${pid.trim()}`).then(() => true, () => false)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #tmux(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", { args: ["-L", this.socket, ...args] })
      .output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }
}

const TMUX = programs("tmux", "tmux");

Deno.test({
  ...needing(
    TMUX,
    "at a terminal it asks before it acts, does nothing after a no, and remembers what was said",
  ),
  fn: async () => {
    await using stage = await Stage.set();
    await stage.spawn({ name: "kept", code: "function setup() {}" });
    const state = await Deno.makeTempDir({ prefix: "agentflow-chat-" });
    const command = [Deno.execPath(), "run", "-A", MAIN, "chat"];
    const broker = ["--broker", "127.0.0.1", "--port", String(stage.broker.port)];
    const env = { XDG_CONFIG_HOME: "/nonexistent", XDG_STATE_HOME: state };
    try {
      {
        await using terminal = await Terminal.open([...command, ...broker], env);
        await terminal.shows(/No model is set[\s\S]*agentflow>/);
        await terminal.type("stop kept");
        await terminal.shows(/Stop an agent \(stop_agent\)\s+name: kept\s+Do this\? \[y\/N\]/);
        await terminal.type("");
        await terminal.shows(/Nothing was done/);
        assertEquals((await stage.list()).get("kept")?.state, "running");
        await terminal.type("stop kept");
        await terminal.shows(/Nothing was done[\s\S]*Do this\? \[y\/N\]/);
        await terminal.type("yes");
        await terminal.shows(/Agent 'kept' is stopped on test-node/);
        await terminal.type("/quit");
        const file = join(state, "agentflow", "chat_history");
        const deadline = performance.now() + 60_000;
        while (!(await Deno.stat(file).then(() => true, () => false)) && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      await using again = await Terminal.open([...command, ...broker], env);
      await again.shows(/agentflow>/);
      await again.press("Up");
      await again.press("Up");
      await again.shows(/agentflow> stop kept/);
      const { mode } = await Deno.stat(join(state, "agentflow", "chat_history"));
      assertEquals((mode ?? 0) & 0o777, 0o600);
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  },
});

Deno.test({
  ...needing(TMUX, "at a terminal Ctrl-C ends what the model is about, and not the conversation"),
  fn: async () => {
    await using stage = await Stage.set();
    await using server = new ModelServer([{ hang: true }, { text: "Here I am again." }]);
    const command = [Deno.execPath(), "run", "-A", MAIN, "chat", "--model", "m", "--model-url", server.url];
    const broker = ["--broker", "127.0.0.1", "--port", String(stage.broker.port)];
    const env = { XDG_CONFIG_HOME: "/nonexistent", XDG_STATE_HOME: "/nonexistent" };
    await using terminal = await Terminal.open([...command, ...broker], env);
    await terminal.shows(/Model: m[\s\S]*agentflow>/);
    await terminal.type("think hard");
    const deadline = performance.now() + 60_000;
    while (server.requests.length === 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await terminal.press("C-c");
    await terminal.shows(/interrupted\s+agentflow>/);
    await terminal.type("hello?");
    await terminal.shows(/Here I am again\./);
    assertEquals(server.requests.length, 2);
  },
});

Deno.test("a sentence that deploys a node goes the way of agentflow deploy, and tells why it could not", async () => {
  await using stage = await Stage.set();
  // Nobody listens there.
  const sentence = `deploy node attic to root@127.0.0.1 port ${freePort()} with broker 127.0.0.1`;
  const { code, stdout, stderr } = await chat(stage.broker.port, [sentence, "--yes"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Understood: Deploy node 'attic' to root@127.0.0.1");
  assertMatch(stdout, /^Failed: .*(refused|ssh)/i);
});
