/** Roll-outs with real nodes, real agents and the command line: waves, soak, a failure, a death of the operator. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctl, CtlProcess } from "../support/ctl.ts";
import { NodeProcess } from "../support/node_process.ts";
import { newKey } from "../support/signing.ts";

const GOOD = "function setup() {}\nfunction process() {}";
/** Its update passes, as its first call succeeds. */
const FAILS_AT_SECOND_CALL =
  "let calls = 0;\nfunction process() { if (++calls > 1) throw new Error('second call'); }";
const NODES = ["n1", "n2", "n3"];

Deno.test("a roll-out changes a fleet in waves", async (t) => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using nodes = new AsyncDisposableStack();
  for (const name of NODES) {
    nodes.use(await NodeProcess.start({ port: broker.port, name, args: ["--labels", `role=${name}`] }));
  }
  for (const name of NODES) await bus.on(`nodes/${name}/heartbeat`);
  const folder = await Deno.makeTempDir({ prefix: "agentflow-rollout-" });
  await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const flags = ["--broker", "127.0.0.1", "--port", String(broker.port)];
  const run = (...args: string[]) => ctl([...args, ...flags]);
  const file = join(folder, "fleet.json");
  const write = (code: string, more: Record<string, unknown> = {}) =>
    Deno.writeTextFile(
      file,
      JSON.stringify({
        fleet: "farm",
        ...more,
        agents: [{ name: "pump-{node}", code, nodes: NODES, poll_interval: 0.05 }],
      }),
    );
  const codes = async () => {
    const found: string[] = [];
    for (const node of NODES) {
      const { json } = await run("state", `pump-${node}`, "--node", node, "--json");
      found.push(json.config.code);
    }
    return found;
  };
  const step = (name: string, fn: () => Promise<void>) =>
    t.step({ name, fn, sanitizeOps: false, sanitizeResources: false });
  const phases = (mark: number) =>
    bus.all("main/rollouts/farm", mark).map(({ json }) => json.state.phase.kind as string);

  await step("each wave is a generation, and soaks before the next one begins", async () => {
    await write(GOOD);
    const mark = bus.mark();
    const { code, json } = await run("apply", file, "--waves", "1,rest", "--soak", "0.2", "--json");
    assertEquals([code, json.ok, json.phase, json.waves], [0, true, "done", [["n1"], ["n2", "n3"]]]);
    assertEquals(phases(mark).filter((kind, index, all) => kind !== all[index - 1]), [
      "ready",
      "changing",
      "soaking",
      "ready",
      "changing",
      "soaking",
      "ended",
    ]);
    assertEquals((await run("history", "farm", "--json")).json.length, 2);
    assertEquals((await run("status", "farm")).code, 0);
  });

  await step(
    "an agent that fails at its second call is caught in the first wave, and goes no further",
    async () => {
      await write(FAILS_AT_SECOND_CALL, { rollout: { waves: [1, "rest"], soak: "30s" } });
      const { code, stdout } = await run("apply", file);
      assertEquals(code, 1);
      assertMatch(stdout, /^failed {2}n1: pump-n1: process: .*second call/m);
      assertEquals(await codes(), [FAILS_AT_SECOND_CALL, GOOD, GOOD]);
      const shown = await run("rollout", "show", "farm");
      assertEquals(shown.code, 1);
      assertMatch(shown.stdout, /^halted: 1 node of 3 changed; n1: pump-n1: process: /m);
    },
  );

  await step("what was halted can be taken back", async () => {
    assertEquals((await run("rollout", "abort", "farm", "--rollback")).code, 0);
    assertEquals(await codes(), [GOOD, GOOD, GOOD]);
  });

  await step("with on_failure rollback that happens by itself", async () => {
    const { code, json } = await run("apply", file, "--on-failure", "rollback", "--json");
    assertEquals([code, json.phase], [1, "rolled_back"]);
    assertEquals(await codes(), [GOOD, GOOD, GOOD]);
  });

  await step("another operator goes on after the first one's machine has died", async () => {
    const better = `${GOOD}\n// better`;
    await write(better);
    const mark = bus.mark();
    {
      await using _dies = CtlProcess.start(["apply", file, "--waves", "1,rest", "--soak", "20m", ...flags]);
      await bus.on("main/rollouts/farm", ({ json }) => json.state.phase.kind === "soaking", mark);
    }
    const refused = await run("apply", file, "--at-once");
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "a roll-out of fleet 'farm' by");
    assertEquals((await run("rollout", "pause", "farm")).code, 0);
    assertMatch((await run("rollout", "show", "farm")).stdout, /wave 1 of 2: watches n1 until/);
    assertEquals(await codes(), [better, GOOD, GOOD]);
    const key = join(folder, "key.json");
    await Deno.writeTextFile(key, JSON.stringify(await newKey("bo")), { mode: 0o600 });
    const unsigned = await run("rollout", "resume", "farm", "--sign-key", key);
    assertEquals(unsigned.code, 1);
    assertStringIncludes(unsigned.stderr, "The roll-out of fleet 'farm' is not signed");
    await using second = CtlProcess.start(["rollout", "resume", "farm", ...flags]);
    await bus.on("main/rollouts/farm", ({ json }) => json.state.isPaused === false, bus.mark() - 1);
    assertMatch((await run("rollout", "abort", "farm")).stdout, /is aborted; .* carries it out/);
    assertEquals(await second.code, 1);
    assertEquals(await codes(), [better, GOOD, GOOD]);
  });

  await step("a rollback is rolled out in the same way", async () => {
    const { code, json } = await run("rollback", "farm", "--waves", "role=n1,rest", "--soak", "0", "--json");
    assertEquals([code, json.waves, json.phase], [0, [["n1"]], "done"]);
    assertEquals(await codes(), [GOOD, GOOD, GOOD]);
  });

  await step("checks of the file must hold", async () => {
    const answers = `${GOOD}\nfunction handle_task(_agent, payload) { return { sum: payload.a + 1 }; }`;
    const task = { task: "pump-{node}", payload: { a: 1 } };
    await write(answers, {
      rollout: { soak: 0, waves: ["1", "rest"], checks: [{ ...task, expect: { sum: 3 } }] },
    });
    const wrong = await run("apply", file);
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stdout, 'failed  n1: pump-n1 answers {"sum":2} instead of {"sum":3}');
    await write(answers, {
      rollout: { soak: 0, waves: ["1", "rest"], checks: [{ ...task, expect: { sum: 2 } }] },
    });
    assertEquals((await run("apply", file)).code, 0);
    await write(GOOD, { rollout: { soak: 0, checks: [{ topic: "farm/{node}/level" }] } });
    const silent = await run("apply", file);
    assertStringIncludes(silent.stdout, "failed  n1: nothing has come on farm/n1/level during the soak");
  });

  await step(
    "outside its window a change is pending, and a wave waits for it",
    async () => {
      const day = new Date(Date.now() + 3 * 86_400_000).toUTCString().slice(0, 3);
      const agent = { name: "late", code: GOOD, node: "n1", window: `${day} 00:00-01:00 UTC` };
      await Deno.writeTextFile(file, JSON.stringify({ fleet: "night", agents: [agent] }));
      assertEquals((await run("apply", file)).code, 5);
      const pending = await run("status", "night");
      assertEquals(pending.code, 5);
      assertMatch(pending.stdout, /n1 +1 +pending +it is outside its window, which opens at .* 00:00 UTC/);
      const mark = bus.mark();
      await using waits = CtlProcess.start(["apply", file, "--waves", "rest", ...flags]);
      await bus.on("main/rollouts/night", ({ json }) => json.state.pending.n1 !== undefined, mark);
      assertEquals((await run("rollout", "abort", "night")).code, 0);
      assertEquals(await waits.code, 1);
      assertEquals((await run("state", "late")).code, 1);
      // Mending keeps to the window, too.
      assertEquals((await run("status", "night", "--reconcile")).code, 5);
      assertEquals((await run("state", "late")).code, 1);
    },
  );
});
