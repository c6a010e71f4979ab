import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Environment } from "../../../protocol/config/flag.ts";
import { parseCommandLine, type RunnerConfig } from "../../../runner/config.ts";
import { runnerHelp } from "../../../runner/flags.ts";

const RANDOM = "0a1b2c";
const HOME: Environment = { HOME: "/home/me" };
const NO_ACCESS = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  username: undefined,
  passwordFile: undefined,
  password: undefined,
};

function run(args: readonly string[], env: Environment = HOME): RunnerConfig {
  const request = parseCommandLine(args, env, RANDOM);
  assert(request.kind === "run", `expected to run, got ${request.kind}`);
  return request.config;
}

const refusal = (args: readonly string[], env: Environment = HOME) =>
  assertThrows(() => parseCommandLine(args, env, RANDOM), ConfigError).message;

Deno.test("without flags the defaults of the contract hold", () => {
  assertEquals(run([]), {
    broker: { host: "localhost", port: 1883, url: "mqtt://localhost:1883" },
    port: 1883,
    embedded: {
      listeners: [],
      usersFile: undefined,
      tls: undefined,
      data: ["sensors/#"],
      bridgeFile: undefined,
    },
    access: NO_ACCESS,
    name: "node-0a1b2c",
    labels: {},
    window: undefined,
    logLevel: "INFO",
    stateDir: "/tmp",
    stateDirIsTemporary: true,
    workDir: "/home/me/.cache/agentflow",
    sys: "/sys",
    python: { prefetch: false, archive: undefined, wheels: undefined, indexUrl: "https://pypi.org/simple/" },
    deno: undefined,
    walls: true,
    outbox: "memory",
    migrateTimeoutMs: 30_000,
    outboxMessages: 10_000,
    outboxBytes: 32 * 1024 * 1024,
    stateBytes: 16 * 1024 * 1024,
    heapMb: 192,
    memoryMb: 256,
    homeAssistant: undefined,
    policy: undefined,
    hangTimeoutMs: 30_000,
    trust: undefined,
    secretsFile: undefined,
  });
});

Deno.test("every flag is read", () => {
  const flags = {
    "broker": "mqtts://b",
    "port": "1",
    "ca": "/ca.crt",
    "cert": "/me.crt",
    "key": "/me.key",
    "username": "u",
    "password-file": "/pw",
    "name": "n",
    "labels": "room=hall,gpu=yes",
    "loglevel": "DEBUG",
    "state-dir": "/s",
    "work-dir": "/w",
    "wheels": "/wheels",
    "pip-index-url": "http://localhost:1/simple/",
    "deno": "/bin/deno",
    "walls": "off",
    "outbox": "disk",
    "migrate-timeout": "2.5",
    "outbox-messages": "5",
    "outbox-mb": "0.5",
    "state-mb": "2",
    "heap-mb": "64",
    "memory-mb": "128",
    "policy": "/policy.json",
    "hang-timeout": "1.5",
    "trust": "/k",
    "trust-mode": "warn",
    "secrets": "/x",
    "sys": "/s2",
  };
  const expected: RunnerConfig = {
    broker: { host: "b", port: 1, url: "mqtts://b:1" },
    port: 1,
    embedded: {
      listeners: [],
      usersFile: undefined,
      tls: undefined,
      data: ["sensors/#"],
      bridgeFile: undefined,
    },
    access: {
      ca: "/ca.crt",
      cert: "/me.crt",
      key: "/me.key",
      username: "u",
      passwordFile: "/pw",
      password: undefined,
    },
    name: "n",
    labels: { room: "hall", gpu: "yes" },
    window: undefined,
    logLevel: "DEBUG",
    stateDir: "/s",
    stateDirIsTemporary: false,
    workDir: "/w",
    sys: "/s2",
    python: {
      prefetch: false,
      archive: undefined,
      wheels: "/wheels",
      indexUrl: "http://localhost:1/simple/",
    },
    deno: "/bin/deno",
    walls: false,
    outbox: "disk",
    migrateTimeoutMs: 2500,
    outboxMessages: 5,
    outboxBytes: 512 * 1024,
    stateBytes: 2 * 1024 * 1024,
    heapMb: 64,
    memoryMb: 128,
    homeAssistant: undefined,
    policy: "/policy.json",
    hangTimeoutMs: 1500,
    trust: { keyFile: "/k", mode: "warn" },
    secretsFile: "/x",
  };
  assertEquals(run(Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])), expected);
  assertEquals(run(Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)), expected);
});

Deno.test("Python is fetched at the start where that is asked for, from an index that is an address", () => {
  assertEquals(run(["--with-python"]).python.prefetch, true);
  assertEquals(
    run([], { ...HOME, PIP_INDEX_URL: "https://pip.lan/simple" }).python.indexUrl,
    "https://pip.lan/simple",
  );
  assertEquals(
    refusal(["--pip-index-url", "user:secret@pip.lan"]),
    "--pip-index-url must be an http:// or https:// URL",
  );
});

Deno.test("the names of the Python node are read beside those of this one, which win", () => {
  const env = { ...HOME, WACTORZ_BROKER: "old-broker", WACTORZ_NODE: "old-node" };
  assertEquals(run([], env).broker, { host: "old-broker", port: 1883, url: "mqtt://old-broker:1883" });
  assertEquals(run([], env).name, "old-node");
  const both = { ...env, AGENTFLOW_BROKER: "b", AGENTFLOW_NODE: "n" };
  assertEquals(run([], both).name, "n");
  assertEquals(run([], both).broker, { host: "b", port: 1883, url: "mqtt://b:1883" });
});

Deno.test("a window must be one", () => {
  assertEquals(run(["--window", "Sat 02:00-04:00 Europe/Berlin"]).window, "Sat 02:00-04:00 Europe/Berlin");
  assertStringIncludes(refusal(["--window", "Sat"]), "--window: A window is such as");
});

Deno.test("labels that others could not read are refused", () => {
  for (const labels of ["room", "room=", "=hall", "a=b=c", "a b=c", "a=1,a=2", "-a=1", "a=1,"]) {
    assertStringIncludes(refusal(["--labels", labels]), `'${labels}'`);
  }
});

Deno.test("--test, --version and --help are asked for by their flags, and help wins", () => {
  const kind = (...args: string[]) => parseCommandLine(args, HOME, RANDOM).kind;
  assertEquals(kind("--test"), "test");
  assertEquals(kind("--version"), "version");
  assertEquals(kind("--help"), "help");
  assertEquals(kind("--test", "--version", "--help"), "help");
  assertEquals(kind("--help", "--port", "nonsense"), "help");
});

Deno.test("--node wins over --name, and both over the environment", () => {
  const env = { ...HOME, AGENTFLOW_NODE: "from-env" };
  assertEquals(run([], env).name, "from-env");
  assertEquals(run(["--name", "n1"], env).name, "n1");
  assertEquals(run(["--node", "n2"], env).name, "n2");
  assertEquals(run(["--node", "n2", "--name", "n1"], env).name, "n2");
  assertEquals(run(["--name", "n1", "--node", "n2"], env).name, "n2");
});

Deno.test("the environment names broker and folders, and flags win over it", () => {
  const env = { AGENTFLOW_BROKER: "b", STATE_DIRECTORY: "/s", CACHE_DIRECTORY: "/c", XDG_CACHE_HOME: "/x" };
  const config = run([], env);
  assertEquals([config.broker, config.stateDir, config.workDir, config.stateDirIsTemporary], [
    { host: "b", port: 1883, url: "mqtt://b:1883" },
    "/s",
    "/c",
    false,
  ]);
  const flagged = run(["--broker", "f", "--state-dir", "/fs", "--work-dir", "/fw"], env);
  assertEquals([flagged.broker === "embedded" || flagged.broker.host, flagged.stateDir, flagged.workDir], [
    "f",
    "/fs",
    "/fw",
  ]);
});

Deno.test("an empty variable counts as not set", () => {
  const config = run([], {
    ...HOME,
    AGENTFLOW_BROKER: "",
    AGENTFLOW_NODE: "",
    STATE_DIRECTORY: "",
    CACHE_DIRECTORY: "",
  });
  assertEquals(config, run([]));
});

Deno.test("the work folder lies in the user's cache folder, wherever that is", () => {
  assertEquals(run([], { XDG_CACHE_HOME: "/x", HOME: "/h" }).workDir, "/x/agentflow");
  assertEquals(run([], { HOME: "/h" }).workDir, "/h/.cache/agentflow");
  assertEquals(run([], {}).workDir, "/tmp/agentflow");
});

Deno.test("folders are absolute, and /tmp is known as temporary however it is written", () => {
  assertEquals(run(["--state-dir", "s"]).stateDir, `${Deno.cwd()}/s`);
  assertEquals(run(["--state-dir", "/var/../tmp/"]).stateDirIsTemporary, true);
});

Deno.test("brokers are hosts, addresses, URLs, or embedded", () => {
  const broker = (...args: string[]) => run(args).broker;
  assertEquals(broker("--broker", "embedded"), "embedded");
  assertEquals(broker("--broker", "::1"), { host: "::1", port: 1883, url: "mqtt://[::1]:1883" });
  assertEquals(broker("--broker", "::1", "--port", "1884"), {
    host: "::1",
    port: 1884,
    url: "mqtt://[::1]:1884",
  });
  assertEquals(broker("--broker", "wss://b/mqtt"), { host: "b", port: 443, url: "wss://b:443/mqtt" });
  assertEquals(run(["--broker", "embedded", "--port", "2000"]).port, 2000);
});

Deno.test("log levels may be written small", () => {
  assertEquals(["debug", "Info", "WARNING", "error"].map((level) => run(["--loglevel", level]).logLevel), [
    "DEBUG",
    "INFO",
    "WARNING",
    "ERROR",
  ]);
});

Deno.test("the last of a repeated flag wins", () => {
  assertEquals(run(["--name", "a", "--name", "b"]).name, "b");
});

Deno.test("each bad flag or value is refused in one line that says what is wrong", () => {
  const name =
    "--name must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit: current value is";
  const cases: [args: string[], message: string][] = [
    [["--nope"], "unknown argument '--nope': see --help"],
    [["-x"], "unknown argument '-x': see --help"],
    [["word"], "unknown argument 'word': see --help"],
    [["--name"], "--name needs a value: NAME"],
    [["--name="], "--name needs a value: NAME"],
    [["--port", ""], "--port needs a value: PORT"],
    [["--name", "a/b"], `${name} 'a/b'`],
    [["--node=-"], `${name} '-'`],
    [["--name", "x".repeat(65)], `${name} '${"x".repeat(65)}'`],
    [["--port", "x"], "--port must be a whole number from 1 to 65535: current value is 'x'"],
    [["--port", "0"], "--port must be a whole number from 1 to 65535: current value is '0'"],
    [["--port", "65536"], "--port must be a whole number from 1 to 65535: current value is '65536'"],
    [["--port", "1.5"], "--port must be a whole number from 1 to 65535: current value is '1.5'"],
    [["--port=-1"], "--port must be a whole number from 1 to 65535: current value is '-1'"],
    [
      ["--loglevel", "LOUD"],
      "--loglevel must be one of DEBUG, INFO, WARNING, ERROR: current value is 'LOUD'",
    ],
    [["--state-dir", "/a,b"], "--state-dir must not contain a comma: current value is '/a,b'"],
    [["--work-dir", "/a,b"], "--work-dir must not contain a comma: current value is '/a,b'"],
    [
      ["--outbox-messages", "0"],
      "--outbox-messages must be a whole number from 1 to 10000000: current value is '0'",
    ],
    [["--outbox", "tape"], "--outbox must be one of memory, disk: current value is 'tape'"],
    [["--outbox-mb", "0"], "--outbox-mb must be a number above 0 and up to 65536: current value is '0'"],
    [["--outbox-mb", "1e3"], "--outbox-mb must be a number above 0 and up to 65536: current value is '1e3'"],
    [["--state-mb", "2000"], "--state-mb must be a number above 0 and up to 1024: current value is '2000'"],
    [["--heap-mb", "15"], "--heap-mb must be a whole number from 16 to 65536: current value is '15'"],
    [
      ["--hang-timeout", "never"],
      "--hang-timeout must be a number above 0 and up to 86400: current value is 'never'",
    ],
    [
      ["--broker", "http://b"],
      "--broker: unknown scheme 'http': use mqtt, mqtts, ws or wss: current value is 'http://b'",
    ],
    [
      ["--ca", "ca.crt"],
      "--ca needs a mqtts:// or wss:// URL in --broker: current value is 'mqtt://localhost:1883'",
    ],
    [
      ["--broker", "ws://b", "--cert", "c", "--key", "k"],
      "--cert needs a mqtts:// or wss:// URL in --broker: current value is 'ws://b:80'",
    ],
    [
      ["--broker", "embedded", "--key", "k"],
      "--key needs a mqtts:// or wss:// URL in --broker: current value is 'embedded'",
    ],
    [["--broker", "mqtts://b", "--cert", "c"], "--cert needs --key FILE, its private key"],
    [["--broker", "mqtts://b", "--key", "k"], "--key needs --cert FILE, its certificate"],
    [["--ca", ""], "--ca needs a value: FILE"],
    [["--password", "hush"], "unknown argument '--password': see --help"],
    [
      ["--password-file", "p"],
      "--password-file needs --username NAME: MQTT has no password without a user name",
    ],
    [["--broker", "a b"], "--broker: not a host name, an address or a broker URL: current value is 'a b'"],
  ];
  for (const [args, message] of cases) assertEquals(refusal(args), message, args.join(" "));
});

Deno.test("a bad value from the environment is refused like one of a flag", () => {
  assertStringIncludes(refusal([], { AGENTFLOW_NODE: "a b" }), "current value is 'a b'");
  assertStringIncludes(refusal([], { AGENTFLOW_BROKER: "http://b" }), "unknown scheme 'http'");
});

Deno.test("user name and password come from the environment, and flags win over it", () => {
  const env = { ...HOME, AGENTFLOW_USERNAME: "from-env", AGENTFLOW_PASSWORD: "hush" };
  const { username, password, passwordFile } = run([], env).access;
  assertEquals([username, password?.reveal(), passwordFile], ["from-env", "hush", undefined]);
  const flagged = run(["--username", "u", "--password-file", "pw"], env).access;
  assertEquals([flagged.username, flagged.passwordFile], ["u", `${Deno.cwd()}/pw`]);
  assertEquals(run([], { ...HOME, AGENTFLOW_USERNAME: "", AGENTFLOW_PASSWORD: "" }).access, NO_ACCESS);
});

Deno.test("a password without a user name is refused, and not shown", () => {
  assertEquals(
    refusal([], { ...HOME, AGENTFLOW_PASSWORD: "hush" }),
    "$AGENTFLOW_PASSWORD needs --username NAME: MQTT has no password without a user name",
  );
});

Deno.test("a configuration does not show the password it holds", () => {
  const config = run(["--username", "u"], { ...HOME, AGENTFLOW_PASSWORD: "hush" });
  const seen = [
    JSON.stringify(config),
    Deno.inspect(config, { depth: 9, showHidden: true }),
    `${config.access.password}`,
  ];
  for (const text of seen) assert(!text.includes("hush"), text);
});

Deno.test("credentials are refused, and not shown", () => {
  const brokers = [
    "mqtt://user:secret@b",
    "user:secret@b",
    "mqtt://u:sec/ret@b",
    "a:b:secret@b",
    "http://u:secret@b",
    "u:se@cret@b",
  ];
  for (const broker of brokers) {
    const message = refusal(["--broker", broker]);
    assert(!/sec|cret/.test(message), message);
  }
  assertEquals(
    refusal(["--broker", "mqtt://user:secret@b"]),
    "--broker: credentials do not belong on the command line, where every user of this machine can read them: " +
      "current value is 'mqtt://…@b'",
  );
});

Deno.test("the help text lists every flag of the contract, with its default", () => {
  const help = runnerHelp();
  const flags = [
    "--broker HOST|URL,…",
    "--port PORT",
    "--ca FILE",
    "--cert FILE",
    "--key FILE",
    "--username NAME",
    "--password-file FILE",
    "--listen ADDRESS,…",
    "--broker-users FILE",
    "--broker-cert FILE",
    "--broker-key FILE",
    "--broker-data FILTER,…",
    "--bridge FILE",
    "--name NAME",
    "--node NAME",
    "--labels KEY=VALUE,…",
    "--window TIMES",
    "--loglevel DEBUG|INFO|WARNING|ERROR",
    "--state-dir DIR",
    "--work-dir DIR",
    "--with-python",
    "--pyodide FILE",
    "--wheels DIR",
    "--pip-index-url URL",
    "--deno PATH",
    "--outbox memory|disk",
    "--outbox-messages N",
    "--outbox-mb MB",
    "--state-mb MB",
    "--heap-mb MB",
    "--memory-mb MB",
    "--policy FILE",
    "--walls on|off",
    "--migrate-timeout SECONDS",
    "--hang-timeout SECONDS",
    "--trust KEYFILE",
    "--trust-mode enforce|warn|off",
    "--secrets FILE",
    "--home-assistant [PREFIX]",
    "--sys DIR",
    "--test",
    "--version",
    "--help",
  ];
  const listed = help.split("\n").filter((line) => line.startsWith("  --")).map((line) =>
    line.trim().split(/ {2,}/)[0]
  );
  assertEquals(listed, flags);
  assertStringIncludes(help, "(default: $AGENTFLOW_BROKER, else $WACTORZ_BROKER, else localhost)");
  assertStringIncludes(
    help,
    "(default: $AGENTFLOW_NODE, else $WACTORZ_NODE, else node- and six random digits)",
  );
  assertStringIncludes(help, "(default: $STATE_DIRECTORY, else /tmp)");
  assertStringIncludes(help, "(default: 1883)");
  assertStringIncludes(help, "(default: $AGENTFLOW_USERNAME)");
  assertStringIncludes(help, "(default: the password itself in $AGENTFLOW_PASSWORD)");
});

Deno.test("--home-assistant may be given with a prefix, and a prefix that belongs to nodes is refused", () => {
  assertEquals(run([]).homeAssistant, undefined);
  assertEquals(run(["--home-assistant"]).homeAssistant, "homeassistant");
  assertEquals(run(["--home-assistant", "--name", "n"]).homeAssistant, "homeassistant");
  assertEquals(run(["--home-assistant", "my/ha"]).homeAssistant, "my/ha");
  for (const prefix of ["nodes", "agents/x", "ha/#", "ha/", "$SYS"]) {
    assertStringIncludes(refusal(["--home-assistant", prefix]), "must be the discovery prefix");
  }
});
