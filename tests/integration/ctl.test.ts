/** The command line against a node: each command does what it says, and ends with the code that it should. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ctl, CtlProcess } from "../support/ctl.ts";
import { type CtlHere, ctlHere } from "../support/ctl_here.ts";
import { freePort, MOSQUITTO, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { setPasswords } from "../support/documented.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { noteLeftOut } from "../support/left_out.ts";

const folder = await Deno.makeTempDir({ prefix: "agentflow-ctl-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const TICKER = `
async function setup(agent) { agent.persist("starts", agent.recall("starts", 0) + 1); await agent.log("ready"); }
async function process(agent) { await agent.publish("ticks", { from: agent.name }); }
function handle_task(agent, payload) { if (payload.fail) throw new Error("as asked"); return { got: payload }; }`;

async function agentFile(name: string, code: string): Promise<string> {
  const path = join(folder, name);
  await Deno.writeTextFile(path, code);
  return path;
}

/** Does it until it has had its effect: a listener that is not there yet has missed what came before. */
async function again(act: () => Promise<unknown>, isDone: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 30_000;
  while (!isDone()) {
    assert(Date.now() < deadlineMs, "it has had no effect within 30 s");
    await act();
  }
}

interface Scene {
  /** The flags that lead to its broker. */
  readonly at: readonly string[];
  readonly bus: Bus;
  /** Runs a command against the scene's broker, in this process. */
  readonly run: (...args: string[]) => Promise<CtlHere>;
  readonly start: (...args: string[]) => CtlProcess;
}

type Law = (scene: Scene) => Promise<void>;

/** A broker, and how to get to it. */
interface Venue {
  readonly kind: string;
  start(): Promise<AsyncDisposable & { readonly port: number }>;
  readonly credentials: { readonly username?: string; readonly password?: string };
  readonly args: readonly string[];
}

/** Where it is installed, the broker that most have; what differs between brokers is the node's, and tested with it. */
async function venueHere(): Promise<Venue> {
  const embedded = { kind: "the embedded broker", start: () => startEmbedded(), credentials: {}, args: [] };
  if (!MOSQUITTO.isThere) {
    noteLeftOut(MOSQUITTO, "the command line at a mosquitto with a password");
    return embedded;
  }
  await setPasswords(folder, { boss: "hush" });
  const passwordFile = join(folder, "password");
  await Deno.writeTextFile(passwordFile, "hush\n", { mode: 0o600 });
  const start = () => {
    const port = freePort();
    return Mosquitto.configured(port, [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous false",
      `password_file ${join(folder, "passwords")}`,
      "set_tcp_nodelay true",
    ]);
  };
  return {
    kind: "mosquitto with a password",
    start,
    credentials: { username: "boss", password: "hush" },
    args: ["--username", "boss", "--password-file", passwordFile],
  };
}

const VENUE = await venueHere();

/** One broker with its nodes for all laws: what is open between two of them is theirs. */
function laws(area: string, nodes: readonly string[], all: Readonly<Record<string, Law>>): void {
  Deno.test(`${area}, on ${VENUE.kind}`, async (t) => {
    await using broker = await VENUE.start();
    await using bus = await Bus.connectTo(`mqtt://127.0.0.1:${broker.port}`, VENUE.credentials);
    await using running = new AsyncDisposableStack();
    for (const name of nodes) {
      const args = ["--labels", `room=${name}`, ...VENUE.args];
      running.use(await NodeProcess.start({ port: broker.port, name, args }));
      await bus.on(`nodes/${name}/heartbeat`);
    }
    const at = ["--port", String(broker.port), "--broker", "127.0.0.1", ...VENUE.args];
    const scene: Scene = {
      at,
      bus,
      run: (...args) => ctlHere(broker.port, ...args, ...VENUE.args),
      start: (...args) => CtlProcess.start([...args, ...at]),
    };
    for (const [name, law] of Object.entries(all)) {
      await t.step({ name, fn: () => law(scene), sanitizeOps: false, sanitizeResources: false });
    }
  });
}

laws("the command line and one node", ["hall"], {
  "nodes tells at once of a node what its heartbeat says": async ({ run }) => {
    const { code, json } = await run("nodes", "--json");
    assertEquals([code, json.length], [0, 1]);
    const [{ node, state, agents, labels, version }] = json;
    assertEquals([node, state, agents, labels], ["hall", "online", [], { room: "hall" }]);
    assertMatch(version, /^\d/);
  },

  "nodes is a table for people, without colours where no terminal is": async ({ run }) => {
    const { stdout } = await run("nodes");
    assertMatch(stdout, /^NODE {2}STATE {3}AGENTS .*\nhall {2}online +0 /);
    assert(!stdout.includes("\x1b"), "no escape sequences in a pipe");
  },

  "spawn waits until the agent runs": async ({ run }) => {
    const file = await agentFile("ticker.ts", TICKER);
    const { code, stdout } = await run("spawn", file, "--node", "hall", "--poll-interval", "0.1");
    assertEquals([code, stdout], [0, "Agent 'ticker' runs on hall\n"]);
  },

  "spawn of a name that runs is refused, and says what would work": async ({ run }) => {
    const file = await agentFile("ticker.ts", TICKER);
    const { code, stderr, stdout } = await run("spawn", file, "--node", "hall");
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "already runs on hall: --replace replaces it");
  },

  "spawn shows the error and the stack of an agent that fails, with the author's line": async ({ run }) => {
    const file = await agentFile("broken.ts", `// first\nfunction setup() { throw new Error("no sensor"); }`);
    const { code, stderr } = await run("spawn", file, "--node", "hall");
    assertEquals(code, 1);
    assertMatch(stderr, /'broken' failed on hall \(setup\): no sensor/);
    assertMatch(stderr, /at .*broken\.ts:2:\d+/);
  },

  "spawn --json tells the same to programs": async ({ run }) => {
    const file = await agentFile("broken.js", "this is not valid !!!");
    const { code, json, stderr } = await run("spawn", file, "--node", "hall", "--name", "other", "--json");
    assertEquals([code, stderr], [1, ""]);
    const { ok, outcome, agent, phase } = json;
    assertEquals({ ok, outcome, agent, phase }, {
      ok: false,
      outcome: "failed",
      agent: "other",
      phase: "compile",
    });
  },

  "spawn shows that packages are fetched, and why they cannot be": async ({ run }) => {
    const file = await agentFile("needy.ts", "function setup() {}");
    const { code, stderr } = await run("spawn", file, "--node", "hall", "--install", "npm:no spaces allowed");
    assertEquals(code, 1);
    assertMatch(stderr, /Installing npm:no spaces allowed for 'needy'/);
    assertMatch(stderr, /'needy' failed on hall \(install\): .*is not a package/);
  },

  "an update that fails tells that the code before runs again": async ({ run }) => {
    const file = await agentFile("worse.ts", "function process() { throw new Error('worse'); }");
    const { code, json } = await run(
      "spawn",
      file,
      "--node",
      "hall",
      "--name",
      "ticker",
      "--replace",
      "--json",
    );
    assertEquals([code, json.outcome, json.error, json.rolled_back], [1, "failed", "worse", true]);
  },

  "an update that works is told as running": async ({ run }) => {
    const file = await agentFile("ticker.ts", `${TICKER}\n// better`);
    const { code } = await run("spawn", file, "--node", "hall", "--replace", "--poll-interval", "0.1");
    assertEquals(code, 0);
    assertStringIncludes((await run("state", "ticker", "--code")).stdout, "// better");
  },

  "spawn waits no longer than it is told to": async ({ run }) => {
    const file = await agentFile("slow.ts", "async function setup() { await new Promise(() => {}); }");
    const { code, stderr } = await run("spawn", file, "--node", "hall", "--timeout", "1");
    assertEquals(code, 4);
    assertStringIncludes(stderr, "'slow' is not ready on hall yet");
    assertEquals((await run("stop", "slow")).code, 0);
  },

  "spawn takes a whole config, and flags win over it": async ({ run }) => {
    const config = {
      name: "whole",
      code: "function process() {}",
      poll_interval: 9,
      description: "from the file",
    };
    const file = await agentFile("whole.json", JSON.stringify(config));
    assertEquals((await run("spawn", file, "--node", "hall", "--poll-interval", "3")).code, 0);
    const { json } = await run("state", "whole", "--json");
    assertEquals([json.config.poll_interval, json.config.description], [3, "from the file"]);
    assertEquals((await run("delete", "whole")).code, 0);
  },

  "a config that no node would take is told before anything is sent": async ({ run, bus }) => {
    const file = await agentFile("ticker.ts", TICKER);
    const from = bus.mark();
    const { code, stderr } = await run("spawn", file, "--node", "hall", "--poll-interval", "-1");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "poll_interval must be above 0: current value is -1");
    assertEquals(bus.all("nodes/hall/spawn", from), []);
  },

  "agents tells of each where it runs and how": async ({ run }) => {
    const { json } = await run("agents", "--node", "hall", "--json");
    const [{ agent, node, state, publishes }, ...more] = json;
    assertEquals([agent, node, state, publishes], ["ticker", "hall", "running", ["ticks"]]);
    assertEquals(more, []);
  },

  "state shows what an agent has persisted": async ({ run }) => {
    const { code, json } = await run("state", "ticker");
    assertEquals([code, Object.keys(json)], [0, ["starts"]]);
  },

  "call gives the reply; a handler that throws is a failure": async ({ run }) => {
    const good = await run("call", "ticker", '{"x": 1}');
    assertEquals([good.code, good.json], [0, { got: { x: 1 } }]);
    const text = await run("call", "ticker", "plain text");
    assertEquals([text.code, text.json], [0, { got: "plain text" }]);
    const bad = await run("call", "ticker", '{"fail": true}');
    assertEquals([bad.code, bad.json.error], [1, "as asked"]);
  },

  "call reads its payload from a file, and from stdin": async ({ run, at }) => {
    const file = await agentFile("payload.json", "[1, 2]");
    assertEquals((await run("call", "ticker", `@${file}`)).json, { got: [1, 2] });
    assertEquals((await ctl(["call", "ticker", "-", ...at], { stdin: '"piped"' })).json, { got: "piped" });
  },

  "call of a file that is not there is a mistake": async ({ run }) => {
    const { code, stderr } = await run("call", "ticker", "@nowhere.json");
    assertEquals([code, stderr], [2, "agentflow: Cannot read nowhere.json: no such file\n"]);
  },

  "call of nobody ends in time, with its own exit code": async ({ run }) => {
    const { code, json } = await run("call", "nobody", "--timeout", "2", "--json");
    assertEquals([code, json.ok, json.exit_code], [4, false, 4]);
    assertMatch(json.error, /'nobody' did not answer within 2 s/);
  },

  "Ctrl-C ends a command that waits, with the exit code that shells have for it": async ({ start }) => {
    await using waiting = start("call", "nobody", "--timeout", "60");
    await using listening = start("watch", "ticks");
    await listening.printed(/ticks/);
    assertEquals([await listening.interrupt(), await waiting.interrupt()], [0, 130]);
  },

  "pause, resume and restart press an agent's buttons": async ({ run }) => {
    assertEquals((await run("pause", "ticker")).stdout, "Agent 'ticker' is paused on hall\n");
    assertEquals((await run("agents", "--json")).json[0].state, "paused");
    assertEquals((await run("resume", "ticker")).code, 0);
    const before = (await run("state", "ticker")).json.starts;
    const { code, json } = await run("restart", "ticker", "--json");
    assertEquals([code, json], [0, { ok: true, agent: "ticker", node: "hall", command: "restart" }]);
    let after = before;
    const look = async () => after = (await run("state", "ticker")).json.starts;
    await again(look, () => after !== before);
    assertEquals(after, before + 1);
  },

  "what is no valid name goes into no topic": async ({ run, bus }) => {
    const file = await agentFile("ticker.ts", TICKER);
    const from = bus.mark();
    for (const name of ["a b", "+", "a/b", "#", "$(id)", ""]) {
      for (
        const args of [
          ["call", name, "{}", "--timeout=1"],
          ["spawn", file, `--node=${name}`],
          ["spawn", file, `--node=${name}`, "--later"],
        ]
      ) {
        const { code, stderr } = await run(...args);
        assertEquals(code, 2, `${args}: ${stderr}`);
        assertMatch(stderr, /must be 1 to 64 of A-Z|needs a value/);
      }
    }
    assertEquals((await run("logs", "a b")).code, 1);
    assertEquals(bus.messages.slice(from).filter(({ topic }) => /(spawn|task|inspect)$/.test(topic)), []);
  },

  "logs shows what was said last, and ends": async ({ run }) => {
    let text = "";
    await again(async () => text = (await run("logs", "ticker")).stdout, () => text.includes("ready"));
    assertMatch(text, /\d\d:\d\d:\d\d {2}hall\/ticker {2}ready/);
    const { code, stdout } = await run("logs", "hall", "-n", "1", "--json");
    assertEquals([code, stdout.trimEnd().split("\n").length, JSON.parse(stdout).node], [0, 1, "hall"]);
    assertEquals((await run("logs", "ticker", "-n", "0")).stdout, "");
    for (const command of ["logs", "errors"]) {
      const nobody = await run(command, "nobody");
      assertEquals([nobody.code, nobody.stdout], [1, ""]);
      assertMatch(nobody.stderr, /Nothing is known about 'nobody', .*: known: hall, ticker\n$/);
      assertEquals((await run(command, "nobody", "--json")).code, 1);
    }
  },

  "what a node does not remember is said": async ({ bus, run }) => {
    const heartbeat = { node: "old", timestamp: Date.now() / 1000, agents: ["relic"], agent_count: 1 };
    await bus.publish("nodes/old/status", { node: "old", instance: "i", status: "online" }, { retain: true });
    await bus.publish("nodes/old/heartbeat", heartbeat);
    const { code, stderr } = await run("logs", "old");
    assertEquals(code, 0);
    assertMatch(stderr, /No earlier lines from node 'old': it does not answer/);
    await bus.publish("nodes/old/status", "", { retain: true });
  },

  "logs -f shows what is said, of whom it is asked for": async ({ run, start }) => {
    await using logs = start("logs", "ticker", "-f", "--json");
    await using all = start("logs", "-f");
    const count = (text: string) => text.split("ready").length - 1;
    // What was before comes first, and then what is new.
    await again(
      () => new Promise((resolve) => setTimeout(resolve, 50)),
      () => [logs, all].every(({ stdout }) => count(stdout) > 0),
    );
    const before = [logs, all].map(({ stdout }) => count(stdout));
    await again(
      () => run("restart", "ticker"),
      () => [logs, all].every(({ stdout }, index) => count(stdout) > (before[index] ?? 0)),
    );
    const lines = logs.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const { kind, agent, node, level, message } = lines.find((line) => line.message === "ready");
    assertEquals([kind, agent, node, level, message], ["log", "ticker", "hall", "info", "ready"]);
    assertMatch(all.stdout, /\d\d:\d\d:\d\d {2}hall\/ticker {2}ready/);
    assertEquals(await logs.interrupt(), 0);
  },

  "errors shows errors alone, with their stacks": async ({ start, run }) => {
    await using errors = start("errors", "hall", "-f");
    const file = await agentFile("broken.ts", `\n\nfunction setup() { throw new Error("again"); }`);
    await again(() => run("spawn", file, "--node", "hall"), () => errors.stdout.includes("again"));
    // Its node remembers it, though it has ended.
    const { stdout } = await run("errors", "broken");
    assertMatch(stdout, /hall\/broken {2}FATAL {2}setup: again\n[^]*broken\.ts:3:\d+/);
    assertMatch(await errors.printed(/at .*broken\.ts:3:\d+/).then(([all]) => all), /broken/);
    assert(!errors.stdout.includes("Remote agent"), "logs are no errors");
  },

  "watch shows traffic that fits, and ends after a count": async ({ run }) => {
    const { code, stdout } = await run("watch", "ticks", "--count", "2", "--json");
    assertEquals(code, 0);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines, Array(2).fill({ topic: "ticks", retained: false, payload: { from: "ticker" } }));
  },

  "watch and call show whole numbers of any size as they came": async ({ run, bus }) => {
    const id = '{"id":1234567890123456714}';
    await bus.publish("long/number", id, { retain: true });
    const json = await run("watch", "long/number", "--count", "1", "--json");
    assertStringIncludes(json.stdout, `"payload":${id}`);
    assertStringIncludes((await run("watch", "long/number", "--count", "1")).stdout, id);
    bus.listen(({ topic, text, json }) => {
      if (topic !== "agents/by-name/adder/task") return;
      assertStringIncludes(text, `"payload":${id}`);
      void bus.publish(json._reply_topic, id);
    });
    assertStringIncludes((await run("call", "adder", id, "--json")).stdout, id);
    bus.listen(() => {});
  },

  "watch filters by agent, node and text": async ({ run }) => {
    const { stdout } = await run("watch", "--agent", "ticker", "--grep", "MANIFEST", "--count", "1");
    assertMatch(stdout, /agents\/ticker\/manifest +\(kept\) \{"name":"ticker"/);
    const none = await run("watch", "--node", "elsewhere", "--for", "0.3");
    assertEquals([none.code, none.stdout], [0, ""]);
  },

  "watch shows what is kept once, however many filters it fits": async ({ run }) => {
    const { stdout } = await run(
      "watch",
      "nodes/hall/#",
      "nodes/+/status",
      "nodes/hall/status",
      "--for",
      "1",
      "--json",
    );
    const statuses = stdout.split("\n").filter((line) => line.includes('"nodes/hall/status"'));
    assertEquals(statuses.length, 1, stdout);
  },

  "watch refuses what is no filter": async ({ run }) => {
    const { code, stderr } = await run("watch", "a/#/b");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "Cannot watch 'a/#/b'");
  },

  "what is not there is named, with what is": async ({ run }) => {
    const agent = await run("stop", "nobody");
    assertEquals(agent.code, 1);
    assertStringIncludes(
      agent.stderr,
      "None of the nodes that answered runs an agent 'nobody': known: ticker",
    );
    const node = await run("spawn", await agentFile("ticker.ts", TICKER), "--node", "attic");
    assertEquals(node.code, 1);
    assertStringIncludes(node.stderr, "Unknown node 'attic': known: hall");
  },

  "doctor finds nothing where nothing is wrong": async ({ run }) => {
    const { code, json } = await run("doctor", "--json");
    assertEquals([code, json.ok], [0, true]);
    assertEquals(
      json.findings.map(({ status }: { status: string }) => status).filter((s: string) => s !== "ok"),
      [],
    );
    assertStringIncludes(JSON.stringify(json.findings), "does all that this project needs");
  },

  "doctor finds a spawn that nobody takes, and a manifest without its agent": async ({ run, bus }) => {
    await bus.publish("nodes/ghost/spawn", { name: "x" }, { retain: true });
    await bus.publish("agents/some-id/manifest", { name: "gone", node: "hall" }, { retain: true });
    const { code, stdout } = await run("doctor");
    assertEquals(code, 0);
    assertMatch(stdout, /warning {2}node ghost: a spawn command waits for it, but no such node is known/);
    assertMatch(stdout, /warning {2}agent gone: a manifest is retained, but hall does not run it/);
    assertMatch(stdout, /→ .*mosquitto_pub -r -n -t nodes\/ghost\/spawn/);
    await bus.publish("nodes/ghost/spawn", "", { retain: true });
    await bus.publish("agents/some-id/manifest", "", { retain: true });
  },

  "upgrade of a node without --trust is refused, and says what else can be done": async ({ run }) => {
    const runner = await agentFile("runner.js", "console.log(1);");
    const { code, stderr } = await run("upgrade", "hall", "--runner", runner);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /only with --trust, and only signed.* over ssh: agentflow deploy NAME --to USER@HOST --upgrade/,
    );
  },

  "stop-all asks, and does nothing where nobody can be asked": async ({ run }) => {
    const { code, stderr } = await run("stop-all");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "This ends 1 node for good, and there is no one to ask: --yes does it");
    assertEquals((await run("nodes", "--json")).json[0].state, "online");
  },

  "stop-all --yes ends the node": async ({ run, bus }) => {
    const { code, json } = await run("stop-all", "--yes", "--json");
    assertEquals([code, json], [0, [{ ok: true, node: "hall", agents: ["ticker"] }]]);
    await bus.on("nodes/hall/status", (message) => message.json?.status === "offline");
    assertEquals((await run("nodes", "--json")).json[0].state, "offline");
    assertMatch((await run("doctor")).stdout, /warning {2}node hall: offline/);
    assertMatch((await run("logs", "hall")).stderr, /No earlier lines from node 'hall': it is offline/);
    const from = bus.mark();
    for (const command of [["stop-all", "hall", "--yes"], ["upgrade", "hall", "--runner", "x.js"]]) {
      const late = await run(...command);
      assertEquals(late.code, 1);
      assertMatch(late.stderr, /^(agentflow: )?Node 'hall' is offline: start it first\n$/);
    }
    // One that has said that it is off is not even asked.
    assertEquals(bus.messages.slice(from).filter(({ topic }) => /(stop_all|upgrade)$/.test(topic)), []);
    const late = await run("spawn", await agentFile("ticker.ts", TICKER), "--node", "hall");
    assertEquals(late.code, 1);
    assertMatch(late.stderr, /Node 'hall' is offline: start it, or .*: --later\n$/);
  },

  "spawn --later leaves the agent for a node that is off, which starts it when it is back": async (
    { run, bus, at },
  ) => {
    const file = await agentFile("ticker.ts", TICKER);
    const later = (...more: string[]) => run("spawn", file, "--node", "hall", "--later", ...more);
    const { code, json } = await later("--name", "waiter", "--json");
    assertEquals([code, json], [0, { ok: true, outcome: "left", agent: "waiter", node: "hall" }]);
    // The broker keeps one: the first would be lost.
    const second = await later();
    assertEquals(second.code, 1);
    assertStringIncludes(second.stderr, "the broker has a spawn of 'waiter' for it already");
    const again = await later("--name", "waiter");
    assertEquals(
      again.stdout,
      "Agent 'waiter' waits for node 'hall': the broker keeps the spawn until it is there\n",
    );
    await using _node = await NodeProcess.start({ port: Number(at[1]), name: "hall", args: at.slice(4) });
    await bus.on("ticks", ({ json }) => json.from === "waiter");
    // A node that is there is asked, and its answer waited for.
    assertEquals((await later("--name", "present")).stdout, "Agent 'present' runs on hall\n");
  },
});

laws("the command line and two nodes", ["hall", "attic"], {
  "migrate waits until the agent runs on its new node": async ({ run }) => {
    const file = await agentFile("mover.ts", "function setup(agent) { agent.persist('seen', agent.node); }");
    assertEquals((await run("spawn", file, "--node", "hall")).code, 0);
    const { code, json } = await run("migrate", "mover", "--to", "attic", "--json");
    assertEquals([code, json], [0, { ok: true, agent: "mover", from_node: "hall", to_node: "attic" }]);
    assertEquals((await run("agents", "--node", "attic", "--json")).json[0].agent, "mover");
    assertEquals((await run("agents", "--node", "hall", "--json")).json, []);
  },

  "migrate tells why it cannot be": async ({ run }) => {
    const { code, stderr } = await run("migrate", "mover", "--to", "attic");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "Cannot migrate 'mover': it already runs on attic");
    assertMatch(
      (await run("migrate", "mover", "--to", "cellar")).stderr,
      /Unknown node 'cellar': known: attic, hall/,
    );
  },

  "doctor finds two agents of one name, and says what to do": async ({ run, bus }) => {
    const file = await agentFile("mover.ts", "function setup() {}");
    const refused = await run("spawn", file, "--node", "hall");
    assertEquals(refused.code, 1);
    assertStringIncludes(
      refused.stderr,
      "Agent 'mover' runs on attic, and a name is one agent in the whole fleet",
    );
    // Whoever sends it with the same epoch does not ask, and neither of the two yields.
    const { epoch } = (await run("state", "mover", "--json")).json.config;
    const twice = { name: "mover", code: "function setup() {}", epoch, _reply_topic: "main/reply/twice" };
    const started = bus.on("main/reply/twice");
    await bus.publish("nodes/hall/spawn", twice);
    await started;
    const { code, stdout } = await run("doctor");
    assertEquals(code, 1);
    assertMatch(
      stdout,
      /failed {3}agent mover: runs on (hall and attic|attic and hall)\n +→ stop one of them/,
    );
  },
});
