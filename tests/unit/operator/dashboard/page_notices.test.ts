/** The page's words and forms for rules, and its groups of alerts. */
import { assertEquals } from "@std/assert";
import { alertGroups } from "../../../../operator/dashboard/page/logic/alert_groups.ts";
import {
  EMPTY_RULE,
  ruleFormOf,
  ruleOf,
  ruleProblemsOf,
  WATCH_KINDS,
} from "../../../../operator/dashboard/page/logic/rule_form.ts";
import { tellingWords, watchWords } from "../../../../operator/dashboard/page/logic/rule_words.ts";
import type { RuleFields, Watch } from "../../../../operator/dashboard/notice_wire.ts";
import { parseRule } from "../../../../operator/dashboard/server/notice/rule.ts";

const WATCHES: Readonly<Record<Watch["kind"], readonly [watch: Watch, words: string]>> = {
  node_off: [{ kind: "node_off", node: "hall-*" }, "any node called hall-* is off"],
  agent_state: [
    { kind: "agent_state", agent: "pump", states: ["failed", "restarting", "stopped"] },
    "agent pump is failed, restarting or stopped",
  ],
  alert: [
    { kind: "alert", agent: "*", severity: "warning" },
    "any agent publishes an alert of level warning or above",
  ],
  reading: [
    { kind: "reading", topic: "sensors/+", field: "value", compare: "above", limit: 28.5 },
    "sensors/+ · value is above 28.5",
  ],
  broker_off: [{ kind: "broker_off" }, "the dashboard has no broker"],
};
const RULE = {
  name: "a rule",
  hold_seconds: 30,
  calm_seconds: 90,
  repeat_seconds: 3600,
  channels: ["phone"],
  enabled: true,
};

Deno.test("a rule goes through the form unchanged, and the server takes it", () => {
  for (const kind of WATCH_KINDS) {
    const [watch, words] = WATCHES[kind];
    const rule: RuleFields = { ...RULE, watch };
    assertEquals(ruleProblemsOf(ruleFormOf(rule)), {}, kind);
    assertEquals(parseRule(ruleOf(ruleFormOf(rule)), ["phone"]), rule);
    assertEquals(watchWords(watch), words);
  }
});

Deno.test("the form of a rule says what is wrong with it, and only what concerns its kind", () => {
  assertEquals(Object.keys(ruleProblemsOf(EMPTY_RULE)), ["name"]);
  const wrong = { ...EMPTY_RULE, name: "x", agent: " ", topic: "", hold: "soon", repeat: "0.5" };
  assertEquals(Object.keys(ruleProblemsOf({ ...wrong, states: [] })), ["agent", "states", "hold", "repeat"]);
  assertEquals(Object.keys(ruleProblemsOf({ ...wrong, kind: "reading" })), [
    "topic",
    "limit",
    "hold",
    "repeat",
  ]);
  const missing = { ...EMPTY_RULE, name: "x", kind: "reading", topic: "a/b", compare: "missing" } as const;
  assertEquals(ruleProblemsOf(missing), {}, "what is missing has no limit");
});

Deno.test("how a rule tells is said in words", () => {
  const rule = { ...RULE, watch: WATCHES.broker_off[0] };
  assertEquals(tellingWords(rule), "told after 30s to phone, again every 1h");
  assertEquals(
    tellingWords({ ...rule, hold_seconds: 0, repeat_seconds: 0, channels: ["a", "b"] }),
    "told at once to a and b",
  );
  assertEquals(tellingWords({ ...rule, channels: [] }), "shown after 30s, only on this page");
});

Deno.test("one noisy agent is one line, and comes back with what is newer than its acknowledgement", () => {
  const alert = (seq: number, actor_id: string | null, time: number) =>
    ({ seq, time, actor_id, node: "attic", agent: actor_id, severity: "warning", message: "" }) as const;
  const alerts = [alert(1, "noisy", 10), alert(2, "noisy", 11), alert(3, null, 12), alert(4, "noisy", 13)];
  const shown = (marks: Parameters<typeof alertGroups>[1]) =>
    alertGroups(alerts, marks).map(({ source, alerts, acknowledged }) => [
      source,
      alerts.length,
      acknowledged !== null,
    ]);
  assertEquals(shown({}), [["noisy", 3, false], ["attic", 1, false]]);
  assertEquals(shown({ noisy: { by: "x", at: 13 } }), [["attic", 1, false], ["noisy", 3, true]]);
  assertEquals(shown({ noisy: { by: "x", at: 12 } })[0], ["noisy", 3, false]);
});
