import { assertEquals } from "@std/assert";
import { SpawnConfigError } from "../../../../../protocol/spawn_config.ts";
import { PolicyRefusal } from "../../../../../runner/policy/policy_enforcer.ts";
import { KeptCommandError, RetainedRefusals } from "../../../../../runner/node/intake/retained_refusals.ts";
import { Refusal } from "../../../../../protocol/signing/refusal.ts";

const message = (text: string, retained = true, topic = "nodes/n/spawn") => ({
  topic,
  payload: new TextEncoder().encode(text),
  retained,
});
const lasting = new PolicyRefusal("a", "not allowed", "entry", "rule");
const passing = new PolicyRefusal("a", "no room", "entry", "rule", false);

Deno.test("a retained spawn that the policy refuses is said once, and not looked at again", () => {
  for (const error of [lasting, new SpawnConfigError("a", "no code")]) {
    const refusals = new RetainedRefusals(["nodes/n/spawn"]);
    assertEquals(refusals.isSettled(message("x")), false);
    // As it is published, and as the broker has kept it.
    assertEquals(refusals.isNews(message("x", false), error), true);
    assertEquals(refusals.isSettled(message("x")), true);
    assertEquals(refusals.isSettled(message("y")), false);
    // Published anew, by somebody who wants an answer.
    assertEquals(refusals.isSettled(message("x", false)), false);
    assertEquals(refusals.isNews(message("x", false), error), true);
  }
});

Deno.test("what may pass is looked at again, and said again only when the reason is another", () => {
  const refusals = new RetainedRefusals(["nodes/n/spawn"]);
  const unknown = () => new Refusal("unknown_key", `no such key at ${Math.random()}`);
  assertEquals(refusals.isNews(message("x"), unknown()), true);
  assertEquals(refusals.isSettled(message("x")), false);
  assertEquals(refusals.isNews(message("x"), unknown()), false);
  assertEquals(refusals.isNews(message("x"), new Refusal("expired", "too late")), true);
  assertEquals(refusals.isNews(message("x"), passing), true);
  assertEquals([refusals.isSettled(message("x")), refusals.isNews(message("x"), passing)], [false, false]);
  assertEquals(refusals.isNews(message("other"), passing), true);
});

Deno.test("what is refused where nothing is kept on purpose is said each time, unless the broker has kept it", () => {
  const refusals = new RetainedRefusals(["nodes/n/spawn"]);
  const stop = message("x", false, "nodes/n/stop");
  assertEquals([refusals.isNews(stop, lasting), refusals.isNews(stop, lasting)], [true, true]);
  const kept = message("x", true, "nodes/n/stop");
  const error = new KeptCommandError(kept.topic);
  assertEquals([refusals.isNews(kept, error), refusals.isSettled(kept)], [true, true]);
  assertEquals(refusals.isSettled(message("y", true, kept.topic)), false);
  assertEquals([refusals.isSettled(stop), refusals.isSettled(message("x"))], [false, false]);
});

Deno.test("of the topics of agents that come and go, the last ones are remembered", () => {
  const refusals = new RetainedRefusals([]);
  const kept = (id: number) => message("x", true, `agents/${id}/commands`);
  for (let id = 0; id <= 1000; id++) refusals.isNews(kept(id), new KeptCommandError("t"));
  assertEquals([refusals.isSettled(kept(0)), refusals.isSettled(kept(1))], [false, true]);
});
