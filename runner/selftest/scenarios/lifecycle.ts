/** Scenarios of agents that run normally, are stopped, or fail to start. */
import { expect, expectSame } from "../expect.ts";
import type { Scenario } from "../stage.ts";

const STEADY = `
  let calls = 0;
  export async function setup(agent) { await agent.log("ready"); }
  export async function process(agent) { await agent.publish("selftest/steady", { calls: ++calls }); }
`;

export const lifecycle: readonly Scenario[] = [
  {
    name: "stable agent: runs without a restart",
    run: async (stage) => {
      const trial = stage.spawn(STEADY);
      const published = await trial.untilPublished(5);
      expectSame("its messages", published.slice(0, 5).map(({ text }) => JSON.parse(text).calls), [
        1,
        2,
        3,
        4,
        5,
      ]);
      expectSame("its states", trial.states, ["running"]);
      expectSame("its errors", trial.errors, []);
    },
  },
  {
    name: "deliberate stop: ends the process without a restart",
    run: async (stage) => {
      const trial = stage.spawn(STEADY);
      await trial.untilPublished(1);
      const pid = trial.agent?.pid;
      void trial.agent?.stop("stop");
      expectSame("its end", await trial.untilEnded(), { kind: "stopped", reason: "stop" });
      expectSame("its states", trial.states, ["running", "stopped"]);
      expectSame("its errors", trial.errors, []);
      expect(!stage.isSupervised(trial), "it is still supervised");
      expect(pid !== undefined && !await isAlive(pid), `its process ${pid} still runs`);
    },
  },
  {
    name: "compile error: fatal, never retried",
    run: async (stage) => {
      const trial = stage.spawn("export function process( {");
      const outcome = await trial.untilEnded();
      expect(
        outcome.kind === "failed" && outcome.phase === "compile",
        `it ended as ${JSON.stringify(outcome)}`,
      );
      expectSame("its errors", trial.errors.map(brief), [["compile", "fatal"]]);
      expectSame("its states", trial.states, ["failed"]);
    },
  },
  {
    name: "setup failure: fatal, never retried",
    run: async (stage) => {
      const trial = stage.spawn(`export function setup() { throw new Error("no such sensor"); }`);
      expectSame("its end", await trial.untilEnded(), {
        kind: "failed",
        phase: "setup",
        error: "no such sensor",
      });
      expectSame("its errors", trial.errors.map(brief), [["setup", "fatal"]]);
      expectSame("its states", trial.states, ["running", "failed"]);
    },
  },
];

function brief({ phase, severity }: { readonly phase: string; readonly severity: string }): string[] {
  return [phase, severity];
}

/** Whether process `pid` exists, according to `/proc`. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    await Deno.stat(`/proc/${pid}`);
    return true;
  } catch {
    // There is none.
    return false;
  }
}
