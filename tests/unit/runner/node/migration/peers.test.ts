import { assertEquals } from "@std/assert";
import { Peers } from "../../../../../runner/node/migration/peers.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { testKey } from "../../../../support/identity.ts";

const OTHER = testKey("other");
const GATE = {
  isEnforced: true,
  nodeKey: (node: string) => Promise.resolve(node === "other" ? OTHER.public : undefined),
};

Deno.test("what a node that is enrolled has signed is believed, and nothing else", async () => {
  const peers = new Peers(GATE, new FakeClock());
  assertEquals(await peers.believe("other", "text", OTHER.seal("text")), true);
  assertEquals(await peers.believe("other", "another text", OTHER.seal("text")), false);
  assertEquals(await peers.believe("stranger", "text", OTHER.seal("text")), false);
  assertEquals(await peers.believe("other", "text", undefined), false);
  assertEquals(await new Peers(undefined, new FakeClock()).believe("stranger", "text", undefined), true);
});

Deno.test("a flood of forged seals is checked no more than a thousand times a second", async () => {
  const clock = new FakeClock();
  const peers = new Peers(GATE, clock);
  const seal = OTHER.seal("text");
  for (let n = 0; n < 5000; n++) assertEquals(await peers.believe("stranger", "text", seal), false);
  for (let n = 0; n < 1000; n++) assertEquals(await peers.believe("other", `forged ${n}`, "x"), false);
  assertEquals(await peers.believe("other", "text", seal), false);
  await clock.advance(1000);
  assertEquals(await peers.believe("other", "text", seal), true);
});
