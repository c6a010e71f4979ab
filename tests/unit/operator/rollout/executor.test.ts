/** The executor: what is stored before what is done, and what ends it. */
import { assertEquals, assertRejects } from "@std/assert";
import { Executor, type Work } from "../../../../operator/rollout/executor.ts";
import { newRollout, type RolloutState } from "../../../../operator/rollout/state.ts";

const start = (maxFailures = 0) =>
  newRollout([["a"], ["b"]], { soakMs: 0, maxFailures, onFailure: "rollback" });

function scene(over: Partial<Work> = {}, state = start()) {
  const log: string[] = [];
  const work: Work = {
    look: () => Promise.resolve([]),
    change: (nodes, changed, tell) => {
      log.push(`change ${nodes} of ${changed}`);
      tell(Object.fromEntries(nodes.map((node) => [node, { kind: "ok" }])));
      return Promise.resolve();
    },
    soak: (nodes) => Promise.resolve(void log.push(`soak ${nodes}`)),
    restore: (nodes) => {
      log.push(`restore ${nodes}`);
      return Promise.resolve({});
    },
    ...over,
  };
  const taken = Promise.withResolvers<never>();
  taken.promise.catch(() => {});
  const abort = new AbortController();
  const executor = new Executor(state, {
    work,
    store: {
      save: (state: RolloutState) => Promise.resolve(void log.push(`save ${state.phase.kind}`)),
      takenOver: taken.promise,
    },
    signal: abort.signal,
    onState: () => {},
    overtakenBy: (error) => error instanceof RangeError ? error.message : undefined,
  });
  return { executor, log, taken, abort };
}

Deno.test("every state is stored before anything is done", async () => {
  const { executor, log } = scene();
  executor.feed({ kind: "begin" });
  const { phase } = await executor.run();
  assertEquals(phase, { kind: "ended", how: "done", why: "" });
  assertEquals(log, [
    "save changing",
    "change a of a",
    "save soaking",
    "soak a",
    "save ready",
    "save changing",
    "change b of a,b",
    "save soaking",
    "soak b",
    "save ended",
  ]);
});

Deno.test("what is found in the soak ends it before nodes are restored", async () => {
  let isOver = false;
  const { executor, log } = scene({
    soak: async (nodes, _until, tell, signal) => {
      tell(nodes[0] ?? "", "no");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      isOver = true;
    },
    restore: (nodes) => {
      assertEquals([nodes, isOver], [["a"], true]);
      return Promise.resolve({ a: "it stays" });
    },
  });
  executor.feed({ kind: "begin" });
  const { phase, failures } = await executor.run();
  assertEquals(phase, { kind: "ended", how: "rolled_back", why: "a: no" });
  assertEquals([failures, log.some((line) => line.startsWith("change b"))], [{ a: "it stays" }, false]);
});

Deno.test("whoever else changes the fleet halts it; any other error ends the run", async () => {
  const overtaken = scene({ change: () => Promise.reject(new RangeError("ben has applied")) });
  overtaken.executor.feed({ kind: "begin" });
  assertEquals((await overtaken.executor.run()).phase, {
    kind: "ended",
    how: "halted",
    why: "ben has applied",
  });
  const broken = scene({ look: () => Promise.reject(new TypeError("no broker")) });
  broken.executor.feed({ kind: "begin" });
  await assertRejects(() => broken.executor.run(), TypeError, "no broker");
});

Deno.test("an interrupt ends the run and what is under way, and so does another executor", async () => {
  for (const end of ["interrupt", "another"]) {
    const soaking = Promise.withResolvers<void>();
    let wasAborted = false;
    const { executor, taken, abort } = scene({
      soak: async (_nodes, _until, _tell, signal) => {
        soaking.resolve();
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        wasAborted = true;
      },
    });
    executor.feed({ kind: "begin" });
    const rejected = assertRejects(() => executor.run(), Error, "enough");
    await soaking.promise;
    if (end === "interrupt") abort.abort(new Error("enough"));
    else taken.reject(new Error("enough"));
    await rejected;
    assertEquals(wasAborted, true);
  }
});
