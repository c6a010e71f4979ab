/** The runner as one file: it does all that the sources do, in an empty folder and without a network. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { packPackage } from "../../operator/release/npm_package.ts";
import { InterpreterStore } from "../../runner/install/python/interpreter.ts";
import { PYODIDE_PACKAGE } from "../../protocol/packages/python/release.ts";
import manifest from "../../deno.json" with { type: "json" };
import { freePort, startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { installGuard } from "../support/install_guard.ts";
import { NodeProcess } from "../support/node_process.ts";
import { NotifyListener } from "../support/notify_listener.ts";
import { succeeds } from "../support/programs.ts";

const folder = await Deno.makeTempDir({ prefix: "agentflow-bundle-test-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const RUNNER = join(folder, "agentflow-node.js");
await bundleRunner(RUNNER);

/** A network namespace of its own has nothing but loopback; not every container allows one. */
const NO_NETWORK = (await succeeds(["unshare", "-rn", "true"]))
  ? ["unshare", "-rn", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"]
  : [];

/** Runs the bundle where there is nothing but itself: no packages in Deno's cache, no network, no sources. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const cwd = await Deno.makeTempDir({ dir: folder });
  const [program = "", ...rest] = [...NO_NETWORK, Deno.execPath(), "run", "-A", RUNNER, ...args];
  const env = { HOME: cwd, DENO_DIR: join(cwd, "deno"), NO_COLOR: "1" };
  const output = await new Deno.Command(program, { args: rest, cwd, env, stdin: "null" }).output();
  const text = new TextDecoder();
  return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
}

Deno.test("bundle says its version, and in its help how it is started", async () => {
  const version = await run("--version");
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, new RegExp(`^agentflow-node ${manifest.version} `));
  const help = await run("--help");
  assertMatch(help.stdout, /^Usage: deno run -A agentflow-node\.js \[--broker HOST\]/m);
});

Deno.test("bundle passes the self-test alone in a folder, without a network", async () => {
  const { code, stdout, stderr } = await run("--test");
  assertEquals([code, stderr], [0, ""], stdout);
  assertMatch(stdout, /^\d+ passed, 0 failed$/m);
});

Deno.test("bundle runs an agent, and keeps the libraries quiet", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  // What the libraries read while they load must be gone by then, in this order of modules too.
  await using node = await NodeProcess.start({ port: broker.port, main: RUNNER, env: { DEBUG: "*" } });
  const code = "export const process = (agent) => agent.publish('seen', agent.recall('n', 0));";
  await node.spawn(bus, { name: "sensor", code });
  assertEquals((await bus.on("seen")).json, 0);
  assertEquals(node.stderr.filter((line) => /mqttjs|aedes/.test(line)), []);
});

Deno.test("bundle runs an agent in Python, from the package it was given where there is no registry", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const archive = join(folder, "pyodide.tgz");
  const draft = await Deno.makeTempDir({ dir: folder });
  const { signal } = new AbortController();
  await packPackage(PYODIDE_PACKAGE, archive, draft, Deno.env.toObject(), signal);
  await using node = await NodeProcess.start({
    port: broker.port,
    main: RUNNER,
    args: ["--pyodide", archive, "--work-dir", join(folder, "python-work")],
    env: { NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/" },
  });
  const code =
    "import sys\n\nasync def process(agent):\n    await agent.publish('seen', sys.version_info[0])\n";
  await bus.publish(`nodes/${node.name}/spawn`, { name: "python", code }, { retain: true });
  const seen = await bus.find("what Python says", ({ topic }) => topic === "seen", 0, 240_000);
  assertEquals(seen.json, 3);
});

Deno.test("a package that is not that of Python's release is refused, with its name", async () => {
  const dir = await Deno.makeTempDir({ dir: folder });
  const archive = join(dir, "other.tgz");
  const packed = new Blob([new Uint8Array(1024)]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(archive, packed);
  const store = new InterpreterStore({ deno: Deno.execPath(), dir, env: {}, archive, guard: installGuard() });
  await assertRejects(
    () => store.ready({ makeSnapshot: "", digest: "x" }, () => {}, new AbortController().signal),
    Error,
    "other.tgz' is from another",
  );
});

Deno.test("bundle loads what only some need: the embedded broker, trust, the outbox on disk", async () => {
  const stateDir = join(folder, "state");
  const { code, stderr } = await run(
    ...["--broker", "embedded", "--trust", join(folder, "missing.json"), "--state-dir", stateDir],
    ...["--outbox", "disk", "--port", String(freePort())],
  );
  // It gets as far as the file that is not there: the module that says so has been loaded.
  assertEquals(code, 2);
  assertMatch(stderr, /embedded broker listens/);
  assertMatch(stderr, /--trust: .*missing\.json/);
});

Deno.test("bundle shows an agent's error with the agent's own lines alone", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port, main: RUNNER });
  const code =
    "export function setup() {\n  throw new Error('no sensor');\n}\nexport const process = () => {};";
  await bus.publish(`nodes/${node.name}/spawn`, { name: "broken", code }, { retain: true });
  const { json } = await bus.find("error", (m) => m.topic.endsWith("/errors") && m.json?.phase === "setup");
  assertEquals(json.traceback, "Error: no sensor\n    at Object.setup (broken.ts:2:9)");
});

Deno.test("bundle tells systemd that it is up, where Deno lets it", async () => {
  await using systemd = await NotifyListener.open();
  const env = { NOTIFY_SOCKET: systemd.path };
  await using node = await NodeProcess.start({ port: 1, main: RUNNER, env });
  await node.logged(/Cannot notify systemd: start the runner with deno run --unstable-net/);
  await using _other = await NodeProcess.start({ port: 1, main: RUNNER, env, flags: ["--unstable-net"] });
  await systemd.until((message) => message.startsWith("READY=1\n"));
});

Deno.test("bundle is the same bytes each time, and says nothing of where it was made", async () => {
  const again = join(folder, "again.js");
  await bundleRunner(again);
  const code = await Deno.readTextFile(again);
  assert(code === await Deno.readTextFile(RUNNER), "two bundles of the same sources differ");
  assert(!code.includes(folder) && !/agentflow-bundle-|\/npm\/registry\./.test(code));
});
