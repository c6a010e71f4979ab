/** What a node is subscribed to for its agents, at brokers that take everything, some of it, or only so much. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { OwnTopics } from "../../../../../runner/node/agents/own_topics.ts";
import type { RefusedFilter } from "../../../../../runner/link/link.ts";
import { actorId } from "../../../../../protocol/ids.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";

const OF_ALL = ["agents/by-name/+/task", "agents/+/commands", "agents/+/heartbeat"];
const of = (name: string) => [
  `agents/by-name/${name}/task`,
  `agents/${actorId(name)}/commands`,
  `agents/${actorId(name)}/heartbeat`,
];

/** A broker that grants so many subscriptions; ones with a wildcard unless told otherwise. */
function setUp(limit: number, wildcards = true) {
  const granted = new Set<string>();
  const said: string[] = [];
  const own = new OwnTopics({
    link: {
      subscribe: (filters) => {
        const refused = filters.filter((filter) => {
          const isTaken = granted.has(filter) ||
            (granted.size < limit && (wildcards || !filter.includes("+")));
          if (isTaken) granted.add(filter);
          return !isTaken;
        });
        return Promise.resolve(refused.map((filter): RefusedFilter => ({ filter, reason: "no more" })));
      },
      unsubscribe: (filters) => filters.forEach((filter) => granted.delete(filter)),
    },
    reporter: { nodeLog: (type, message) => void said.push(`${type}: ${message}`) },
    clock: new FakeClock(),
  });
  const agents = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, fakeAgent(name).agent]));
  const open = (...names: string[]) =>
    names.forEach((name) => own.open(agents[name] ?? fakeAgent(name).agent));
  const close = (name: string, isReplaced = false) =>
    own.close(agents[name] ?? fakeAgent(name).agent, isReplaced);
  return { own, granted, said, open, close };
}

Deno.test("each agent has its own topics, until it ends without a successor", async () => {
  const { own, granted, said, open, close } = setUp(100);
  open("a", "b");
  assertEquals([await own.refusedOf("a"), [...granted], own.areForAll], [
    [],
    [...of("a"), ...of("b")],
    false,
  ]);
  close("a", true);
  assertEquals(granted.size, 6);
  close("b");
  assertEquals([[...granted], said], [of("a"), []]);
});

Deno.test("where the broker grants no more, all agents share three subscriptions", async () => {
  const { own, granted, said, open, close } = setUp(7);
  const names = ["a", "b", "c", "d"];
  open(...names);
  assertEquals(await Promise.all(names.map((name) => own.refusedOf(name))), [[], [], [], []]);
  assertEquals([[...granted], own.areForAll, said.length], [OF_ALL, true, 1]);
  assertStringIncludes(said[0] ?? "", "log: The broker refuses the node a subscription to");
  names.forEach((name) => close(name));
  assertEquals([...granted], OF_ALL);
});

Deno.test("where it takes no wildcards either, agents keep what they have, and who cannot be reached is named once", async () => {
  const { own, granted, said, open } = setUp(7, false);
  open("a", "b", "c");
  await settled();
  assertEquals([await own.refusedOf("a"), await own.refusedOf("c")], [[], of("c").slice(1)]);
  assertEquals([...granted].sort(), [...of("a"), ...of("b"), ...of("c").slice(0, 1)].sort());
  own.onRefused({ filter: of("c")[1] ?? "", reason: "no more" });
  await settled();
  assertEquals([own.areForAll, said.length], [false, 1]);
  assertStringIncludes(said[0] ?? "", "error: Agent 'c' runs, but others cannot reach it on");
});

Deno.test("what a later connection refuses is answered the same way", async () => {
  const { own, granted, open } = setUp(100);
  open("a", "b");
  await settled();
  own.onRefused({ filter: of("b")[0] ?? "", reason: "no more" });
  await settled();
  assertEquals([...granted], OF_ALL);
  own.onRefused({ filter: OF_ALL[0] ?? "", reason: "no wildcards" });
  await settled();
  assertEquals([[...granted], own.areForAll], [[...of("a"), ...of("b")], false]);
});
