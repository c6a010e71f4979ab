/** A runner is rolled out to real nodes, and taken back by another machine when the first one has died. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { releaseOf } from "../../protocol/upgrade_package.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctl, CtlProcess } from "../support/ctl.ts";
import { bundledRunner, InstalledRunner } from "../support/installed.ts";
import { LightFleet } from "../support/light_fleet.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Commander, newKey, TrustFolder } from "../support/signing.ts";

const NODES = ["n1", "n2"];

Deno.test("a runner is rolled out in waves, and taken back after the operator's machine has died", async () => {
  const bundle = await bundledRunner();
  const owner = await newKey("owner");
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using folder = await TrustFolder.make([{ key: owner }]);
  await using parts = new AsyncDisposableStack();
  const installed: InstalledRunner[] = [];
  for (const name of NODES) {
    const its = parts.use(await InstalledRunner.make(bundle));
    installed.push(its);
    const args = ["--trust", folder.keyFile];
    parts.use(await NodeProcess.start({ port: broker.port, name, program: its.program, args }));
    await bus.on(`nodes/${name}/heartbeat`);
    const spawn = { name: `kept-${name}`, code: "function process() {}", poll_interval: 0.1 };
    await new Commander(bus, owner).order(`nodes/${name}/spawn`, spawn);
  }
  const keyFile = `${folder.dir}/owner.json`;
  const runner = `${folder.dir}/runner.js`;
  await Deno.writeTextFile(keyFile, JSON.stringify(owner), { mode: 0o600 });
  const flags = ["--broker", "127.0.0.1", "--port", String(broker.port), "--sign-key", keyFile];
  const releases = () => Promise.all(installed.map((each) => each.current()));
  const upgrade = (
    soak: string,
  ) => ["upgrade", ...NODES, "--runner", runner, "--yes", "--waves", "1,rest", "--soak", soak, ...flags];

  await Deno.writeTextFile(runner, `${bundle}\n// better`);
  const { code, json } = await ctl([...upgrade("1"), "--json"]);
  assertEquals([code, json.phase, json.waves, json.failures], [0, "done", [["n1"], ["n2"]], {}]);
  const [better = "", same] = await releases();
  assertEquals([better === same, better === installed[0]?.release], [true, false]);

  await Deno.writeTextFile(runner, `${bundle}\n// another`);
  const mark = bus.mark();
  {
    await using _dies = CtlProcess.start(upgrade("20m"));
    await bus.on("main/rollouts/_runners", ({ json }) => json?.state.phase.kind === "soaking", mark);
  }
  const [another, untouched] = await releases();
  assertEquals([another !== better, untouched], [true, better]);
  const shown = await ctl(["rollout", "show", "--upgrade", ...flags]);
  assertEquals(shown.code, 5);
  assertStringIncludes(shown.stdout, "agentflow rollout abort --upgrade --rollback");
  const back = await ctl(["rollout", "abort", "--upgrade", "--rollback", ...flags]);
  assertEquals(back.code, 0, back.stdout + back.stderr);
  assertEquals(await releases(), [better, better]);
  const { json: listed } = await bus.ask("nodes/n1/list", {});
  assertEquals(listed.agents[0].state, "running");
});

Deno.test("another machine goes on with the roll-out of a runner", async () => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, { a: {}, b: {} });
  await using bus = await Bus.connect(broker.port);
  const runner = await Deno.makeTempFile();
  await using _runner = { [Symbol.asyncDispose]: () => Deno.remove(runner) };
  await Deno.writeTextFile(runner, "another");
  const flags = ["--broker", "127.0.0.1", "--port", String(broker.port)];
  const releases = () => ["a", "b"].map((name) => fleet.get(name).release);
  {
    const args = ["upgrade", "a", "b", "--runner", runner, "--yes", "--waves", "1,rest", "--soak", "2"];
    await using _dies = CtlProcess.start([...args, ...flags]);
    await bus.on("main/rollouts/_runners", ({ json }) => json?.state.phase.kind === "soaking");
  }
  const release = releaseOf(new TextEncoder().encode("another"));
  assertEquals(releases(), [release, "old"]);
  const { code, json } = await ctl(["rollout", "resume", "--upgrade", "--json", ...flags]);
  assertEquals([code, json.phase, json.changed], [0, "done", ["a", "b"]]);
  assertEquals(releases(), [release, release]);
});
