/** `agentflow deploy` against a real sshd on loopback, until an agent runs there. The service manager is a stand-in. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { generateKey, publicHalf } from "../../protocol/signing/issue.ts";
import { startEmbedded, type TestBroker } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { ctl } from "../support/ctl.ts";
import { overStdio } from "../support/mcp_client.ts";
import { isRunning } from "../support/processes.ts";
import { type Need, needing, ROOT, succeeds } from "../support/programs.ts";
import { ofWhom, OPENSSH, SshDevice } from "../support/ssh_device.ts";

const CTL = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));
const cache = await Deno.makeTempDir({ prefix: "agentflow-deploy-test-" });
addEventListener("unload", () => Deno.removeSync(cache, { recursive: true }));

/** Made once: the sources may change while the tests run. */
const RUNNER = join(cache, "agentflow-node.js");
if (OPENSSH.isThere) await bundleRunner(RUNNER);

interface Outcome {
  readonly code: number;
  /** What it printed last, when asked for JSON. */
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly result: any;
  /** All that it said. */
  readonly said: string;
}

/** An operator at their machine, with the device and the broker in reach. */
class Operator {
  constructor(private readonly device: SshDevice, private readonly port: number) {}

  /** `agentflow deploy kitchen --to device …` */
  async deploy(...more: string[]): Promise<Outcome> {
    const broker = `127.0.0.1:${this.port}`;
    return await this.run(
      ...["--broker", broker, "--via", broker, "--timeout", "40", "--runner", RUNNER],
      ...more,
    );
  }

  async run(...more: string[]): Promise<Outcome> {
    const { code, stdout, stderr } = await this.command(...more).output();
    const [printed, noted] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const result = JSON.parse(printed || "null");
    return { code, result, said: `${noted}${result?.error ?? ""}` };
  }

  /** What `agentflow doctor` says of the device, among others. */
  async doctor(): Promise<Outcome["result"]> {
    const { destination } = this.device;
    const args = ["--device", destination, "--broker", `127.0.0.1:${this.port}`];
    const { stdout } = await this.agentflow("doctor", ...args).output();
    return JSON.parse(new TextDecoder().decode(stdout)).findings;
  }

  command(...more: string[]): Deno.Command {
    return this.agentflow("deploy", "kitchen", "--to", this.device.destination, ...more);
  }

  agentflow(command: string, ...more: string[]): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", CTL, command, "--json", "--ssh-config", this.device.sshConfig, ...more],
      env: { XDG_CACHE_HOME: cache, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** A file of the operator's. */
  async file(name: string, text: string, mode = 0o644): Promise<string> {
    const path = join(this.device.folder, name);
    await Deno.writeTextFile(path, text, { mode });
    return path;
  }
}

/** What is in the home of a device that nothing was done to. */
const UNTOUCHED = [".ssh"];

/** In place of Deno, where a test needs no other: small, so that it is there at once. */
function thinDeno({ deno }: SshDevice, operator: Operator): Promise<string> {
  return operator.file("thin-deno", `#!/bin/sh\nexec ${deno} "$@"\n`, 0o755);
}

async function setUp(): Promise<{ broker: TestBroker; device: SshDevice; operator: Operator }> {
  const [broker, device] = await Promise.all([startEmbedded(), SshDevice.start()]);
  return { broker, device, operator: new Operator(device, broker.port) };
}

function withDevice(
  name: string,
  test: (
    parts: { device: SshDevice; operator: Operator; port: number; t: Deno.TestContext },
  ) => Promise<void>,
): void {
  Deno.test({
    ...needing(OPENSSH, `${name}${ofWhom}`),
    fn: async (t) => {
      const { broker: opened, device: started, operator } = await setUp();
      await using broker = opened;
      await using device = started;
      await test({ device, operator, port: broker.port, t });
    },
  });
}

/** Neither sentence nor tool names a configuration of ssh: it is the operator's own. */
async function asPeopleHaveIt(device: SshDevice) {
  const config = await Deno.readTextFile(device.sshConfig);
  const self = new TextDecoder().decode((await new Deno.Command("id", { args: ["-un"] }).output()).stdout);
  const user = /^\s*User (\S+)/m.exec(config)?.[1] ?? self.trim();
  const path = Deno.env.get("PATH") ?? "";
  const programs = join(cache, "programs");
  await Deno.mkdir(programs);
  const ssh = `#!/bin/sh\nPATH=${path}\nexec ssh -F ${device.sshConfig} "$@"\n`;
  await Deno.writeTextFile(join(programs, "ssh"), ssh, { mode: 0o755 });
  const env = { PATH: `${programs}:${path}`, XDG_CACHE_HOME: cache };
  return { address: `${user}@${device.destination}`, env };
}

const COUNTER = `export async function process(agent) {
  const count = agent.recall("count", 0) + 1;
  agent.persist("count", count);
  await agent.publish("counts", count);
}`;

withDevice(
  "deploy brings a node to a device, keeps it as it is, changes it, and takes it away",
  async ({ device, operator, port, t }) => {
    await using bus = await Bus.connect(port);
    const policy = await operator.file("policy.json", "{}");
    let instance = "";
    let release = "";

    await t.step("doctor finds that the device can have one", async () => {
      const [, { status, message }] = await operator.doctor();
      assertEquals(status, "ok", message);
      assertMatch(message, /^can run a node: Linux on \w+, glibc \S+, \d+ MiB free$/);
    });

    await t.step("--dry-run changes nothing", async () => {
      // Without --runner it is made of the sources.
      const { code, result, said } = await operator.run("--broker", "127.0.0.1", "--dry-run");
      assertEquals([code, result.action], [0, "planned"], said);
      assertStringIncludes(said, "Would install: runner, deno, launcher, unit and flags");
      assertEquals(device.list("."), UNTOUCHED);
    });

    await t.step("a node comes up, with all it needs from the operator's machine", async () => {
      const { code, result, said } = await operator.deploy("--policy", policy);
      assertEquals([code, result?.action], [0, "installed"], said);
      assertMatch(said, /^Self-test: \d+ passed, 0 failed$/m);
      ({ heartbeat: { instance }, release } = result);
      assertEquals(device.list("agentflow/nodes/kitchen/releases"), [release]);
      const config = join(device.home, "agentflow/nodes/kitchen/current/config/policy.json");
      assertEquals(((await Deno.stat(config)).mode ?? 0) & 0o777, 0o600);
      // The launcher's child is the node.
      const pid = device.pid("kitchen");
      const node = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim();
      assertMatch(await Deno.readLink(`/proc/${node}/exe`), /\/agentflow\/store\/[0-9a-f]{64}\/deno$/);
      assertEquals((await Deno.stat(`/proc/${node}`)).uid, device.user?.identity.uid ?? Deno.uid());
      assertEquals(device.list("agentflow/incoming"), []);
    });

    await t.step("an agent runs there", async () => {
      await bus.publish("nodes/kitchen/spawn", { name: "counter", code: COUNTER, poll_interval: 0.05 });
      await bus.on("counts", ({ json }) => json > 3);
    });

    await t.step("a second run changes nothing, and says so", async () => {
      const { code, result, said } = await operator.deploy("--policy", policy);
      assertEquals([code, result.action, result.release], [0, "unchanged", release], said);
      assertEquals(result.heartbeat.instance, instance, "it has been restarted");
      assertStringIncludes(said, "Nothing to change");
    });

    await t.step("a change needs --upgrade", async () => {
      const { code, said } = await operator.deploy();
      assertEquals(code, 1);
      assertMatch(
        said,
        /node 'kitchen' already exists and differs: unit and flags, policy\.json\. /,
      );
      assertMatch(said, /--upgrade changes it/);
    });

    await t.step("Python goes along, and an agent in it runs there", async () => {
      const { code, result, said } = await operator.deploy("--with-python", "--upgrade");
      assertEquals([code, result?.action, result?.missingAgents], [0, "upgraded", []], said);
      ({ heartbeat: { instance }, release } = result);
      assertEquals(device.list("agentflow/nodes/kitchen/current/config"), ["pyodide.tgz"]);
      const snake = "async def process(agent):\n    await agent.publish('snake', 'here')\n";
      await bus.publish("nodes/kitchen/spawn", { name: "snake", code: snake });
      await bus.find("a word of the snake", ({ topic }) => topic === "snake", 0, 240_000);
      await bus.publish("nodes/kitchen/stop", "snake");
      await bus.find("its end", ({ json }) => json?.name === "snake" && json.state === "stopped");
    });

    await t.step("--upgrade changes it, and its agents go on with their state", async () => {
      const { json: before } = await bus.on("counts");
      const { code, result, said } = await operator.deploy("--upgrade", "--", "--heap-mb", "64");
      assertEquals([code, result?.action, result?.missingAgents], [0, "upgraded", []], said);
      assert(result.heartbeat.instance !== instance && result.release !== release);
      assertEquals(result.heartbeat.agents, ["counter"]);
      assertStringIncludes(said, "settings only (the programs are already there)");
      ({ heartbeat: { instance }, release } = result);
      const { json: after } = await bus.on("counts", () => true, bus.mark());
      assert(after > before, `the counter went from ${before} to ${after}`);
      assertEquals(device.list("agentflow/nodes/kitchen/current/config"), []);
    });

    await t.step("--upgrade to what does not come up goes back to what did", async () => {
      const broken = await operator.file(
        "broken.js",
        `if (Deno.args.includes("--test")) console.log("1 passed, 0 failed");\n` +
          `else { console.error("no such thing"); Deno.exit(1); }`,
      );
      const from = bus.mark();
      const { code, said } = await operator.deploy("--upgrade", "--runner", broken);
      assertEquals(code, 1);
      assertMatch(said, /does not start on device:[^]*no such thing/);
      assertStringIncludes(said, `The previous release (${release}) is running again`);
      assertEquals(
        await Deno.readLink(join(device.home, "agentflow/nodes/kitchen/current")),
        `releases/${release}`,
      );
      assert(
        !device.list("agentflow/nodes/kitchen/releases").some((id) => id > release),
        "the new one is gone",
      );
      await bus.on("counts", () => true, from);
    });

    await t.step("--upgrade to what has no heartbeat goes back too", async () => {
      const from = bus.mark();
      const silent = [
        "--broker",
        "127.0.0.1:1",
        "--via",
        `127.0.0.1:${port}`,
        "--timeout",
        "2",
        "--upgrade",
        "--runner",
        RUNNER,
      ];
      const { code, said } = await operator.run(...silent);
      assertEquals(code, 1);
      assertStringIncludes(said, "the broker has no heartbeat of it after 2 s");
      assertStringIncludes(said, "connection refused");
      assertStringIncludes(said, `The previous release (${release}) is running again`);
      await bus.on("nodes/kitchen/heartbeat", ({ json }) => json.agents?.includes("counter"), from);
    });

    await t.step("a node that was stopped for good is started again", async () => {
      await bus.publish("nodes/kitchen/stop", "counter");
      await device.systemctl("stop", "agentflow-kitchen.service");
      const { code, result, said } = await operator.deploy("--", "--heap-mb", "64");
      assertEquals([code, result?.action], [0, "started"], said);
    });

    // Where their programs are already: what is new is how they are asked for.
    const { address, env } = await asPeopleHaveIt(device);
    // Loopback, under a name by which its heartbeat is waited for.
    const seen = `0.0.0.0:${port}`;

    await t.step("a sentence deploys a node, once it has been agreed to", async () => {
      const sentence = `deploy node attic to ${address} with broker ${seen}`;
      const at = ["--broker", `127.0.0.1:${port}`];
      const declined = await ctl(["chat", sentence, ...at], { env });
      assertEquals([declined.code, device.pid("attic")], [1, undefined], declined.stderr);
      const { code, stderr, stdout } = await ctl(["chat", "--yes", sentence, ...at], { env });
      assertEquals(code, 0, `${stdout}${stderr}`);
      assertMatch(`${stdout}${stderr}`, /Understood: Deploy node 'attic' to .*@device/);
      assert(isRunning(device.pid("attic") ?? 0));
      assertMatch((await ctl(["chat", "what nodes are there?", ...at], { env })).stdout, /attic +online/);
    });

    await t.step("deploy_node of the MCP server does, and tells how far it is", async () => {
      await using mcp = await overStdio(port, [], env);
      const progress: string[] = [];
      const request = { node: "cellar", address, broker: seen };
      const { isError, value, text } = await mcp.call("deploy_node", request, {
        onprogress: ({ message }) => progress.push(message ?? ""),
        resetTimeoutOnProgress: true,
      });
      assertEquals([isError, value?.action, value?.heartbeat?.agents], [false, "installed", []], text);
      assertMatch(progress.join("\n"), /Self-test: \d+ passed, 0 failed[^]*heartbeat/);
      const listed = await mcp.call("list_nodes");
      assertEquals(
        listed.value.nodes.map(({ node, state }: Record<string, unknown>) => [node, state]).slice(0, 2),
        [["attic", "online"], ["cellar", "online"]],
      );
      const refused = await mcp.call("deploy_node", { ...request, address: address.replace(/^/, "not-") });
      assertEquals(refused.isError, true);
      assertMatch(refused.value.error, /device/);
    });

    for (const node of ["attic", "cellar"]) {
      await operator.agentflow("deploy", node, "--to", device.destination, "--uninstall", "--purge").output();
    }

    await t.step("--uninstall ends it and leaves the agents' state; --purge takes that too", async () => {
      const pid = device.pid("kitchen") ?? 0;
      assert(isRunning(pid));
      const { code, result, said } = await operator.run("--uninstall");
      assertEquals([code, result?.action], [0, "uninstalled"], said);
      assert(!isRunning(pid), "it runs still");
      assertEquals(device.list("agentflow/nodes/kitchen"), ["state"]);
      assertEquals(device.list(".config/systemd/user"), []);
      assertEquals(device.list("agentflow/store"), []);
      await operator.run("--uninstall", "--purge");
      assertEquals(device.list("agentflow"), []);
      assertEquals((await operator.run("--uninstall")).result.action, "unchanged");
    });
  },
);

withDevice(
  "deploy does not take another node's heartbeat for that of its own",
  async ({ device, operator, port }) => {
    await using bus = await Bus.connect(port);
    // On another machine, and there first.
    await using _twin = await NodeProcess.start({ port, name: "kitchen" });
    await bus.on("nodes/kitchen/heartbeat");
    const deno = await thinDeno(device, operator);
    const { code, said } = await operator.deploy("--deno-file", deno);
    assertEquals(code, 1, said);
    // Said by the deploy, or by the node when it has ended before it was up.
    assertMatch(said, /Another node (called|named) 'kitchen' is on(line at the| this) broker/);
    // A second run finds it as it is.
    const again = await operator.deploy("--deno-file", deno);
    assertEquals(again.code, 1, again.said);
  },
);

withDevice("deploy leaves nothing in use when the self-test fails there", async ({ device, operator }) => {
  const deno = await operator.file("no-deno", "#!/bin/sh\necho 'Illegal instruction' >&2\nexit 132\n", 0o755);
  const { code, said } = await operator.deploy("--deno-file", deno);
  assertEquals(code, 1);
  assertMatch(said, /The self-test fails on device:\nIllegal instruction/);
  assertEquals([device.list("agentflow/nodes/kitchen/releases"), device.list("agentflow/store")], [[], []]);
  assertEquals(device.pid("kitchen"), undefined);
});

withDevice(
  "deploy sends secrets so that only their owner can read them there",
  async ({ device, operator }) => {
    const password = await operator.file("password", "hunter2", 0o600);
    const deno = await thinDeno(device, operator);
    const credentials = ["--username", "kitchen", "--password-file", password];
    const { code, said } = await operator.deploy("--deno-file", deno, ...credentials);
    assertEquals(code, 0, said);
    const folder = join(device.home, "agentflow");
    for (const path of ["", "nodes/kitchen", "nodes/kitchen/releases"]) {
      assertEquals(((await Deno.stat(join(folder, path))).mode ?? 0) & 0o077, 0, path);
    }
    const file = join(folder, "nodes/kitchen/current/config/password");
    assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    assert(!(await Deno.readTextFile(`/proc/${device.pid("kitchen")}/cmdline`)).includes("hunter2"));
    assert(!said.includes("hunter2"));
  },
);

/** Units of the system, away from those of this machine. */
const OWN_UNITS = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /etc/systemd/system && exec "$@"', "sh"];
const UNIT_FOLDER: Need = {
  name: "root's rights to mount",
  isThere: ROOT.isThere && await succeeds([...OWN_UNITS, "true"]),
  remedy: "run the tests as root, on a machine with systemd whose container, if it is one, may mount",
};

Deno.test({
  ...needing(
    [OPENSSH, UNIT_FOLDER],
    "deploy --system puts a service of the system in place, and takes it away",
  ),
  fn: async () => {
    await using broker = await startEmbedded();
    await using device = await SshDevice.start({ wrapper: OWN_UNITS, asSelf: true });
    const operator = new Operator(device, broker.port);
    const policy = join(device.folder, "policy.json");
    await Deno.writeTextFile(policy, JSON.stringify({ devices: { serial: ["/dev/ttyUSB0"] } }), {
      mode: 0o600,
    });
    const args = ["--system", "--policy", policy, "--deno-file", await thinDeno(device, operator)];
    const first = await operator.deploy(...args);
    assertEquals([first.code, first.result?.action], [0, "installed"], first.said);
    const unit = await Deno.readTextFile(join(device.home, "agentflow/nodes/kitchen/current/unit"));
    assertStringIncludes(
      unit,
      "\nDeviceAllow=char-ttyUSB rw\nSupplementaryGroups=dialout\n",
    );
    assertEquals((await operator.deploy(...args)).result.action, "unchanged");
    assertEquals(device.list(".config"), []);
    const pid = device.pid("kitchen") ?? 0;
    assertEquals((await operator.run("--system", "--uninstall", "--purge")).result.action, "uninstalled");
    assert(!isRunning(pid));
    assertEquals(device.list("agentflow"), []);
  },
});

withDevice(
  "deploy refuses a machine that Deno has no build for, before anything is sent",
  async ({ device, operator }) => {
    await device.program("uname", '[ "$1" = -m ] && echo armv7l || exec /usr/bin/uname "$@"');
    const { code, said } = await operator.deploy();
    assertEquals(code, 1);
    assertMatch(
      said,
      /Cannot deploy to device: it is 32-bit ARM \(armv7l\), which Deno has no build for: install a 64-bit/,
    );
    const [, ...findings] = await operator.doctor();
    const [{ check, status, message, advice }] = findings;
    assertEquals([check, status], ["device device", "failed"]);
    assertMatch(message, /^it is 32-bit ARM \(armv7l\), which Deno has no build for$/);
    assertMatch(advice, /^install a 64-bit system/);
    assertEquals(device.list("."), UNTOUCHED);
  },
);

withDevice("deploy refuses a device without systemd", async ({ device, operator }) => {
  await device.program("systemctl", 'echo "Failed to connect to bus: No medium found" >&2; exit 1');
  const { code, said } = await operator.deploy("--deno-file", await thinDeno(device, operator));
  assertEquals(code, 1);
  assertMatch(said, /its service manager does not answer: Failed to connect to bus.*loginctl enable-linger/);
});

withDevice("deploy never skips a host key, whatever the configuration says", async ({ device, operator }) => {
  await Deno.writeTextFile(device.knownHosts, "");
  const unknown = await operator.deploy();
  assertEquals(unknown.code, 1);
  assertMatch(
    unknown.said,
    /its host key is not known yet: run ssh device once, and compare the fingerprint/,
  );
  const other = await Deno.readTextFile(join(device.folder, "client_key.pub"));
  const key = other.split(" ").slice(0, 2).join(" ");
  await Deno.writeTextFile(device.knownHosts, `[127.0.0.1]:${device.port} ${key}\n`);
  const changed = await operator.deploy();
  assertEquals(changed.code, 1);
  assertMatch(changed.said, /its host key is not the one that is known/);
  assertEquals(device.list("."), UNTOUCHED);
});

withDevice(
  "deploy says what to do when the device does not let the operator in",
  async ({ device, operator }) => {
    await Deno.writeTextFile(device.authorizedKeys, "");
    const { code, said } = await operator.deploy();
    assertEquals(code, 1);
    assertMatch(said, /Cannot reach device: it does not accept your key .*ssh-copy-id device/);
  },
);

withDevice(
  "deploy reports a broker that this machine cannot reach before it touches the device",
  async ({ device, operator }) => {
    const { code, said } = await operator.run("--broker", "127.0.0.1:1", "--via", "127.0.0.1:1");
    assertEquals(code, 3);
    assertMatch(said, /No connection to the broker at mqtt:\/\/127\.0\.0\.1:1: connection refused/);
    assertEquals(device.list("."), UNTOUCHED);
  },
);

withDevice(
  "deploy that is interrupted while it waits leaves what is in place, and says so",
  async ({ device, operator, port }) => {
    const deno = await thinDeno(device, operator);
    const silent = ["--broker", "127.0.0.1:1", "--via", `127.0.0.1:${port}`, "--deno-file", deno];
    const child = operator.command(...silent).spawn();
    const output = new Response(child.stdout).text();
    let said = "";
    let isInterrupted = false;
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (!isInterrupted && said.includes("Waiting for its heartbeat")) {
        child.kill("SIGINT");
        isInterrupted = true;
      }
    }
    assertEquals((await child.status).code, 130, said);
    await output;
    assertMatch(said, /Interrupted: release \w+ is installed, but has not proved itself/);
    assert(isRunning(device.pid("kitchen") ?? 0));
    assertEquals(device.list("agentflow/nodes/kitchen/releases").length, 1);
  },
);

withDevice(
  "deploy leaves a node that can upgrade itself over the bus",
  async ({ device, operator, port }) => {
    const key = await generateKey("operator");
    const entry = { kid: key.kid, public: publicHalf(key), nodes: ["*"], commands: ["*"] };
    const trust = await operator.file("trust.json", JSON.stringify({ keys: [entry] }), 0o600);
    const signKey = await operator.file("key.json", JSON.stringify(key), 0o600);
    const deployed = await operator.deploy("--deno-file", await thinDeno(device, operator), "--trust", trust);
    assertEquals(deployed.code, 0, deployed.said);
    const newer = await operator.file("newer.js", `${await Deno.readTextFile(RUNNER)}// newer\n`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", CTL, "upgrade", "kitchen", "--runner", newer, "--sign-key", signKey, "--json"],
        ...["--broker", `127.0.0.1:${port}`, "--timeout", "120"],
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals(code, 0, said);
    const current = await Deno.readLink(join(device.home, "agentflow/nodes/kitchen/current"));
    assertEquals(current, `releases/${JSON.parse(said).release}`);
    assert(current !== `releases/${deployed.result.release}`);
    assert(isRunning(device.pid("kitchen") ?? 0), "its launcher is another");
    // What it runs now is not what the operator's sources make.
    assertMatch((await operator.deploy("--trust", trust)).said, /differs: runner/);
  },
);
