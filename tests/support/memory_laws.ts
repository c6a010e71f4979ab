/** What the dashboard remembers across a restart, whichever database it has: the same tests for each. */
import { assert, assertEquals } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import type { Bounds } from "../../operator/dashboard/server/memory/forget.ts";
import { Memory } from "../../operator/dashboard/server/memory/memory.ts";
import { DAY, HOUR } from "../../operator/dashboard/server/memory/thin.ts";
import { Model } from "../../operator/dashboard/server/model/model.ts";
import { PARTS } from "../../operator/dashboard/server/store/parts.ts";
import type { Place } from "../../operator/dashboard/server/store/place.ts";
import { Store } from "../../operator/dashboard/server/store/store.ts";
import type { Law } from "./store_laws.ts";

const START = 1_790_002_800 - 1_790_002_800 % HOUR;
const BOUNDS: Bounds = { days: 731, bytes: 1024 ** 3 };
const ID = actorId("a");

/** A dashboard without server and broker: its model, its memory, and a clock that a test sets. */
class Desk implements AsyncDisposable {
  now = START;

  private constructor(readonly store: Store, readonly memory: Memory, readonly model: Model) {}

  static async open(place: Place, now = START, bounds = BOUNDS): Promise<Desk> {
    const log = (line: string) => {
      throw new Error(line);
    };
    const store = await Store.open({ place, parts: PARTS, log, flushMs: 0 });
    const memory = await Memory.open(store, bounds);
    const model = new Model(memory.witness);
    model.restore(await memory.past(now), now * 1000);
    const desk = new Desk(store, memory, model);
    desk.now = now;
    const recorder = memory.recorderOf(model);
    desk.#note = (changes) => recorder.note(changes, desk.now);
    return desk;
  }

  #note: (changes: ReturnType<Model["apply"]>) => void = () => {};

  say(topic: string, payload: unknown): void {
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    this.#note(this.model.apply(topic, bytes, this.now * 1000));
  }

  async save(): Promise<void> {
    this.memory.save();
    await this.store.queue.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.save();
    await this.store[Symbol.asyncDispose]();
  }
}

const ABOUT = { agent: "a", name: "a", node: "n" };

export const MEMORY_LAWS: readonly Law[] = [
  {
    name: "the timeline, errors, alerts, nodes and agents that failed are there after a restart",
    fn: (withPlace) =>
      withPlace(async (place) => {
        {
          await using desk = await Desk.open(place);
          desk.say("nodes/n/heartbeat", { node: "n", agents: ["a"], version: "1.2.3" });
          desk.say(`agents/${ID}/heartbeat`, { ...ABOUT, state: "running" });
          desk.now += 1;
          desk.say(`agents/${ID}/alert`, { ...ABOUT, severity: "warning", message: "hot" });
          desk.say(`agents/${ID}/errors`, {
            ...ABOUT,
            phase: "process",
            severity: "fatal",
            error: "x is not defined",
            traceback: "at line 3",
          });
          desk.say(`agents/${ID}/status`, { ...ABOUT, state: "failed" });
          desk.say("nodes/n/heartbeat", { node: "n", agents: [], version: "1.2.3" });
        }
        await using desk = await Desk.open(place, START + 2 * HOUR);
        const { model } = desk;
        assertEquals([model.agent(ID)?.state, model.node("n")?.version], ["failed", "1.2.3"]);
        assertEquals(model.chronicle.alerts.latest(9).map(({ message }) => message), ["hot"]);
        const [error] = model.chronicle.errors.latest(9);
        assertEquals([error?.error, error?.traceback, error?.phase, error?.time], [
          "x is not defined",
          "at line 3",
          "process",
          START + 1,
        ]);
        assertEquals(model.chronicle.events.latest(9).map(({ kind }) => kind), ["failed"]);
        desk.say(`agents/${ID}/alert`, { ...ABOUT, message: "hotter" });
        const alerts = model.chronicle.alerts.latest(9);
        assert((alerts[1]?.seq ?? 0) > (alerts[0]?.seq ?? 0));
        await desk.save();
        const older = { limit: 9, before: alerts[1]?.seq ?? 0, actorId: ID, node: null };
        assertEquals((await desk.memory.entries("alert", older)).map(({ message }) => message), ["hot"]);
        assertEquals(await desk.memory.entries("alert", { ...older, actorId: "another" }), []);
      }),
  },
  {
    name: "an agent that ended while no dashboard looked is not shown as running",
    fn: (withPlace) =>
      withPlace(async (place) => {
        {
          await using desk = await Desk.open(place);
          desk.say("nodes/n/heartbeat", { node: "n", agents: ["a"] });
          desk.say(`agents/${ID}/heartbeat`, { ...ABOUT, state: "running" });
        }
        {
          await using desk = await Desk.open(place, START + 60);
          assertEquals(desk.model.agent(ID)?.state, "running", "its node has not been heard yet");
          desk.say("nodes/n/heartbeat", { node: "n", agents: [] });
          assertEquals(desk.model.agent(ID), undefined);
        }
        await using desk = await Desk.open(place, START + 70);
        assertEquals(desk.model.agent(ID), undefined);
      }),
  },
  {
    name: "numbers are thinned with age, and none is lost or counted twice by a restart",
    fn: (withPlace) =>
      withPlace(async (place) => {
        const beat = (desk: Desk, cpu: number) =>
          desk.say(`agents/${ID}/heartbeat`, { ...ABOUT, state: "running", cpu, memory_mb: 10 });
        const read = async (desk: Desk, from: number, to: number) => {
          const [series] = desk.memory.numbers.series.of({ owner: ID, topic: "" });
          return await desk.memory.numbers.read(series?.id ?? 0, { from, to }, desk.now, desk.memory.ages);
        };
        {
          await using desk = await Desk.open(place);
          for (let at = 0; at < HOUR / 2; at += 10) {
            desk.now = START + at;
            beat(desk, at % 60);
          }
        }
        {
          await using desk = await Desk.open(place, START + HOUR / 2);
          for (let at = HOUR / 2; at < HOUR + 30; at += 10) {
            desk.now = START + at;
            beat(desk, at % 60);
          }
          const raw = await read(desk, START, desk.now);
          assertEquals([raw.time.length, raw.value.slice(0, 3), raw.min], [363, [0, 10, 20], null]);
          await desk.save();
          await desk.memory.tend(desk.now);
          assertEquals((await read(desk, START, desk.now)).value, raw.value, "after the hour was thinned");
        }
        {
          await using desk = await Desk.open(place, START + 2 * DAY);
          await desk.memory.tend(desk.now);
          await desk.memory.tend(desk.now);
          const minutes = await read(desk, START, START + HOUR - 1);
          assertEquals([minutes.time.length, minutes.time[0]], [60, START + 30]);
          assertEquals([minutes.value[0], minutes.min?.[0], minutes.max?.[0]], [25, 0, 50]);
          const levels = await desk.store.db.selectFrom("chunks").select("level").distinct().orderBy("level")
            .execute();
          assertEquals(levels.map(({ level }) => level), [1, 2], "the raw ones are gone");
          assertEquals(await desk.store.db.selectFrom("journal").select("id").execute(), []);
        }
        await using desk = await Desk.open(place, START + 40 * DAY);
        for (let times = 0; times < 3; times++) await desk.memory.tend(desk.now);
        const hours = await read(desk, START - DAY, START + DAY);
        assertEquals([hours.value, hours.min, hours.max], [[25, 10], [0, 0], [50, 20]]);
      }),
  },
  {
    name: "each change of an agent's config is a version: when, from where, and whether it ran",
    fn: (withPlace) =>
      withPlace(async (place) => {
        const config = { name: "a", code: "one", poll_interval: 5 };
        const list = async (desk: Desk) => {
          await desk.save();
          return (await desk.memory.versions.list("a")).map(({ node, time, source, ran }) => ({
            node,
            at: time - START,
            source,
            ran,
          }));
        };
        {
          await using desk = await Desk.open(place);
          desk.say("nodes/n/spawn", config);
          desk.now += 10;
          desk.model.spawns.learn({ ...config, epoch: 3, replace: true });
          desk.now += 10;
          desk.say("nodes/n/desired_state", { agents: [{ ...config, code: "two" }] });
          desk.memory.versions.note({ ...config, code: "two" }, "dashboard", "n", desk.now);
          assertEquals(await list(desk), [
            { node: "n", at: 20, source: "dashboard", ran: true },
            { node: "n", at: 0, source: "spawn", ran: true },
          ]);
        }
        await using desk = await Desk.open(place, START + 100);
        desk.say("nodes/n/spawn", config);
        assertEquals(
          (await list(desk)).length,
          2,
          "an old message that the broker retains is no new version",
        );
        desk.model.spawns.learn(config);
        assertEquals((await list(desk))[0], { node: null, at: 100, source: "spawn", ran: true });
        const [newest] = await desk.memory.versions.list("a");
        assertEquals(await desk.memory.versions.config("a", newest?.id ?? 0), config);
        assertEquals(await desk.memory.versions.config("another", newest?.id ?? 0), undefined);
        for (let count = 0; count < 60; count++) {
          desk.say("nodes/n/spawn", { ...config, code: `code ${count}` });
        }
        assertEquals((await list(desk)).length, 50, "the oldest are dropped");
      }),
  },
  {
    name: "what is too old is forgotten, and a flood of one agent does not push out the others",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using desk = await Desk.open(place, START, { ...BOUNDS, days: 7 });
        for (let count = 0; count < 1000; count++) desk.say(`agents/${ID}/alert`, { ...ABOUT, message: "x" });
        desk.say("agents/other/alert", { agent: "b", node: "n", message: "y" });
        desk.memory.audit({
          time: START,
          who: "::1",
          action: "stop",
          target: "a",
          ok: true,
          message: "done",
        });
        await desk.save();
        const all = { limit: 5000, before: Number.MAX_SAFE_INTEGER, actorId: null, node: null };
        const kept = await desk.memory.entries("alert", all);
        assertEquals([kept.length, kept.at(-1)?.message], [201, "y"]);
        assertEquals((await desk.memory.audited(9)).map(({ who, ok }) => [who, ok]), [["::1", true]]);
        await desk.memory.tend(START + 8 * DAY);
        assertEquals([await desk.memory.entries("alert", all), await desk.memory.audited(9)], [[], []]);
      }),
  },
];
