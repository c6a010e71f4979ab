/** A state folder that other users of the machine can write to, as /tmp is. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bus } from "../support/bus.ts";
import { startEmbedded } from "../support/brokers.ts";
import { NodeProcess } from "../support/node_process.ts";
import { withFolder } from "../support/temp_folder.ts";
import { needing, ROOT } from "../support/programs.ts";

const NAME = "test-node";
const REGISTRY = `agentflow_${NAME}.registry`;

/** Starts, says how often it has, and keeps that. */
const COUNTER = `async function setup(agent) {
  const boots = agent.recall("boots", 0) + 1;
  agent.persist("boots", boots);
  await agent.publish("boots", boots);
}`;

/** A folder like /tmp with the files of a node that an earlier version has run: beside those of others. */
async function withEarlierLayout(
  work: (shared: string, start: () => Promise<NodeProcess>, bus: Bus) => Promise<void>,
): Promise<void> {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withFolder(async (dir) => {
    const [before, shared] = [`${dir}/before`, `${dir}/shared`];
    await Deno.mkdir(before, { mode: 0o700 });
    await Deno.mkdir(shared);
    await Deno.chmod(shared, 0o1777);
    {
      await using node = await NodeProcess.start({ port: broker.port, stateDir: before });
      await bus.on(`nodes/${NAME}/heartbeat`);
      await node.spawn(bus, { name: "counter", code: COUNTER });
      await bus.on("boots", ({ json }) => json === 1);
      await node.end();
    }
    for (const { name } of Deno.readDirSync(before)) {
      await Deno.rename(`${before}/${name}`, `${shared}/${name}`);
    }
    await work(shared, () => NodeProcess.start({ port: broker.port, stateDir: shared }), bus);
  });
}

Deno.test("agents and state of the earlier layout come back, in a folder that nobody else can enter", async () => {
  await withEarlierLayout(async (shared, start, bus) => {
    await using node = await start();
    await bus.on("boots", ({ json }) => json === 2);
    const home = `${shared}/agentflow_${NAME}.home`;
    assertEquals(((await Deno.stat(home)).mode ?? 0) & 0o7777, 0o700);
    assertEquals([...Deno.readDirSync(shared)].map(({ name }) => name), [`agentflow_${NAME}.home`]);
    assertEquals(JSON.parse(await Deno.readTextFile(`${home}/agentflow_counter_state.json`)), { boots: 2 });
    await bus.ask(`nodes/${node.name}/stop`, { name: "counter" });
  });
});

Deno.test(needing(ROOT, "a registry that another user has planted starts nothing"), async () => {
  await withEarlierLayout(async (shared, start, bus) => {
    const from = bus.mark();
    await Deno.chown(`${shared}/${REGISTRY}/agents/counter.json`, 65534, 65534);
    await using node = await start();
    await node.logged(/is not used: .*counter\.json belongs to user 65534/);
    await bus.on(`nodes/${NAME}/heartbeat`, () => true, from);
    const { json } = await bus.ask(`nodes/${NAME}/list`, {});
    assertEquals([json.agents, bus.all("boots", from)], [[], []]);
  });
});

Deno.test(
  needing(ROOT, "state that another user has planted is not given to an agent, and the agent is told"),
  async () => {
    await withEarlierLayout(async (shared, start, bus) => {
      const from = bus.mark();
      await Deno.chown(`${shared}/agentflow_counter_state.json`, 65534, 65534);
      await using _node = await start();
      await bus.on("boots", ({ json }) => json === 1, from);
      const { json } = await bus.find("a report", ({ topic }) => topic.endsWith("/errors"), from);
      assertStringIncludes(json.error, "is not used, because it belongs to user 65534");
    });
  },
);

Deno.test(
  needing(ROOT, "a node does not start in a folder of its name that another user has made"),
  async () => {
    await withEarlierLayout(async (shared, start) => {
      await Deno.mkdir(`${shared}/agentflow_${NAME}.home`);
      await Deno.chown(`${shared}/agentflow_${NAME}.home`, 65534, 65534);
      await using node = await start();
      assertEquals(await node.exitCode(), 2);
      assertStringIncludes(
        node.stderr.join("\n"),
        "belongs to user 65534. Choose another folder with --state-dir",
      );
    });
  },
);

Deno.test(needing(ROOT, "what an agent makes of its state file no other user can reach"), async () => {
  await withEarlierLayout(async (shared, start, bus) => {
    await using node = await start();
    const file = `${shared}/agentflow_${NAME}.home/agentflow_setter_state.json`;
    const code = `async function setup(agent) {
      agent.persist("k", 1);
      // The kernel may say no first.
      try { Deno.chmodSync(${JSON.stringify(file)}, 0o4777); } catch { }
      await agent.publish("set", 1);
    }`;
    await bus.on(`nodes/${NAME}/heartbeat`);
    await node.spawn(bus, { name: "setter", code });
    await bus.on("set");
    const { stderr } = await new Deno.Command("ls", { args: ["-l", file], uid: 65534, gid: 65534 }).output();
    assertStringIncludes(new TextDecoder().decode(stderr), "Permission denied");
  });
});
