/** What a fleet file and flags may say of a roll-out. */
import { assertEquals, assertThrows } from "@std/assert";
import { givenRollout, wantedRollout } from "../../../../operator/ctl/rollout_run.ts";
import { parseFleet } from "../../../../operator/fleet/fleet_file.ts";
import { parsePlan, planText } from "../../../../operator/operations/saved_plan.ts";
import { parseTime, rolloutSettings } from "../../../../operator/rollout/settings.ts";

const fleet = (rollout: unknown) => parseFleet(JSON.stringify({ rollout, agents: [] }), "fleet.json").rollout;

Deno.test("a fleet file says how its changes are rolled out, and flags say it better", () => {
  const given = fleet({ waves: [1, "rest"], soak: "5m", checks: [{ topic: "a/{node}" }] });
  assertEquals(rolloutSettings(given, { soak: 2, on_failure: "rollback" }), {
    waves: ["1", "rest"],
    limits: { soakMs: 2000, maxFailures: 0, onFailure: "rollback" },
    checks: [{ topic: "a/{node}" }],
  });
  assertEquals(rolloutSettings({}).waves, ["1", "10%", "50%", "rest"]);
  assertEquals(fleet(undefined), undefined);
});

Deno.test("what it cannot say is an error that names the field", () => {
  const errors: readonly (readonly [unknown, string])[] = [
    [{ wave: ["1"] }, "rollout.wave is not a field: the fields are waves"],
    [{ waves: ["1", "50%"] }, "rollout.waves is not right: The last wave must be rest"],
    [{ soak: "5 minutes" }, "rollout.soak is not right: A time is such as 60, 90s"],
    [{ max_failures: -1 }, "rollout.max_failures must be a whole number"],
    [{ on_failure: "stop" }, "rollout.on_failure must be one of halt, rollback"],
    [{ checks: [{ task: "a b" }] }, "rollout.checks"],
    [{ checks: [{ topic: "a#" }] }, "rollout.checks"],
    ["fast", "rollout must be an object"],
  ];
  for (const [rollout, words] of errors) assertThrows(() => fleet(rollout), Error, words);
});

Deno.test("times have units", () => {
  assertEquals(["90", "1.5s", "5m", "2h", "1d"].map(parseTime), [
    90_000,
    1500,
    300_000,
    7_200_000,
    86_400_000,
  ]);
  for (const text of ["", "-1", "5 m", "31d", "1w"]) assertThrows(() => parseTime(text));
});

Deno.test("flags alone, the file alone, or --at-once", () => {
  assertEquals(wantedRollout({}, undefined), undefined);
  assertEquals(wantedRollout({ atOnce: true }, { soak: 1 }), undefined);
  assertEquals(wantedRollout({}, { soak: 1 }), [{ soak: 1 }, {}]);
  assertEquals(givenRollout({ waves: "1,rest", maxFailures: "2" }), {
    waves: ["1", "rest"],
    max_failures: 2,
  });
  assertThrows(() => givenRollout({ atOnce: true, soak: "1" }), Error, "--at-once is for no waves");
  assertThrows(() => givenRollout({ waves: "1,2" }), Error, "The last wave must be rest");
});

Deno.test("a saved plan keeps how it is to be rolled out", () => {
  const plan = { fleet: "home", base: "", prune: false, wanted: [], rollout: { soak: "5m" } };
  assertEquals(parsePlan(planText(plan), "plan.json"), plan);
  const damaged = planText({ ...plan, rollout: { soak: "soon" } });
  assertThrows(() => parsePlan(damaged, "plan.json"), Error, "damaged plan");
});
