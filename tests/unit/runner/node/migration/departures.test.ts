/** When a node lets go of an agent: on a fake link, by a fake clock. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  decisionText,
  digestOf,
  handOverText,
  isSealedBy,
  offerText,
  type Progress,
  progressText,
} from "../../../../../protocol/signing/statements.ts";
import { actorId } from "../../../../../protocol/ids.ts";
import { Departures } from "../../../../../runner/node/migration/departures.ts";
import { DepartureError } from "../../../../../runner/node/migration/target_check.ts";
import { Peers } from "../../../../../runner/node/migration/peers.ts";
import { Wiretap } from "../../../../../runner/node/migration/wiretap.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { config } from "../../../../support/fake_runtime.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";
import { FakeLink } from "../../../../support/fake_link.ts";
import { testKey } from "../../../../support/identity.ts";

type Fields = Readonly<Record<string, unknown>>;
const [S, T, THIEF] = [testKey("s"), testKey("t"), testKey("thief")];

/** A node `s` that demands proof, knows `t`, and has the agent `x`. */
function stage(demandsProof = true) {
  const [link, clock] = [new FakeLink(), new FakeClock()];
  const did: string[] = [];
  const kept: Record<string, unknown> = { config: {} };
  let ended: { readonly migration: string } | undefined;
  const agent = {
    name: "x",
    config: config("x", { _jws: "the signed spawn", epoch: 4 }),
    state: { passage: "open", paused: false },
    isReady: true,
    ended: new Promise(() => {}),
    hold: () => Promise.resolve(),
    release: () => did.push("goes on"),
    stop: () => Promise.resolve(did.push("ends")),
  } as unknown as SupervisedAgent;
  const gate = demandsProof
    ? { isEnforced: true, nodeKey: (node: string) => Promise.resolve(node === "t" ? T.public : undefined) }
    : undefined;
  const wiretap = new Wiretap(link, () => false);
  const parts = {
    node: "s",
    link,
    clock,
    wiretap,
    key: S,
    peers: new Peers(gate, clock),
    timeoutMs: 10_000,
    reporter: { nodeLog: () => {} },
    manifests: { ready: () => {} },
    tasks: { ready: () => {}, keep: () => () => [] },
    stateFiles: { read: () => Promise.resolve({ n: 1 }), remove: () => Promise.resolve() },
    roster: {
      record: (_: string, change: (entry: unknown) => unknown) => Promise.resolve(change(kept)),
      update: (_: string, change: (entry: unknown) => unknown) => Promise.resolve(change(kept)),
      letGo: (_: string, migration: string) => Promise.resolve(void (ended = { migration })),
      endedRecord: () => ended,
    },
  };
  const departures = new Departures(parts as unknown as ConstructorParameters<typeof Departures>[0]);
  /** Somebody says something where anybody may. */
  const overheard = async (topic: string, said: Fields) => {
    wiretap.deliver({ topic, payload: new TextEncoder().encode(JSON.stringify(said)), retained: false });
    await settled();
  };
  // deno-lint-ignore no-explicit-any -- messages of every shape
  const last = (topic: string): any => link.on(topic).at(-1);
  return { link, clock, did, agent, departures, overheard, last };
}

type Stage = ReturnType<typeof stage>;

/** Begins a move to `t`; what is thrown is kept for later. */
async function begin({ departures, agent, last }: Stage, target = "t", epoch = 0) {
  const moved = departures.move(agent, target, { jws: "the signed order", epoch }).then(
    () => undefined,
    (error: Error) => error,
  );
  await settled();
  const { id } = last(`nodes/${target}/list`)?.move ?? {};
  return { moved, move: { id: String(id), agent: "x", from: "s", to: target } };
}

/** The target offers to take it. */
async function offer({ overheard }: Stage, move: Parameters<typeof offerText>[0], key = T): Promise<void> {
  const signed = {
    id: move.id,
    offer: "free",
    box: key.box,
    seal: key.seal(offerText(move, key.box, "free")),
  };
  await overheard("nodes/t/agents", { agents: [], offer: signed });
}

/** What it has persisted is sealed by a library that is loaded then. */
async function handedOver({ link }: Stage): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (link.on("nodes/t/spawn").length === 0) {
    if (performance.now() > deadline) throw new Error("it is not handed over");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const report = (move: Parameters<typeof offerText>[0], handOver: string, progress: Progress, key = T) => ({
  id: move.id,
  agent: "x",
  from: "t",
  progress,
  reason: "because",
  handOver,
  seal: key.seal(progressText(move, handOver, progress, "because")),
});

Deno.test("a target that is not enrolled, or answers by another's key, is handed nothing", async () => {
  const here = stage();
  await assertRejects(
    () => here.departures.move(here.agent, "u", { jws: undefined, epoch: 0 }),
    DepartureError,
    "'u' is not enrolled here",
  );
  assertEquals(here.link.published, []);
  const { moved, move } = await begin(here);
  await here.overheard("nodes/t/status", { status: "online" });
  await offer(here, move, THIEF);
  await offer(here, { ...move, id: "an earlier one" });
  await here.clock.advance(3000);
  assertMatch(String(await moved), /answers, but not with the key that is enrolled here/);
  assertEquals([here.link.on("nodes/t/spawn"), here.did], [[], []]);
});

Deno.test("an agent is handed over signed and sealed, and let go of when the target has signed that it has just that", async () => {
  const here = stage();
  const { moved, move } = await begin(here);
  await offer(here, move);
  await handedOver(here);
  const { migration, state, _migrate_jws } = here.last("nodes/t/spawn");
  const sealed = String(migration?.sealed);
  assertEquals([state, _migrate_jws], [undefined, "the signed order"]);
  assertEquals(JSON.parse(await T.open(sealed, move)), { n: 1 });
  const text = handOverText(move, {
    order: digestOf("the signed order"),
    config: digestOf("the signed spawn"),
    state: digestOf(sealed),
    paused: false,
  });
  assertEquals(isSealedBy(S.public, text, migration?.hand_over), true);
  const { departures } = here;
  // What others say, or what is said of something else, is no arrival.
  await assertRejects(
    () => departures.report(report(move, digestOf(text), "arrived", THIEF)),
    Error,
    "did not sign it",
  );
  await departures.report(report(move, digestOf("something else"), "arrived"));
  await departures.report(report(move, digestOf(text), "waiting"));
  await here.overheard(`agents/${actorId("x")}/heartbeat`, { node: "t", state: "running" });
  assertEquals(here.did, []);
  await departures.report(report(move, digestOf(text), "arrived"));
  assertEquals([await moved, here.did], [undefined, ["ends"]]);
  const { decision, seal } = here.last("nodes/t/migration");
  assertEquals([decision, isSealedBy(S.public, decisionText(move, "commit"), seal)], ["commit", true]);
  // Whoever asks later is told the same; about another move, that it is not his.
  await departures.report(report(move, digestOf(text), "waiting"));
  assertEquals(here.last("nodes/t/migration").decision, "commit");
  await departures.report(report({ ...move, id: "another" }, "", "waiting"));
  assertEquals([here.last("nodes/t/migration").id, here.last("nodes/t/migration").decision], [
    "another",
    "abort",
  ]);
});

for (const progress of ["refused", "installing"] as const) {
  Deno.test(`an agent that is ${progress} at the target and does not arrive goes on where it is`, async () => {
    const here = stage();
    const { moved, move } = await begin(here);
    await offer(here, move);
    await handedOver(here);
    const { migration } = here.last("nodes/t/spawn");
    const text = handOverText(move, {
      order: digestOf("the signed order"),
      config: digestOf("the signed spawn"),
      state: digestOf(String(migration?.sealed)),
      paused: false,
    });
    await here.departures.report(report(move, digestOf(text), progress));
    if (progress === "installing") {
      await here.clock.advance(99_000);
      assertEquals(here.did, []);
      await here.clock.advance(1000);
    }
    const words = progress === "refused" ? /'t' refused it: because/ : /was not seen running it within 10 s/;
    assertMatch(String(await moved), words);
    assertEquals([here.did, here.last("nodes/t/migration").decision], [["goes on"], "abort"]);
  });
}

Deno.test("a move raises the epoch to what was ordered, and by itself where the order has none that is higher", async () => {
  for (const [ordered, epoch] of [[2 ** 40, 2 ** 40], [0, 1_700_000_000], [3, 1_700_000_000]]) {
    const here = stage(false);
    const { moved } = await begin(here, "t", ordered);
    await here.overheard("nodes/t/agents", { agents: [] });
    await handedOver(here);
    assertEquals(here.last("nodes/t/spawn").epoch, epoch);
    await here.clock.advance(10_000);
    await moved;
  }
});

Deno.test("without --trust anybody's answer counts, and a node of another kind is handed the state as it is", async () => {
  const here = stage(false);
  const { moved } = await begin(here);
  await here.overheard("nodes/t/agents", { agents: [] });
  await handedOver(here);
  assertEquals(here.last("nodes/t/spawn").state, { n: 1 });
  await here.clock.advance(10_000);
  assertMatch(String(await moved), /was not seen running it/);
  assertEquals([here.did, here.link.on("nodes/t/stop")], [["goes on"], [{ name: "x" }]]);
});
