import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { NO_PERMISSIONS } from "../../../../protocol/permissions.ts";
import { PolicyEnforcer, PolicyRefusal } from "../../../../runner/policy/policy_enforcer.ts";
import { parsePolicy } from "../../../../runner/policy/parse.ts";
import { DEFAULT_POLICY } from "../../../../runner/policy/policy.ts";
import { config } from "../../../support/fake_runtime.ts";

type Asked = Readonly<Record<string, readonly string[]>>;

/** Where links lead; all else is where it seems to be. */
const LINKS: Readonly<Record<string, string>> = {
  "/data/link": "/etc/shadow",
  "/bin/sh": "/usr/bin/dash",
  "/data/odd": "/odd,/etc",
};

function enforcer(policy: unknown): PolicyEnforcer {
  return new PolicyEnforcer(parsePolicy(JSON.stringify(policy), "p.json"), (path) => {
    const plain = new URL(`file://${path}`).pathname;
    return Promise.resolve(LINKS[plain] ?? plain);
  });
}

const grant = (policy: unknown, permissions: Asked, name = "a") =>
  enforcer(policy).grant(config(name, { permissions }));
const refused = async (policy: unknown, permissions: Asked, name?: string) =>
  (await assertRejects(() => grant(policy, permissions, name), PolicyRefusal)).message;

Deno.test("without a policy no agent gets any permission", async () => {
  const keeper = new PolicyEnforcer(DEFAULT_POLICY);
  assertEquals(await keeper.grant(config("a")), NO_PERMISSIONS);
  const { message } = await assertRejects(
    () => keeper.grant(config("a", { permissions: { net: ["example.com"] } })),
    PolicyRefusal,
  );
  assertEquals(
    message,
    "Cannot spawn 'a': permissions.net 'example.com' is not allowed: permissions.net of the built-in policy " +
      "(there is no --policy file) allows none",
  );
});

Deno.test("what lies inside the policy is granted, and nothing that was not asked for", async () => {
  const policy = {
    permissions: {
      net: ["api.example.com:443", "*.lan"],
      read: ["/data", "/sys/class/gpio"],
      write: ["/data/out"],
      env: ["ACME_*"],
      sys: ["hostname"],
      run: ["/opt/acme/bin"],
      ffi: ["/opt/acme/lib.so"],
    },
  };
  const asked = {
    net: ["api.example.com:443", "API.example.com.:443", "camera.lan:80"],
    read: ["/data/in/x", "/data"],
    write: ["/data/out/y"],
    env: ["ACME_KEY"],
    sys: ["hostname"],
    run: ["/opt/acme/bin/tool"],
    ffi: ["/opt/acme/lib.so"],
  };
  assertEquals(await grant(policy, asked), asked);
  assertEquals(await grant(policy, { net: ["x.lan"] }), { ...NO_PERMISSIONS, net: ["x.lan"] });
});

Deno.test("an entry beyond the policy is named, with the rule", async () => {
  const policy = {
    permissions: { net: ["a.example:443"], read: ["/data"] },
    agents: { "cam-*": { permissions: { read: [] } } },
  };
  assertEquals(
    await refused(policy, { net: ["a.example:443", "b.example:443"] }),
    "Cannot spawn 'a': permissions.net 'b.example:443' is not allowed: permissions.net of p.json allows a.example:443",
  );
  assertEquals(
    await refused(policy, { read: ["/data/x"] }, "cam-1"),
    `Cannot spawn 'cam-1': permissions.read '/data/x' is not allowed: agents["cam-*"].permissions.read of p.json allows none`,
  );
});

Deno.test("no host, path or name gets past its rule by its spelling", async () => {
  const policy = {
    permissions: {
      net: ["a.example:443", "*.lan", "[::1]:80"],
      read: ["/data"],
      env: ["ACME_*"],
      sys: ["hostname"],
      run: ["*"],
      ffi: ["/opt/lib"],
    },
  };
  const beyond: readonly (readonly [string, string])[] = [
    ["net", "a.example"],
    ["net", "a.example:80"],
    ["net", "evil-a.example:443"],
    ["net", "lan"],
    ["net", "evil.lan.example"],
    ["net", "*.lan.example"],
    ["net", "*"],
    ["net", "0.0.0.0"],
    ["net", "[::1]:81"],
    ["net", "http://a.example:443"],
    ["net", "a.example:443/path"],
    ["net", "a.example:443#"],
    ["net", "a.example:99999"],
    ["read", "/data/../etc/passwd"],
    ["read", "/data/link"],
    ["read", "/database"],
    ["read", "/"],
    ["read", "data/x"],
    ["read", "*"],
    ["read", "file:///data/x"],
    ["read", "/data/odd"],
    ["env", "ACME"],
    ["env", "*"],
    ["env", "ACME_*"],
    ["env", "ACME_KEY=1"],
    ["sys", "uid"],
    ["sys", "*"],
    ["run", "/bin/sh"],
    ["run", "/usr/bin/bash"],
    ["run", "sh"],
    ["run", "*"],
    ["ffi", "/opt/library.so"],
    ["write", "/data/x"],
  ];
  for (const [kind, entry] of beyond) {
    assertStringIncludes(await refused(policy, { [kind]: [entry] }), `permissions.${kind} '${entry}'`);
  }
});

Deno.test("a link is said to be one", async () => {
  const message = await refused({ permissions: { read: ["/data"] } }, { read: ["/data/link"] });
  assertStringIncludes(message, "permissions.read '/data/link' (which is '/etc/shadow') is not allowed");
});

Deno.test("a shell runs only where the policy names it, wherever its link leads", async () => {
  assertStringIncludes(await refused({ permissions: { run: ["*"] } }, { run: ["/bin/sh"] }), "/usr/bin/dash");
  assertStringIncludes(
    await refused({ permissions: { run: ["/usr/bin"] } }, { run: ["/usr/bin/bash"] }),
    "bash",
  );
  assertEquals((await grant({ permissions: { run: ["/bin/sh"] } }, { run: ["/bin/sh"] })).run, [
    "/usr/bin/dash",
  ]);
  assertEquals((await grant({ permissions: { run: ["*"] } }, { run: ["/usr/bin/gpioget"] })).run, [
    "/usr/bin/gpioget",
  ]);
});

Deno.test("the node's own variables are nobody's, whatever the policy says", async () => {
  for (const name of ["AGENTFLOW_PASSWORD", "DENO_DIR", "LD_PRELOAD", "NPM_CONFIG_REGISTRY"]) {
    assertStringIncludes(
      await refused({ permissions: { env: ["*"] } }, { env: [name] }),
      "belongs to the node",
    );
  }
});

Deno.test("packages are allowed by pattern, with and without their version", () => {
  const keeper = enforcer({ install: ["npm:ms", "npm:@acme/*", "jsr:@std/fs@1"] });
  for (const name of ["ms", "npm:ms", "npm:ms@2", "npm:@acme/x@3", "@acme/x", "jsr:@std/fs@1"]) {
    keeper.checkInstall(config("a", { language: "typescript", install: [name] }));
  }
  for (const name of ["npm:msx", "npm:evil", "jsr:@std/fs@2", "jsr:@acme/x", "evil@npm:ms"]) {
    const { message } = assertThrows(
      () => keeper.checkInstall(config("a", { install: [name] })),
      PolicyRefusal,
    );
    assertEquals(
      message,
      `Cannot spawn 'a': install '${name}' is not allowed: install of p.json allows npm:ms, npm:@acme/*, jsr:@std/fs@1`,
    );
  }
  assertThrows(
    () => enforcer({ install: false }).checkInstall(config("a", { install: ["ms"] })),
    PolicyRefusal,
  );
});

Deno.test("a bare name is a package of the agent's language, and versions and extras do not matter", () => {
  const keeper = enforcer({ install: ["pypi:rich"] });
  for (const name of ["rich", "pypi:rich", "rich>=13,<15", "pypi:Rich[jupyter]==13", "rich@13"]) {
    keeper.checkInstall(config("a", { language: "python", install: [name] }));
  }
  for (const name of ["richer", "pypi:richer", "npm:rich", "rich-click>1", "pypi:rich.x"]) {
    assertThrows(
      () => keeper.checkInstall(config("a", { language: "python", install: [name] })),
      PolicyRefusal,
    );
  }
  assertThrows(
    () => keeper.checkInstall(config("a", { language: "typescript", install: ["rich"] })),
    PolicyRefusal,
  );
});

Deno.test("no more agents than the policy allows are let in", () => {
  const keeper = enforcer({ max_agents: 2 });
  keeper.admit(config("a"), 1);
  assertEquals(
    assertThrows(() => keeper.admit(config("a"), 2), PolicyRefusal).message,
    "Cannot spawn 'a': 2 agents run here, max_agents of p.json is 2",
  );
});

Deno.test("of rules for the same agent the later goes before the earlier, each for what it sets", () => {
  const keeper = enforcer({
    memory_mb: 100,
    topics: { publish: ["a"] },
    agents: {
      "cam-*": { memory_mb: 200, topics: { control: ["nodes/n/list"] } },
      "cam-1": { memory_mb: 300, broker: "none" },
    },
  });
  const { memory_mb, broker, topics } = keeper.rulesFor("cam-1");
  assertEquals([memory_mb, broker], [300, "none"]);
  assertEquals(topics, { publish: ["a"], subscribe: ["#"], control: ["nodes/n/list"] });
  assertEquals([keeper.rulesFor("cam-2").memory_mb, keeper.rulesFor("xcam-1").memory_mb], [200, 100]);
});

const deviceRefusal = (keeper: PolicyEnforcer, sensors: readonly string[], name = "a") =>
  assertThrows(() => keeper.checkDevices(config(name, { devices: { sensors } })), PolicyRefusal).message;

Deno.test("without a policy agents read what is around the machine, and no counters of what it computes", () => {
  const keeper = new PolicyEnforcer(DEFAULT_POLICY);
  const harmless = [
    "temperature",
    "humidity",
    "pressure",
    "light",
    "w1/28-0316a2795fff",
    "iio/0-0076/pressure",
  ];
  keeper.checkDevices(config("a", { devices: { sensors: harmless } }));
  for (const entry of ["power", "energy", "voltage", "current", "speed", "hwmon/0-0040/power1"]) {
    assertStringIncludes(deviceRefusal(keeper, [entry]), `devices.sensors '${entry}' is not allowed`);
  }
});

Deno.test("a refused device is named with the rule, and with the line that allows it", () => {
  assertEquals(
    deviceRefusal(new PolicyEnforcer(DEFAULT_POLICY), ["temperature", "power", "energy"]),
    "Cannot spawn 'a': devices.sensors 'power' is not allowed: devices.sensors of the built-in policy (there is no " +
      "--policy file) allows temperature, humidity, pressure, light. To allow it, start the node with --policy FILE, " +
      'and write {"agents": {"a": {"devices": {"sensors": ["temperature", "humidity", "pressure", "light", "power", ' +
      '"energy"]}}}} into FILE',
  );
  const keeper = enforcer({ agents: { "meter-*": { devices: { sensors: ["w1/*"] } } } });
  const message = deviceRefusal(keeper, ["w1/28-0316a2795fff", "hwmon/0-0040/power1"], "meter-1");
  assertStringIncludes(message, `agents["meter-*"].devices.sensors of p.json allows w1/*`);
  const [, line = ""] = /write (".*) into p\.json/.exec(message) ?? [];
  // What the message says to write allows what was refused.
  const mended = enforcer(JSON.parse(`{${line}}`));
  mended.checkDevices(
    config("meter-1", { devices: { sensors: ["w1/28-0316a2795fff", "hwmon/0-0040/power1"] } }),
  );
  assertStringIncludes(deviceRefusal(mended, ["energy"], "meter-1"), "is not allowed");
});
