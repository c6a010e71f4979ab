/** A spawn makes no second agent of one name: where the first one is, and what may be done about it. */
import { assertEquals, assertRejects } from "@std/assert";
import { clearTheWay } from "../../../../operator/operations/elsewhere.ts";
import { OperationError, type Operator } from "../../../../operator/operator.ts";
import { actorId } from "../../../../protocol/ids.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** `a` runs on `hall`; `pump` waits on `attic`, which is off. */
function scene(): { readonly operator: Operator; readonly commands: string[] } {
  const commands: string[] = [];
  const operator = new FakeBroker().operator();
  const command = (node: string, name: string, payload: Record<string, unknown>) => {
    commands.push(`${name} ${payload.name} on ${node}`);
    return Promise.resolve({});
  };
  Object.assign(operator, { commander: { command } });
  operator.fleet.apply("nodes/hall/heartbeat", bytes({ agents: ["a"] }), Date.now());
  operator.fleet.apply("nodes/shed/heartbeat", bytes({ agents: [] }), Date.now());
  operator.fleet.applyList("hall", [{ name: "a", actor_id: actorId("a"), state: "running" }], Date.now());
  operator.fleet.apply("nodes/attic/status", bytes({ status: "offline" }), 0);
  operator.fleet.apply(`agents/${actorId("pump")}/manifest`, bytes({ name: "pump", node: "attic" }), 0);
  return { operator, commands };
}

Deno.test("a name that another node has is refused, whether that node is on or off", async () => {
  const { operator, commands } = scene();
  const refuse = { kind: "refuse" } as const;
  await assertRejects(
    () => clearTheWay(operator, "a", "shed", refuse),
    OperationError,
    "--replace-on hall ends it there",
  );
  await assertRejects(
    () => clearTheWay(operator, "pump", "shed", refuse),
    OperationError,
    "--replace-on attic gives it up",
  );
  assertEquals((await clearTheWay(operator, "a", "hall", refuse)).note, undefined);
  assertEquals((await clearTheWay(operator, "new", "shed", refuse)).mustReplace, false);
  assertEquals(commands, []);
});

Deno.test("it moves here, or is ended there, as was said", async () => {
  const { operator, commands } = scene();
  assertEquals((await clearTheWay(operator, "a", "shed", { kind: "move" })).mustReplace, true);
  await clearTheWay(operator, "a", "shed", { kind: "replace", on: "hall" });
  assertEquals(commands, ["migrate a on hall", "stop a on hall"]);
});

Deno.test("on a node that is off it is given up, and what that risks is said; elsewhere nothing is done", async () => {
  const { operator, commands } = scene();
  const { note } = await clearTheWay(operator, "pump", "shed", { kind: "replace", on: "attic" });
  assertEquals(note?.includes("Until then both run"), true);
  const wrong = () => clearTheWay(operator, "a", "shed", { kind: "replace", on: "attic" });
  await assertRejects(wrong, OperationError, "No agent 'a' is on node 'attic': nothing was done");
  assertEquals(commands, []);
});
