/** What operators write about windows: what is taken back does not wait for them, and the watchdog keeps them. */
import { assertEquals } from "@std/assert";
import { systemClock } from "../../runner/clock.ts";
import { watchForFailovers } from "../../operator/failover/watchdog.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { LightFleet } from "../support/light_fleet.ts";
import { connectOperator } from "../support/operator.ts";

const [OPEN, CLOSED] = ["00:00-24:00 UTC", "Sat 02:00-02:01 UTC"];

Deno.test("a roll-out is taken back without waiting for windows, on the nodes that it has changed", async () => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, { b: {} });
  let nowMs = Date.parse("2026-11-28T02:30Z");
  const clock = { ...systemClock, epochSeconds: () => nowMs / 1000 };
  fleet.add("a", {}, { clock, window: "Sat 02:00-04:00 UTC" }).turnOn();
  const runs = () => fleet.get("a").disk.agents.get("x-a")?.code;
  await using bus = await Bus.connect(broker.port);
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await using _file = { [Symbol.asyncDispose]: () => Deno.remove(file) };
  const apply = async (code: string, rollout?: unknown) => {
    const agents = [{ name: "x-{node}", code, nodes: ["a", "b"] }];
    await Deno.writeTextFile(file, JSON.stringify({ fleet: "farm", rollout, agents }));
    return (await ctlHere(broker.port, "apply", file)).code;
  };
  /** Of each node: its code and whether that takes back the last roll-out. */
  const desired = () =>
    ["a", "b"].map((node) => {
      const { json } = bus.all(`nodes/${node}/desired_state`).at(-1) ?? {};
      const rollout = bus.all("main/rollouts/farm").at(-1)?.json.id;
      return [json.agents[0].code, json.takes_back !== undefined && json.takes_back === rollout];
    });
  const fails = { waves: ["1", "rest"], soak: 0, checks: [{ topic: "never/{node}" }] };
  assertEquals(await apply("1"), 0);
  assertEquals(await apply("2", { ...fails, on_failure: "rollback" }), 1);
  assertEquals(desired(), [["1", true], ["1", false]]);
  assertEquals(await apply("2", fails), 1);
  assertEquals([desired(), runs()], [[["2", false], ["1", false]], "2"]);
  nowMs = Date.parse("2026-11-28T05:00Z");
  assertEquals((await ctlHere(broker.port, "rollback", "farm")).code, 0);
  assertEquals([desired(), runs()], [[["1", true], ["1", false]], "1"]);
  // Every other change waits.
  assertEquals([await apply("3"), runs()], [5, "1"]);
});

Deno.test("fail-over waits for no window of what it moves, and keeps those of the other agents", async () => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, { a: {}, b: {} });
  await using bus = await Bus.connect(broker.port);
  await using operator = await connectOperator(broker.port);
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await using _file = { [Symbol.asyncDispose]: () => Deno.remove(file) };
  const agents = [
    { name: "moves", code: "1", nodes: ["a", "b"], failover: "1s", window: CLOSED },
    { name: "stays", code: "1", node: "b", window: OPEN },
  ];
  await Deno.writeTextFile(file, JSON.stringify({ fleet: "farm", agents }));
  await ctlHere(broker.port, "apply", file);
  const [before] = bus.all("nodes/b/desired_state").slice(-1);
  assertEquals([before?.json.windows, before?.json.entry_windows], [[OPEN], { stays: OPEN }]);

  const over = new AbortController();
  const failovers = [{ agent: "moves", nodes: ["a", "b"], afterMs: 1 }];
  const from = bus.mark();
  const watch = watchForFailovers(operator, [{ fleet: "farm", failovers }], {
    by: "dog",
    signal: over.signal,
    onMove: () => {},
    onResult: () => {},
    onProblem: () => {},
  });
  try {
    fleet.get("a").turnOff();
    const { json } = await bus.on("nodes/b/desired_state", undefined, from);
    assertEquals([json.by, json.agents.map(({ name }: { name: string }) => name).toSorted()], ["dog", [
      "moves",
      "stays",
    ]]);
    assertEquals([json.windows, json.entry_windows], [undefined, { stays: OPEN }]);
  } finally {
    over.abort();
    await watch;
  }
});
