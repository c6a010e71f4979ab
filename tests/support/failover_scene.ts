/** Two real nodes, an agent that may run on either, and two watchdogs at once. */
import { assertEquals } from "@std/assert";
import { failoversOf } from "../../operator/failover/decide.ts";
import { watchForFailovers } from "../../operator/failover/watchdog.ts";
import { parseFleet } from "../../operator/fleet/fleet_file.ts";
import { actorId } from "../../protocol/ids.ts";
import { startEmbedded } from "./brokers.ts";
import { Bus } from "./bus.ts";
import { ctlHere } from "./ctl_here.ts";
import { NodeProcess } from "./node_process.ts";
import { connectOperator } from "./operator.ts";
import { until } from "./until.ts";

const CODE = "export function process() {}";

/**
 * @param leaves makes the first node vanish
 * @param returns brings it back
 */
export async function failOver(
  leaves: (node: NodeProcess) => Promise<void>,
  returns: (node: NodeProcess, start: () => Promise<NodeProcess>) => Promise<NodeProcess>,
): Promise<void> {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const folder = await Deno.makeTempDir({ prefix: "agentflow-failover-" });
  await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const startA = async () => {
    const node = await NodeProcess.start({ port: broker.port, name: "a", stateDir: `${folder}/a` });
    await bus.on("nodes/a/heartbeat", undefined, bus.mark());
    return node;
  };
  await using nodes = new AsyncDisposableStack();
  const a = nodes.use(await startA());
  nodes.use(await NodeProcess.start({ port: broker.port, name: "b" }));
  await bus.on("nodes/b/heartbeat");
  const file = JSON.stringify({
    fleet: "home",
    agents: [{ name: "x", code: CODE, nodes: ["a", "b"], failover: "1s" }],
  });
  await Deno.writeTextFile(`${folder}/fleet.json`, file);
  assertEquals((await ctlHere(broker.port, "apply", `${folder}/fleet.json`)).code, 0);
  /** The broker finds out about a frozen node after its keep-alive. */
  const runsOn = async (node: string, from = 0): Promise<number> => {
    const beats = () =>
      bus.all(`agents/${actorId("x")}/heartbeat`, from)
        .filter(({ json }) => json?.node === node && json.state === "running");
    await until(`x runs on ${node}`, () => beats().length > 0, 90_000);
    return beats()[0]?.json.epoch;
  };
  const epochAtA = await runsOn("a");

  const over = new AbortController();
  const moves: string[] = [];
  const watchers = ["one", "two"].map(async (by) => {
    await using operator = await connectOperator(broker.port);
    await watchForFailovers(operator, [{
      fleet: "home",
      failovers: failoversOf(parseFleet(file, "f").entries),
    }], {
      by,
      signal: over.signal,
      onMove: (_fleet, { agent, from, to }) => moves.push(`${agent}: ${from} → ${to}`),
      onResult: () => {},
      onProblem: () => {},
    });
  });
  try {
    await leaves(a);
    const epochAtB = await runsOn("b");
    assertEquals([epochAtB > epochAtA, moves], [true, ["x: a → b"]]);
    const from = bus.mark();
    const back = await returns(a, startA);
    if (back !== a) nodes.use(back);
    // It yields, and the agent goes on where it is.
    await until("a has given x up", async () => {
      const { json } = await bus.ask("nodes/a/list", {});
      return json.agents.length === 0 && json.ok;
    });
    await bus.ask("nodes/b/list", {});
    await runsOn("b", from);
    assertEquals(moves, ["x: a → b"]);
    const history = (await ctlHere(broker.port, "history", "home", "--json")).json;
    assertEquals(history.map(({ message }: { message: string }) => message), ["x: a is away, goes to b", ""]);
    assertEquals((await ctlHere(broker.port, "diff", `${folder}/fleet.json`)).code, 0);
  } finally {
    over.abort();
    await Promise.all(watchers);
  }
}
