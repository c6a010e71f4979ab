/** What the operator's policy lets real agents have, and what it keeps from them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { freePort, MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { LinkProxy } from "../support/link_proxy.ts";
import { NodeProcess } from "../support/node_process.ts";
import { policed, writePolicy } from "../support/policed.ts";
import { assertAllRefused, probe } from "../support/probe.ts";
import { needing } from "../support/programs.ts";

const IDLE = "function setup() {}";

Deno.test("without a policy a spawn that asks for a permission is refused, and nothing runs", async () => {
  await using here = await policed();
  for (
    const [kind, entry] of Object.entries({
      net: "example.com",
      read: "/etc/hostname",
      run: "/opt/tool",
      env: "HOME",
    })
  ) {
    const { ok, error } = await here.ask({ name: "greedy", code: IDLE, permissions: { [kind]: [entry] } });
    assertEquals(ok, false);
    assertStringIncludes(error, `Cannot spawn 'greedy': permissions.${kind} '${entry}' is not allowed`);
    assertStringIncludes(error, "built-in policy");
  }
  const { json } = await here.bus.ask(`nodes/${here.node.name}/list`, {});
  assertEquals(json.agents, []);
});

Deno.test("an agent gets the permissions it asks for inside the policy, and no others", async () => {
  const policy = {
    permissions: {
      read: ["{dir}/open"],
      write: ["{dir}/open/out"],
      env: ["ACME_*"],
      net: ["127.0.0.1"],
      sys: ["hostname"],
    },
  };
  await using here = await policed(policy, [], { ACME_KEY: "granted", ACME_OTHER: "kept", SECRET: "kept" });
  const { bus, node, dir } = here;
  await Deno.mkdir(join(dir, "open", "out"), { recursive: true });
  await Deno.writeTextFile(join(dir, "open", "in.txt"), "granted");
  await Deno.writeTextFile(join(dir, "secret.txt"), "kept");
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("granted"),
  );
  const findings = await probe(
    bus,
    node,
    "worker",
    {
      "read": `return Deno.readTextFileSync(given.dir + "/open/in.txt");`,
      "write": `Deno.writeTextFileSync(given.dir + "/open/out/x", "1"); return "granted";`,
      "env": `return Deno.env.get("ACME_KEY");`,
      "net": `return await (await fetch(given.url)).text();`,
      "sys": `return typeof Deno.hostname() === "string" ? "granted" : undefined;`,
    },
    { dir, url: `http://127.0.0.1:${server.addr.port}/` },
    {
      permissions: {
        read: [join(dir, "open")],
        write: [join(dir, "open", "out")],
        env: ["ACME_KEY"],
        net: ["127.0.0.1"],
        sys: ["hostname"],
      },
    },
  );
  assertEquals(new Set(Object.values(findings)), new Set([`GOT: "granted"`]));
  assertAllRefused(
    await probe(
      bus,
      node,
      "worker2",
      {
        "another file": `return Deno.readTextFileSync(given.dir + "/secret.txt");`,
        "by ..": `return Deno.readTextFileSync(given.dir + "/open/../secret.txt");`,
        "write where it reads": `Deno.writeTextFileSync(given.dir + "/open/x", "1"); return "written";`,
        "a link":
          `Deno.symlinkSync(given.dir + "/secret.txt", given.dir + "/open/out/link"); return "linked";`,
        "another variable": `return Deno.env.get("ACME_OTHER");`,
        "a variable nobody grants": `return Deno.env.get("SECRET");`,
        "another host": `await Deno.connect({ hostname: "127.0.0.2", port: 1 }); return "connected";`,
        "a process": `return new Deno.Command("/bin/true").outputSync().code + 1;`,
        "the policy": `return Deno.readTextFileSync(given.dir + "/policy.json");`,
      },
      { dir },
      { permissions: { read: [join(dir, "open")], write: [join(dir, "open", "out")], env: ["ACME_KEY"] } },
    ),
  );
});

Deno.test("a link to elsewhere inside a granted folder is seen through, at the spawn and at each start", async () => {
  await using here = await policed({ permissions: { read: ["{dir}/open"] } });
  const { dir, bus } = here;
  await Deno.mkdir(join(dir, "open", "data"), { recursive: true });
  await Deno.symlink("/etc", join(dir, "open", "link"));
  const asked = (path: string) => ({ permissions: { read: [join(dir, "open", path)] }, max_restarts: 0 });
  const linked = await here.ask({ name: "linked", code: IDLE, ...asked("link/hostname") });
  assertStringIncludes(linked.error, "(which is '/etc/hostname') is not allowed: permissions.read of");
  const code = `function handle_task() { Deno.exit(1); }`;
  assertEquals(
    (await here.ask({ name: "later", code, ...asked("data"), max_restarts: 1, restart_delay: 0 })).ok,
    true,
  );
  await bus.find(
    "running",
    ({ topic, json }) => topic.endsWith("/heartbeat") && json?.name === "later" && json.state === "running",
  );
  await Deno.remove(join(dir, "open", "data"));
  await Deno.symlink("/etc", join(dir, "open", "data"));
  await bus.publish("agents/by-name/later/task", {});
  const { json } = await bus.find(
    "verdict",
    ({ json }) => json?.agent === "later" && json.severity === "fatal",
  );
  assertStringIncludes(json.error, "(which is '/etc') is not allowed");
});

Deno.test("with broker none an agent has no way to the broker but the node", async () => {
  await using here = await policed({ broker: "none", agents: { trusted: { broker: "broker" } } });
  const { bus, node, broker } = here;
  const attempts = {
    "connect": `await Deno.connect({ hostname: "127.0.0.1", port: given.port }); return "connected";`,
  };
  assertAllRefused(await probe(bus, node, "agent", attempts, { port: broker.port }));
  const trusted = await probe(bus, node, "trusted", attempts, { port: broker.port });
  assertEquals(trusted.connect, `GOT: "connected"`);
});

Deno.test("packages, the number of agents and topics are the policy's", async () => {
  await using here = await policed({
    max_agents: 2,
    install: ["npm:ms"],
    topics: { publish: ["probe/#", "mine/#"], subscribe: ["mine/#"] },
  });
  const { bus, node } = here;
  const evil = await here.ask({ name: "a", code: IDLE, install: ["npm:evil@1"] });
  assertStringIncludes(evil.error, "Cannot spawn 'a': install 'npm:evil@1' is not allowed: install of");
  const findings = await probe(bus, node, "a", {
    "publish": `await agent.publish("yours", 1); return "published";`,
    "subscribe": `await agent.subscribe("#", () => {}); return "subscribed";`,
    "send_to": `return await agent.send_to("b", 1);`,
  });
  assertAllRefused(findings);
  assertStringIncludes(findings.publish ?? "", "the node's policy lets it publish to probe/#, mine/# only");
  assertEquals((await here.ask({ name: "b", code: IDLE })).ok, true);
  const third = await here.ask({ name: "c", code: IDLE });
  assertStringIncludes(third.error, "Cannot spawn 'c': 2 agents run here, max_agents of");
  assertEquals((await here.ask({ name: "b", code: IDLE, replace: true })).ok, true);
  const desired = { agents: [{ name: "d", code: IDLE, replace: true }, { name: "a", code: IDLE }] };
  const { json } = await bus.ask(`nodes/${node.name}/desired_state`, desired);
  assertStringIncludes(json.error, "Cannot spawn 'd': 2 agents run here");
});

Deno.test({
  ...needing(
    MOSQUITTO,
    "a retained spawn that is refused is said once per process, stays on the broker, and keeps nobody else waiting",
  ),
  fn: async () => {
    await using broker = await Mosquitto.start();
    await using bus = await Bus.connect(broker.port);
    await using cable = LinkProxy.listen(broker.port);
    await using node = await NodeProcess.start({ port: cable.port });
    await bus.on(`nodes/${node.name}/heartbeat`);
    const topic = `nodes/${node.name}/spawn`;
    const spawn = { name: "greedy", code: IDLE, permissions: { net: ["a.example"] } };
    await bus.publish(topic, spawn, { retain: true });
    await bus.on(`nodes/${node.name}/audit`);
    // What came before it is acknowledged then: it does not come again as it was.
    await bus.ask(`nodes/${node.name}/list`, {});
    for (let round = 0; round < 2; round++) {
      cable.cut();
      const from = bus.mark();
      cable.restore();
      await bus.on(`nodes/${node.name}/status`, ({ json }) => json.status === "online", from);
      // Answered after what came with the connection has been looked at.
      await bus.ask(`nodes/${node.name}/list`, {});
    }
    const said = bus.messages.filter(({ topic: on, text }) =>
      on !== topic && text.includes("Cannot spawn 'greedy'")
    );
    assertEquals(said.map(({ topic }) => topic).sort(), [
      `agents/${node.name}/logs`,
      `nodes/${node.name}/audit`,
    ]);
    await using late = await Bus.connect(broker.port, topic);
    assertEquals((await late.on(topic)).json, spawn);
  },
});

Deno.test("an agent that a stricter policy does not allow any more is not brought back", async () => {
  await using here = await policed({ permissions: { net: ["a.example"] } });
  const { bus, dir, broker } = here;
  const stateDir = join(dir, "state");
  await Deno.mkdir(stateDir);
  const start = async (net: readonly string[]) => {
    const file = await writePolicy(dir, { permissions: { net } });
    return await NodeProcess.start({ name: "second", port: broker.port, stateDir, args: ["--policy", file] });
  };
  {
    await using node = await start(["a.example"]);
    await node.spawn(bus, { name: "caller", code: IDLE, permissions: { net: ["a.example"] } });
  }
  await using _node = await start([]);
  const { json } = await bus.on(
    "agents/second/logs",
    (m) => m.json?.message?.startsWith("Cannot bring back"),
  );
  assertStringIncludes(json.message, "permissions.net 'a.example' is not allowed");
});

Deno.test("a policy that cannot be used stops the start: one line, exit 2", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  try {
    for (
      const [text, expected] of [
        ["{", "it is not JSON"],
        [`{"permision":{}}`, "permision is no rule: known are"],
        [`{"permissions":{"run":["sh"]}}`, "permissions.run.0 must be an absolute path"],
        ["writable for others", "its mode 666 makes it writable for others: chmod go-w"],
        [undefined, "No such file"],
      ] as const
    ) {
      const file = join(dir, "p.json");
      if (text === undefined) await Deno.remove(file);
      else await Deno.writeTextFile(file, text);
      if (text === "writable for others") await Deno.chmod(file, 0o666);
      await using node = await NodeProcess.start({ port: freePort(), args: ["--policy", file] });
      const { code } = await node.child.status;
      await node.end();
      const lines = node.stderr.filter((line) => line !== "");
      assertEquals([code, lines.length], [2, 1], lines.join("\n"));
      assertStringIncludes(lines[0] ?? "", `agentflow-node: policy '${file}' cannot be used: `);
      assertStringIncludes(lines[0] ?? "", expected);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("policy check says in words what a file allows, or why it cannot be used", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  try {
    const check = async (policy: unknown) => {
      const file = await writePolicy(dir, policy);
      const ctl = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "-A", ctl, "policy", "check", file],
      }).output();
      return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)] as const;
    };
    const [code, text] = await check({ max_agents: 5 });
    assertEquals(code, 0, text);
    assertStringIncludes(text, "- up to 5 agents at the same time");
    const [failed, why] = await check({ max_agents: "5" });
    assertEquals(failed, 2);
    assertStringIncludes(why, "max_agents must be a number");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
