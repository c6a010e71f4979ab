import { assertEquals } from "@std/assert";
import { testIdentity } from "../../../../support/identity.ts";
import { Manifests } from "../../../../../runner/node/agents/manifests.ts";
import { RecentLines } from "../../../../../runner/node/reports/recent_lines.ts";
import { Reporter } from "../../../../../runner/node/reports/reporter.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { FakeLink } from "../../../../support/fake_link.ts";

const FIELDS = { description: "d", capabilities: ["c"], input_schema: { i: 1 }, output_schema: { o: 1 } };

function setUp() {
  const link = new FakeLink();
  const clock = new FakeClock();
  const identity = testIdentity();
  const manifests = new Manifests(new Reporter(link, identity, clock, new RecentLines(() => true)), clock);
  const { agent } = fakeAgent("a", FIELDS);
  const topic = `agents/${agent.actorId}/manifest`;
  const publishes = () =>
    link.on(topic).map((manifest) => manifest === "" ? "" : (manifest as { publishes: string[] }).publishes);
  return { link, clock, manifests, agent, topic, publishes };
}

Deno.test("the manifest is told after setup(), retained, with all that the contract names", () => {
  const { link, clock, manifests, agent, topic } = setUp();
  manifests.ready(agent);
  assertEquals(link.on(topic), [{
    name: "a",
    actor_id: agent.actorId,
    node: "n",
    ...FIELDS,
    publishes: [],
    epoch: 0,
    timestamp: clock.epochSeconds(),
  }]);
  assertEquals(link.published.map(({ qos, retain }) => [qos, retain]), [[1, true]]);
});

Deno.test("nothing is told before setup() has returned; then its topics are, sorted", async () => {
  const { clock, manifests, agent, publishes } = setUp();
  for (const topic of ["b", "a", "b"]) manifests.published(agent, topic);
  await clock.advance(1000);
  assertEquals(publishes(), []);
  manifests.ready(agent);
  assertEquals(publishes(), [["a", "b"]]);
});

Deno.test("many first topics at once make one message, a topic known already none", async () => {
  const { clock, manifests, agent, publishes } = setUp();
  manifests.ready(agent);
  for (const topic of ["c", "a", "b"]) manifests.published(agent, topic);
  await clock.advance(1000);
  manifests.published(agent, "a");
  await clock.advance(1000);
  manifests.published(agent, "d");
  await clock.advance(1000);
  assertEquals(publishes(), [[], ["a", "b", "c"], ["a", "b", "c", "d"]]);
});

Deno.test("the list of topics is bounded", async () => {
  const { clock, manifests, agent, publishes } = setUp();
  manifests.ready(agent);
  for (let n = 0; n < 10_000; n++) manifests.published(agent, `topic/${n}`);
  await clock.advance(1000);
  assertEquals((publishes().at(-1) as string[]).length, 200);
  const long = setUp();
  long.manifests.ready(long.agent);
  for (let n = 0; n < 20; n++) long.manifests.published(long.agent, `${n}${"x".repeat(5000)}`);
  await long.clock.advance(1000);
  assertEquals((long.publishes().at(-1) as string[]).length, 3);
});

Deno.test("the manifest is cleared when the agent is gone for good, and stays when it moved", () => {
  const cleared = setUp();
  cleared.manifests.ready(cleared.agent);
  cleared.manifests.ended(cleared.agent, true);
  assertEquals(cleared.publishes(), [[], ""]);
  assertEquals(cleared.link.published.at(-1)?.retain, true);
  const moved = setUp();
  moved.manifests.ready(moved.agent);
  moved.manifests.ended(moved.agent, false);
  assertEquals(moved.publishes(), [[]]);
});

Deno.test("nothing is told of an agent that ended while its new topics were collected", async () => {
  const { clock, manifests, agent, publishes } = setUp();
  manifests.ready(agent);
  manifests.published(agent, "a");
  manifests.ended(agent, true);
  await clock.advance(1000);
  assertEquals(publishes(), [[], ""]);
});
