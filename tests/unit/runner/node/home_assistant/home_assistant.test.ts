import { assert, assertEquals } from "@std/assert";
import { actorId } from "../../../../../protocol/ids.ts";
import { discoveryTopic } from "../../../../../protocol/home_assistant.ts";
import { HomeAssistant, MAX_COMPONENTS } from "../../../../../runner/node/home_assistant/home_assistant.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";
import { FakeLink } from "../../../../support/fake_link.ts";
import { assertDiscovery } from "../../../../support/home_assistant.ts";
import { testIdentity } from "../../../../support/identity.ts";

const HALL = { name: "hall", actorId: actorId("hall") };
const ATTIC = { name: "attic", actorId: actorId("attic") };
const TEMPERATURE = { reading: "temperature", kind: "temperature", value: 21, unit: "°C" };

function setUp(here: readonly string[] = [HALL.actorId, ATTIC.actorId]) {
  const link = new FakeLink();
  const clock = new FakeClock();
  const identity = testIdentity();
  const told: string[] = [];
  const cleared: string[] = [];
  const announced = new HomeAssistant({
    prefix: "ha",
    identity,
    link,
    clock,
    reporter: {
      nodeLog: (_, message) => void told.push(message),
      clearRetained: (topic) => void cleared.push(topic),
    },
    isHere: (id) => here.includes(id),
  });
  const topic = discoveryTopic("ha", identity.nodeId);
  const receive = (topic: string, payload: string, retained = false) =>
    announced.receive({ topic, payload: new TextEncoder().encode(payload), retained });
  /** The components of each announcement; `""`: the device was taken back. */
  const said = () =>
    link.on(topic).map((config) => config === "" ? "" : (config as { cmps: Record<string, object> }).cmps);
  return { announced, link, clock, topic, receive, said, told, cleared };
}

const ids = (components: unknown) => Object.keys(components as object);

Deno.test("what agents show is announced once, in one message, retained", async () => {
  const { announced, link, clock, topic } = setUp();
  announced.alerts(HALL);
  announced.reading(HALL, TEMPERATURE);
  announced.switch(HALL, "lamp");
  announced.reading(ATTIC, TEMPERATURE);
  await clock.advance(1000);
  announced.reading(HALL, { ...TEMPERATURE, value: 22 });
  await clock.advance(5000);
  const [config, ...more] = link.on(topic);
  assertEquals([more, link.published.map(({ retain, qos }) => [retain, qos])], [[], [[true, 1]]]);
  assertDiscovery("ha", topic, config);
  announced.reading(HALL, { ...TEMPERATURE, unit: "°F" });
  await clock.advance(1000);
  assertEquals(link.on(topic).length, 2, "another unit is news");
});

Deno.test("what an agent has shown is taken back with it, the device with the last one", async () => {
  const { announced, clock, said, cleared } = setUp();
  announced.reading(HALL, TEMPERATURE);
  announced.alerts(ATTIC);
  await clock.advance(1000);
  announced.forget(HALL);
  await clock.advance(1000);
  const [, removal, rest] = said();
  const [hall, attic] = [`${HALL.actorId}_reading_temperature`, `${ATTIC.actorId}_alerts`];
  assertEquals((removal as Record<string, unknown>)[hall], { p: "sensor" });
  assertEquals(ids(rest), [attic]);
  assertEquals(cleared, [`agents/${HALL.actorId}/readings/temperature`]);
  announced.forget(ATTIC);
  await clock.advance(1000);
  assertEquals(said().slice(3), [""]);
});

Deno.test("an agent that is replaced and shows the same is not taken back in between", async () => {
  const { announced, clock, said } = setUp();
  announced.reading(HALL, TEMPERATURE);
  await clock.advance(1000);
  announced.forget(HALL);
  announced.reading(HALL, TEMPERATURE);
  await clock.advance(1000);
  assertEquals(said().map(ids), Array(2).fill([`${HALL.actorId}_reading_temperature`]));
});

Deno.test("everything is announced again when Home Assistant starts", async () => {
  const { announced, clock, receive, said } = setUp();
  announced.alerts(HALL);
  await clock.advance(1000);
  receive("homeassistant/status", "offline");
  receive("homeassistant/status", "online", true);
  await clock.advance(2000);
  assertEquals(said().length, 1);
  receive("homeassistant/status", "online");
  await clock.advance(1000);
  receive("ha/status", "online");
  await clock.advance(1000);
  assertEquals(said().length, 3);
});

Deno.test("what an earlier process has left is taken back, unless its agent is here", async () => {
  const { announced, clock, topic, receive, said, cleared } = setUp([HALL.actorId]);
  const left = {
    [`${HALL.actorId}_switch_lamp`]: { p: "switch" },
    [`${ATTIC.actorId}_reading_co2`]: { p: "sensor" },
    "of somebody else": { p: "light" },
  };
  receive(topic, JSON.stringify({ cmps: left }), true);
  await clock.advance(1000);
  assertEquals([said(), cleared], [[""], [`agents/${ATTIC.actorId}/readings/co2`]]);
  announced.forget(HALL);
  await clock.advance(1000);
  assertEquals(cleared[1], `agents/${HALL.actorId}/switches/lamp`);
  for (const kept of ["", "{", "[]", "null", '{"cmps":[]}', '{"cmps":{"__proto__":1}}']) {
    receive(topic, kept, true);
  }
  await clock.advance(1000);
  assertEquals(said().length, 2);
});

Deno.test("a removed node takes its device back, one that ends says what it has not said yet", () => {
  const { announced, said } = setUp();
  announced.alerts(HALL);
  announced.flush();
  announced.flush();
  assertEquals(said().map(ids), [[`${HALL.actorId}_alerts`]]);
  announced.remove();
  assertEquals(said().slice(1), [""]);
});

Deno.test("the device is bounded, and a broker that refuses is named", async () => {
  const { announced, link, clock, said, told } = setUp();
  for (let index = 0; index < MAX_COMPONENTS + 5; index++) {
    announced.reading(HALL, { ...TEMPERATURE, reading: `r${index}` });
  }
  await clock.advance(1000);
  assertEquals([ids(said()[0]).length, told.length], [MAX_COMPONENTS, 1]);
  link.refusals.set("homeassistant/status", "not authorized");
  await announced.start();
  assert(told[1]?.includes("must allow the node's user to read and write ha/#"), told[1]);
});
