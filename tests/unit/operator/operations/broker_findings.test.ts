/** What `doctor` says of a broker. */
import { assertEquals, assertMatch } from "@std/assert";
import { brokerFindings } from "../../../../operator/operations/broker_findings.ts";
import type { BrokerTrial } from "../../../../operator/operations/broker_trial.ts";

const OTHER = { url: "mqtt://b:1883", problem: undefined, delivers: true, retains: true };
const GOOD: BrokerTrial = {
  latencyMs: 1,
  subscribeMs: 1,
  retainsExact: true,
  retainsWildcard: true,
  copies: 1,
  others: [OTHER],
};

function only(trial: Partial<BrokerTrial>) {
  const findings = brokerFindings({ ...GOOD, ...trial });
  assertEquals(findings.length, 1, JSON.stringify(findings));
  return findings[0];
}

Deno.test("a broker that does everything is said to, also if it sends copies", () => {
  assertEquals(only({})?.message, "does all that this project needs");
  assertEquals(brokerFindings({ ...GOOD, copies: 2 }).map(({ status }) => status), ["ok", "ok"]);
});

Deno.test("what a broker lacks is said once, with what that means", () => {
  assertMatch(
    only({ retainsExact: false, retainsWildcard: false })?.advice ?? "",
    /node that is off is lost/,
  );
  assertMatch(only({ retainsWildcard: false })?.advice ?? "", /off are not listed/);
  assertMatch(only({ subscribeMs: 480 })?.advice ?? "", /max_ack_pending: 100/);
  assertMatch(only({ latencyMs: 300 })?.message ?? "", /300 ms for a message/);
});

Deno.test("a member that keeps retained messages to itself is a warning, one that passes nothing on a failure", () => {
  const kept = only({ others: [{ ...OTHER, retains: false }] });
  assertEquals(kept?.status, "warning");
  assertMatch(kept?.advice ?? "", /mqtt\.durable_queue_type = quorum/);
  assertEquals(only({ others: [{ ...OTHER, delivers: false, retains: false }] })?.status, "failed");
  assertEquals(
    only({ others: [{ ...OTHER, problem: "No connection", delivers: false }] })?.status,
    "warning",
  );
});

Deno.test("where nothing is retained at all, members are not blamed for it", () => {
  const none = { retainsExact: false, retainsWildcard: false, others: [{ ...OTHER, retains: false }] };
  assertMatch(only(none)?.message ?? "", /keeps no retained messages/);
});
