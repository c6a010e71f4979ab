/** `apply` and `diff`: a fleet of two nodes becomes what a file says, and stays so. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { NodeProcess } from "../support/node_process.ts";

const QUIET = "function setup() {}";

Deno.test("apply makes a fleet what its file says", async (t) => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using _hall = await NodeProcess.start({
    port: broker.port,
    name: "hall",
    args: ["--labels", "floor=0"],
  });
  await using _attic = await NodeProcess.start({
    port: broker.port,
    name: "attic",
    args: ["--labels", "floor=2,gpu=yes"],
  });
  for (const name of ["hall", "attic"]) await bus.on(`nodes/${name}/heartbeat`);
  const folder = await Deno.makeTempDir({ prefix: "agentflow-fleet-" });
  await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const run = (...args: string[]) => ctlHere(broker.port, ...args);
  const file = join(folder, "fleet.json");
  const write = (agents: unknown[]) => Deno.writeTextFile(file, JSON.stringify({ agents }));
  const step = (name: string, fn: () => Promise<void>) =>
    t.step({ name, fn, sanitizeOps: false, sanitizeResources: false });
  // deno-lint-ignore no-explicit-any -- JSON of the program
  const steps = (plan: any[]) => plan.map(({ step, node, agent }) => `${step} ${node}/${agent}`).sort();
  const rows = (json: unknown) => json as readonly Record<string, unknown>[];
  await Deno.mkdir(join(folder, "code"));
  await Deno.writeTextFile(join(folder, "code", "sensor.ts"), QUIET);

  await step("--dry-run shows the plan, and does nothing", async () => {
    await write([
      { name: "sensor-{node}", file: "code/sensor.ts", nodes: ["hall", "attic"] },
      { name: "vision", code: QUIET, labels: { gpu: "yes" }, poll_interval: 2 },
    ]);
    const { code, json } = await run("apply", file, "--dry-run", "--json");
    assertEquals([code, json.dry_run], [0, true]);
    assertEquals(steps(json.plan), [
      "start attic/sensor-attic",
      "start attic/vision",
      "start hall/sensor-hall",
    ]);
    assertEquals((await run("agents", "--json")).json, []);
  });

  await step("apply does it, and a second time there is nothing to do", async () => {
    const { code, stdout } = await run("apply", file);
    assertEquals(code, 0);
    assertMatch(stdout, /^\+ hall\/sensor-hall {2}start$/m);
    assertMatch(stdout, /^3 steps: 3 start$/m);
    assertMatch(stdout, /^done {2}\+ attic\/vision {2}start$/m);
    assertMatch((await run("apply", file)).stdout, /Nothing to do: the fleet matches the file/);
    const { code: same } = await run("diff", file);
    assertEquals(same, 0);
  });

  await step("what has changed is shown, and replaced", async () => {
    await Deno.writeTextFile(join(folder, "code", "sensor.ts"), `${QUIET}\n// calibrated\n`);
    await write([
      { name: "sensor-{node}", file: "code/sensor.ts", nodes: ["hall", "attic"] },
      { name: "vision", code: QUIET, labels: { gpu: "yes" }, poll_interval: 3 },
    ]);
    const { code, stdout } = await run("diff", file);
    assertEquals(code, 1);
    assertMatch(stdout, /^~ attic\/vision {2}replace \(poll_interval\)\n {4}poll_interval: 2 → 3$/m);
    assertMatch(stdout, /^ {4}\+\/\/ calibrated$/m);
    const applied = await run("apply", file, "--json");
    assertEquals([applied.code, applied.json.ok], [0, true]);
    assertEquals((await run("state", "vision", "--json")).json.config.poll_interval, 3);
    assertEquals((await run("diff", file)).code, 0);
  });

  await step("an agent that runs elsewhere moves", async () => {
    await write([{ name: "vision", code: QUIET, node: "hall", poll_interval: 3 }]);
    const { code, json } = await run("apply", file, "--json");
    assertEquals([code, steps(json.results)], [0, ["move hall/vision"]]);
    assertEquals((await run("state", "vision", "--json")).json.node, "hall");
  });

  await step(
    "what is not listed is left alone, and stopped with --prune, on the file's nodes only",
    async () => {
      assertMatch((await run("apply", file)).stdout, /\? hall\/sensor-hall {2}not in the file, left alone/);
      const unasked = await run("apply", file, "--prune");
      assertEquals(unasked.code, 2);
      assertStringIncludes(
        unasked.stderr,
        "This stops 1 agent that the file does not name, and there is no one to ask: --yes does it without",
      );
      assertEquals((await run("state", "sensor-hall")).code, 0);
      const { code, json } = await run("apply", file, "--prune", "--yes", "--json");
      assertEquals([code, steps(json.results)], [0, ["stop hall/sensor-hall"]]);
      // deno-lint-ignore no-explicit-any -- JSON of the program
      const left = (await run("agents", "--json")).json.map(({ agent }: any) => agent);
      assertEquals(left, ["sensor-attic", "vision"]);
    },
  );

  await step("a step that fails is told, the others are done, and the exit code says so", async () => {
    await write([
      { name: "bad", code: "function setup() { throw new Error('no'); }", node: "hall" },
      { name: "good", code: QUIET, node: "attic" },
      { name: "far", code: QUIET, node: "cellar" },
    ]);
    const { code, json } = await run("apply", file, "--json");
    assertEquals([code, json.ok], [1, false]);
    // deno-lint-ignore no-explicit-any -- JSON of the program
    const errors = Object.fromEntries(json.results.map(({ agent, error }: any) => [agent, error]));
    assertEquals(errors, { bad: "setup: no", far: "no node 'cellar' has been seen", good: undefined });
    assertEquals((await run("state", "good")).code, 0);
  });

  await step(
    "a node that is off takes its generation when it returns, and status tells how far it is",
    async () => {
      const stateDir = await Deno.makeTempDir({ dir: folder });
      const shed = { port: broker.port, name: "shed", stateDir };
      const named = async (agents: unknown[]) =>
        await Deno.writeTextFile(file, JSON.stringify({ fleet: "garden", agents }));
      {
        await using _shed = await NodeProcess.start(shed);
        await bus.on("nodes/shed/heartbeat");
        await named([{ name: "pump", code: QUIET, node: "shed" }]);
        assertEquals((await run("apply", file, "--message", "first")).code, 0);
        await named([{ name: "pump", code: QUIET, node: "shed", poll_interval: 7 }]);
        assertEquals((await run("apply", file, "--out", join(folder, "plan.json"))).code, 0);
      }
      const pending = await run("apply", file, "--json");
      assertEquals([pending.code, pending.json.generation, pending.json.ok], [5, 2, false]);
      const off = await run("status", "garden", "--json");
      assertEquals([off.code, rows(off.json.nodes).map(({ state }) => state)], [5, ["pending"]]);
      const taken = bus.on(
        "nodes/shed/generations/garden",
        ({ json }) => json.generation === 2 && json.agents.pump?.state === "running",
      );
      await using _shed = await NodeProcess.start(shed);
      await taken;
      assertEquals((await run("state", "pump", "--json")).json.config.poll_interval, 7);
      assertEquals((await run("status", "garden")).code, 0);
      await run("stop", "pump");
      assertMatch((await run("status", "garden")).stdout, /^shed +2 +drifted +pump: stopped$/m);
      assertEquals((await run("status", "garden", "--reconcile")).code, 0);
      assertEquals((await run("state", "pump")).code, 0);
      const past = rows((await run("history", "garden", "--json")).json);
      assertEquals(past.map(({ generation, message }) => [generation, message]), [[3, "reconcile"], [2, ""], [
        1,
        "first",
      ]]);
      assertMatch(
        (await run("show", "garden", "--generation", "2")).stdout,
        /^~ shed\/pump {2}changed \(poll_interval\)$/m,
      );
      assertEquals((await run("rollback", "garden", "--to", "1")).code, 0);
      assertEquals((await run("state", "pump", "--json")).json.config.poll_interval, undefined);
      const late = await run("apply", join(folder, "plan.json"));
      assertEquals(late.code, 1);
      assertMatch(late.stderr, /The plan is out of date: .* has applied generation 4 since/);
    },
  );

  await step("two agents of one name are both shown, and --node tells them apart", async () => {
    for (const node of ["hall", "attic"]) {
      const started = bus.on(
        `agents/${node}/logs`,
        ({ json }) => json.type === "spawned" && json.child_name === "twin",
      );
      await bus.publish(`nodes/${node}/spawn`, { name: "twin", code: QUIET });
      await started;
      await bus.find(
        `twin runs on ${node}`,
        ({ topic, json }) =>
          topic.endsWith("/heartbeat") && json?.name === "twin" && json.node === node &&
          json.state === "running",
      );
    }
    const twins = rows((await run("agents", "--json")).json).filter(({ agent }) => agent === "twin");
    assertEquals(twins.map(({ node, also_on }) => [node, also_on]), [["attic", ["hall"]], ["hall", [
      "attic",
    ]]]);
    assertMatch((await run("agents", "-l", "gpu=yes")).stdout, /^twin +attic +running, conflict /m);
    const unclear = await run("stop", "twin");
    assertEquals(unclear.code, 1);
    assertStringIncludes(
      unclear.stderr,
      "Agent 'twin' runs on attic and hall: say on which node you mean it",
    );
    assertMatch((await run("stop", "twin", "--node", "attic")).stdout, /has been stopped on attic/);
    assertEquals((await run("state", "twin", "--json")).json.node, "hall");
    const several = rows((await run("restart", "-l", "floor=0", "--json")).json);
    assertEquals(several.map(({ agent, ok }) => [agent, ok]).sort(), [["twin", true], ["vision", true]]);
  });

  await step("a file that cannot be used is told in its own words", async () => {
    await write([{ name: "many", code: QUIET, nodes: ["hall", "attic"] }]);
    const { code, stderr } = await run("apply", file);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "'many' is for 2 nodes (hall, attic), and an agent's name is its identity");
    await write([{ name: "x", file: "nowhere.ts", node: "hall" }]);
    const missing = await run("apply", file);
    assertEquals(missing.code, 2);
    assertMatch(missing.stderr, /Cannot read .*nowhere\.ts: no such file/);
  });
});
