/** Scenarios of agents that crash. */
import { HEALTHY_CALLS } from "../../supervisor/policy.ts";
import { expect, expectSame } from "../expect.ts";
import type { Scenario } from "../stage.ts";

/** Its process exits during its first run; its state file tells the second run from it. */
const CRASHES_ONCE = `
  export function setup(agent) { agent.persist("runs", agent.recall("runs", 0) + 1); }
  export async function process(agent) {
    const runs = agent.recall("runs");
    if (runs === 1) Deno.exit(3);
    await agent.publish("selftest/runs", { runs });
  }
`;
/** Its process exits in every run. */
const CRASHES = `export function process() { Deno.exit(3); }`;
const CRASH = "process exited with code 3";

export const restarts: readonly Scenario[] = [
  {
    name: "crash and restart: a new process, with the state file of the old one",
    run: async (stage) => {
      const trial = stage.spawn(CRASHES_ONCE);
      const [first] = await trial.untilPublished(1);
      expectSame("what the second run recalls", first?.text, '{"runs":2}');
      expectSame("its states", trial.states, ["running", "restarting", "running"]);
      expectSame("its errors", trial.errors.map(brief), [["supervisor", "warning", 1]]);
    },
  },
  {
    name: "budget exhaustion: no restart after max_restarts",
    run: async (stage) => {
      const trial = stage.spawn(CRASHES, { max_restarts: 2 });
      const outcome = await trial.untilEnded();
      expect(
        outcome.kind === "failed" && outcome.phase === "supervisor",
        `it ended as ${JSON.stringify(outcome)}`,
      );
      expectSame("its errors", trial.errors.map(brief), [
        ["supervisor", "warning", 1],
        ["supervisor", "warning", 2],
        ["supervisor", "fatal", 3],
      ]);
      expect(outcome.error.endsWith(CRASH), `it crashed for another reason: ${outcome.error}`);
      expect(!stage.isSupervised(trial), "it is still supervised");
    },
  },
  {
    name: "stop in a back-off: cancels the restart",
    run: async (stage) => {
      const trial = stage.spawn(CRASHES, { restart_delay: 60 });
      await trial.until("its back-off", () => trial.states.includes("restarting"));
      expect(
        trial.errors[0]?.error.endsWith(CRASH) === true,
        `it crashed for another reason: ${trial.errors[0]?.error}`,
      );
      void trial.agent?.stop("stop");
      expectSame("its end", await trial.untilEnded(), { kind: "stopped", reason: "stop" });
    },
  },
  {
    name: `health credit: ${HEALTHY_CALLS} successful calls earn a restart back`,
    run: async (stage) => {
      const trial = stage.spawn(CRASHES_ONCE);
      // A call publishes first and counts as good afterwards.
      const published = await trial.untilPublished(HEALTHY_CALLS + 1);
      const counts = published.slice(0, HEALTHY_CALLS + 1).map(({ restartCount }) => restartCount);
      expectSame("its restart count during these calls", counts, [...Array(HEALTHY_CALLS).fill(1), 0]);
    },
  },
];

function brief(report: { phase: string; severity: string; restart_count?: number }): unknown[] {
  return [report.phase, report.severity, report.restart_count];
}
