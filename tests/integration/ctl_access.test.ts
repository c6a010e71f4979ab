/** How the command line gets to the broker, and commands nodes that obey only signed commands. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { freePort, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctlInProcess as ctl } from "../support/ctl_here.ts";
import {
  DOCUMENTED_BROKER,
  DocumentedBroker,
  PASSWORD_TITLE,
  PASSWORDS,
  setPasswords,
} from "../support/documented.ts";
import { NodeProcess } from "../support/node_process.ts";
import { newKey, TrustFolder } from "../support/signing.ts";
import { needing } from "../support/programs.ts";

const QUIET = "function setup() {}";

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "agentflow-access-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("no broker is exit code 3, and says what to look at", async () => {
  const { code, stderr } = await ctl(["nodes", "--broker", "127.0.0.1", "--port", String(freePort())]);
  assertEquals(code, 3);
  assertStringIncludes(stderr, "connection refused (is a broker running there?)");
  const doctor = await ctl(["doctor", "--broker", "127.0.0.1", "--port", String(freePort())]);
  assertEquals(doctor.code, 3);
  assertMatch(doctor.stdout, /failed {3}broker: No connection .*\n +→ start the broker, or name it/);
});

Deno.test("what is no flag, no command, or no value is exit code 2", async () => {
  const cases: [string[], RegExp][] = [
    [["nodes", "--nope"], /unknown option '--nope'/],
    [["explode"], /unknown command 'explode'/],
    [["spawn", "x.ts"], /Say where it is to run: --node, or labels by --selector/],
    ...["stop", "delete", "restart", "pause", "resume"].map((verb): [string[], RegExp] => [
      [verb],
      /Name the agents, or choose nodes by --node or --selector/,
    ]),
    [["agents", "--selector", "a=b=c"], /A label selector is such as/],
    [["nodes", "--port", "99999"], /--port must be a whole number from 1 to 65535/],
    [["nodes", "--timeout", "soon"], /--timeout must be a number of seconds/],
    [["nodes", "--sign-key", "/nowhere/key"], /--sign-key: cannot read '\/nowhere\/key'/],
    [["nodes", "--profile", "home"], /--profile home: there is no .*agentflow\/config\.json/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await ctl(args);
    assertEquals(code, 2, args.join(" "));
    assertMatch(stderr, message);
  }
});

Deno.test("every command has a help that says what it takes", async () => {
  const { stdout } = await ctl(["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name = ""]) => name);
  assert(commands.length >= 20, stdout);
  for (const name of commands) {
    const { code, stdout: help } = await ctl([name, "--help"]);
    assertEquals(code, 0, name);
    assertStringIncludes(help, `Usage: agentflow ${name}`);
  }
});

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "a broker with passwords lets in who has one: from flags, the environment, and a profile",
  ),
  fn: async () => {
    await using folder = await temporary();
    await setPasswords(folder.path, { boss: "hush" });
    const port = freePort();
    await using _broker = await Mosquitto.configured(port, [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous false",
      `password_file ${join(folder.path, "passwords")}`,
    ]);
    const passwordFile = join(folder.path, "password");
    await Deno.writeTextFile(passwordFile, "hush\n", { mode: 0o600 });
    const at = ["--broker", "127.0.0.1", "--port", String(port)];
    await using bus = await Bus.connectTo(`mqtt://127.0.0.1:${port}`, { username: "boss", password: "hush" });
    await using _node = await NodeProcess.start({
      port,
      name: "hall",
      args: ["--username", "boss", "--password-file", passwordFile],
    });
    await bus.on("nodes/hall/heartbeat");

    const anonymous = await ctl(["nodes", ...at]);
    assertEquals(anonymous.code, 3);
    assertStringIncludes(anonymous.stderr, "give --username and --password-file");
    const wrong = await ctl(["nodes", ...at, "--username", "boss"], { env: { AGENTFLOW_PASSWORD: "guess" } });
    assertEquals(wrong.code, 3);
    assertStringIncludes(wrong.stderr, "refuses the user name or password");

    const flags = await ctl([
      "nodes",
      "--json",
      ...at,
      "--username",
      "boss",
      "--password-file",
      passwordFile,
    ]);
    assertEquals([flags.code, flags.json[0].node], [0, "hall"]);
    const environment = {
      AGENTFLOW_BROKER: `127.0.0.1:${port}`,
      AGENTFLOW_USERNAME: "boss",
      AGENTFLOW_PASSWORD: "hush",
    };
    assertEquals((await ctl(["nodes", "--json"], { env: environment })).json[0].node, "hall");

    await Deno.mkdir(join(folder.path, "agentflow"));
    await Deno.writeTextFile(
      join(folder.path, "agentflow", "config.json"),
      JSON.stringify({
        default: "home",
        profiles: {
          home: { broker: "127.0.0.1", port, username: "boss", password_file: "../password" },
          away: { broker: "127.0.0.1", port: freePort() },
        },
      }),
    );
    const env = { XDG_CONFIG_HOME: folder.path };
    assertEquals((await ctl(["nodes", "--json"], { env })).json[0].node, "hall");
    assertEquals((await ctl(["nodes", "--profile", "away"], { env })).code, 3);
    const unknown = await ctl(["nodes", "--profile", "moon"], { env });
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, "has no profile 'moon', only home, away");
    // The password of one broker is not shown to another.
    const other = await ctl(["nodes", ...at], { env });
    assertEquals(other.code, 3);
    assertStringIncludes(other.stderr, "a client without a user name");
  },
});

Deno.test({
  ...needing(DOCUMENTED_BROKER, "over TLS, with the access rules of the documents, an operator can do all"),
  fn: async () => {
    await using broker = await DocumentedBroker.start(PASSWORD_TITLE);
    await using bus = await broker.connect("operator");
    await using _node = await broker.startNode(await broker.passwordArgs());
    await bus.on("nodes/edge-1/heartbeat");
    const file = join(broker.folder, "quiet.ts");
    await Deno.writeTextFile(file, QUIET);
    const run = (...args: string[]) =>
      ctl(
        [...args, "--broker", broker.url, "--ca", join(broker.folder, "ca.crt"), "--username", "operator"],
        {
          env: { AGENTFLOW_PASSWORD: PASSWORDS.operator },
        },
      );
    assertEquals((await run("spawn", file, "--node", "edge-1")).stdout, "Agent 'quiet' runs on edge-1\n");
    const { code, json } = await run("doctor", "--json");
    assertEquals([code, json.ok], [0, true]);
    assertEquals((await run("delete", "quiet")).code, 0);
    // One who may only read data is told so.
    const agents = await ctl(
      ["doctor", "--broker", broker.url, "--ca", join(broker.folder, "ca.crt"), "--username", "agents"],
      { env: { AGENTFLOW_PASSWORD: PASSWORDS.agents } },
    );
    assertEquals(agents.code, 1);
    assertMatch(
      agents.stdout,
      /failed {3}access: the broker accepts what this user publishes on main\/reply/,
    );
  },
});

Deno.test("a node that trusts a key obeys who signs with it, and nobody else", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using folder = await temporary();
  const key = await newKey("boss");
  await using trust = await TrustFolder.make([{ key }]);
  await using _node = await NodeProcess.start({
    port: broker.port,
    name: "hall",
    args: ["--trust", trust.keyFile],
  });
  await bus.on("nodes/hall/heartbeat");
  const file = join(folder.path, "quiet.ts");
  const keyPath = join(folder.path, "key.json");
  await Deno.writeTextFile(file, QUIET);
  await Deno.writeTextFile(keyPath, JSON.stringify(key), { mode: 0o600 });
  const at = ["--broker", "127.0.0.1", "--port", String(broker.port)];

  const unsigned = await ctl(["spawn", file, "--node", "hall", ...at]);
  assertEquals(unsigned.code, 1);
  assertMatch(unsigned.stderr, /unsigned|not signed|signature/i);
  assertMatch(unsigned.stderr, /--sign-key/);
  const signed = ["--sign-key", keyPath, ...at];
  assertEquals((await ctl(["spawn", file, "--node", "hall", ...signed])).code, 0);
  const env = { AGENTFLOW_SIGN_KEY: keyPath };
  assertEquals((await ctl(["pause", "quiet", ...at], { env })).code, 0);
  assertEquals((await ctl(["state", "quiet", ...at])).code, 1);
  assertEquals((await ctl(["state", "quiet", ...signed])).json, {});
  assertEquals((await ctl(["stop", "quiet", ...signed])).code, 0);
  await Deno.chmod(keyPath, 0o644);
  const open = await ctl(["stop", "quiet", ...signed]);
  assertEquals(open.code, 2);
  assertStringIncludes(open.stderr, "other users have access to");
});
