/** An agent that runs on another node too: who stays, who yields, and who is believed. */
import { assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../../../../protocol/ids.ts";
import { placementText } from "../../../../../protocol/signing/statements.ts";
import { Placements } from "../../../../../runner/node/agents/placements.ts";
import { Peers } from "../../../../../runner/node/migration/peers.ts";
import { Turns } from "../../../../../runner/turns.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";
import { fakeNode } from "../../../../support/fake_node.ts";
import { untilSettled } from "../../../../support/until.ts";
import { testKey } from "../../../../support/identity.ts";

const A = actorId("a");
const TOPIC = `agents/${A}/heartbeat`;
const YIELDED = ["Agent 'a' has been placed on node 'attic'", "is forgotten: yield", "ends: yield"];
const ATTIC_KEY = testKey("attic");

interface Scene {
  readonly events: string[];
  readonly clock: FakeClock;
  readonly placement: string;
  hear(said: Readonly<Record<string, unknown>>): Promise<void>;
  report(): ReturnType<Placements["report"]>;
}

/** Agent `a` of epoch 5 on node `hall`. @param trusts whether only the enrolled node `attic` counts */
function scene(trusts: boolean, passage = "open"): Scene {
  const events: string[] = [];
  const clock = new FakeClock();
  const agent = {
    name: "a",
    actorId: A,
    isMoving: passage !== "open",
    state: { passage },
    config: { epoch: 5 },
    stop: (why: string) => Promise.resolve(void events.push(`ends: ${why}`)),
  } as unknown as SupervisedAgent;
  const nodeKey = (node: string) => Promise.resolve(node === "attic" ? ATTIC_KEY.public : undefined);
  const placements = new Placements({
    node: "hall",
    clock,
    key: testKey("hall"),
    peers: new Peers(trusts ? { isEnforced: true, nodeKey } : undefined, clock),
    find: (id) => id === A ? agent : undefined,
    beat: () => events.push("beat"),
    turns: new Turns(),
    forget: (_, why) => Promise.resolve(void events.push(`is forgotten: ${why}`)),
    say: (_agent, message) => events.push(message.replace(/ (too|, |since)[^]*/, "")),
  });
  return {
    events,
    clock,
    placement: placements.report(agent).placement,
    report: () => placements.report(agent),
    hear: async (said) => {
      const payload = new TextEncoder().encode(JSON.stringify({ name: "a", state: "running", ...said }));
      placements.receive({ topic: TOPIC, payload, retained: false });
      await settled();
    },
  };
}

Deno.test("to one that was placed later an agent yields, once; to one placed earlier it does not", async () => {
  const { events, hear } = scene(false);
  await hear({ node: "attic", epoch: 4 });
  await hear({ node: "hall", epoch: 9 });
  await hear({ node: "attic", epoch: 9, state: "stopped" });
  await hear({ node: "attic", epoch: 9, state: "failed" });
  assertEquals(events, []);
  await hear({ node: "attic", epoch: 9 });
  await hear({ node: "attic", epoch: 9 });
  assertEquals(events, YIELDED);
});

Deno.test("at equal epochs the conflict is told once, and only when the other one goes on", async () => {
  const { events, clock, hear } = scene(false);
  await hear({ node: "attic", epoch: 5 });
  assertEquals(events, []);
  await clock.advance(10_000);
  await hear({ node: "attic", epoch: 5 });
  await clock.advance(10_000);
  await hear({ node: "attic", epoch: 5 });
  assertEquals(events, ["Agent 'a' runs on node 'attic'"]);
});

Deno.test("a node that knows no epochs is told of, for it does not yield by itself", async () => {
  const { events, clock, hear } = scene(false);
  await hear({ node: "python" });
  await clock.advance(10_000);
  await hear({ node: "python" });
  assertEquals(events, ["Agent 'a' runs on node 'python'"]);
});

Deno.test("an agent on its way between nodes is left to the move", async () => {
  const { events, hear } = scene(false, "leaving");
  await hear({ node: "attic", epoch: 9 });
  assertEquals(events, []);
});

Deno.test("until its old node has released it, an agent says no epoch that would make that one yield", () => {
  assertEquals(
    [scene(false, "arriving"), scene(false, "leaving"), scene(false)].map(({ report }) => report().epoch),
    [
      0,
      5,
      5,
    ],
  );
});

Deno.test("with --trust only what an enrolled node has signed for this very start ends an agent", async () => {
  const { events, hear, placement } = scene(true);
  const said = (node: string, epoch: number, to: string) => ({
    node,
    epoch,
    presence: { to, seal: ATTIC_KEY.seal(placementText("a", node, epoch, to)) },
  });
  await hear({ node: "attic", epoch: 9 });
  await hear({ node: "attic", epoch: 9, presence: { to: placement, seal: "forged" } });
  // Signed by the key of another node, for another start, with another epoch, of another agent.
  await hear(said("cellar", 9, placement));
  await hear(said("attic", 9, "an earlier start"));
  await hear({ ...said("attic", 9, placement), epoch: 10 });
  const seal = ATTIC_KEY.seal(placementText("b", "attic", 9, placement));
  await hear({ node: "attic", epoch: 9, presence: { to: placement, seal } });
  assertEquals(events, []);
  await hear(said("attic", 9, placement));
  assertEquals(events, YIELDED);
});

Deno.test("each start signs for the other one that it has heard, and says so at once, but not in a flood", async () => {
  const { events, hear, report } = scene(true);
  assertEquals(report().presence, undefined);
  await hear({ node: "attic", epoch: 4, placement: "theirs" });
  assertEquals([report().presence?.to, report().presence?.seal], [
    "theirs",
    testKey("hall").seal(placementText("a", "hall", 5, "theirs")),
  ]);
  for (let number = 0; number < 100; number++) {
    await hear({ node: "attic", epoch: 4, placement: `invented-${number}` });
  }
  assertEquals(events, ["beat"]);
});

Deno.test("a node stops its agent for one placed later, keeps that on disk, and brings it back by no restart", async () => {
  await using n = await fakeNode();
  await n.spawn("a", { epoch: 5 });
  const process = await n.runtime.ready();
  assertEquals(n.link.filters.includes(`+${TOPIC}`), true);
  assertEquals(n.reports(TOPIC).at(-1)?.epoch, 5);
  await n.send(TOPIC, JSON.stringify({ name: "a", node: "attic", state: "running", epoch: 6 }));
  await untilSettled("the agent's end", () => n.states().at(-1) === "stopped");
  assertEquals([process.ends, n.states().at(-1)], [["gracefully"], "stopped"]);
  assertMatch(String(n.said("error").at(-1)), /has been placed on node 'attic' since \(epoch 6, here 5\)/);
  assertEquals([n.registry.find("a"), n.registry.endedRecord("a")?.why], [undefined, "yield"]);
  // The manifest is that of the other one.
  const cleared = n.link.published.filter(({ topic, payload }) =>
    topic === `agents/${A}/manifest` && payload === ""
  );
  assertEquals(cleared, []);
});
