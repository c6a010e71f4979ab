/** A supervised agent without a supervisor: what it is sent is kept, what it is asked about is set by the test. */
import { actorId } from "../../protocol/ids.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { Counters, SupervisedAgent } from "../../runner/supervisor/supervised_agent.ts";
import { config } from "./fake_runtime.ts";

/** What a test sees and sets of an agent. */
export interface FakeAgent {
  readonly agent: SupervisedAgent;
  /** The same object, where a test may change it. `accepts` is what `send` answers. */
  readonly fake: { isReady: boolean; isStarting: boolean; accepts: boolean; statusText: string | undefined };
  readonly sent: RunnerFrame[];
}

/** Only what tasks, requests, subscriptions and reports need of an agent. */
export function fakeAgent(name: string, fields: Readonly<Record<string, unknown>> = {}): FakeAgent {
  const sent: RunnerFrame[] = [];
  const fake = {
    name,
    actorId: actorId(name),
    config: config(name, fields),
    counters: { processCalls: 0, messages: 0, errors: 0, tasksCompleted: 0, tasksFailed: 0 },
    statusText: undefined as string | undefined,
    uptime: 1.5,
    isReady: true,
    isStarting: false,
    accepts: true,
    count(what: keyof Counters): void {
      fake.counters[what] += 1;
    },
    setStatusText(text: string): void {
      fake.statusText = text;
    },
    send(frame: RunnerFrame): boolean {
      if (fake.accepts) sent.push(frame);
      return fake.accepts;
    },
  };
  return { agent: fake as unknown as SupervisedAgent, fake, sent };
}
