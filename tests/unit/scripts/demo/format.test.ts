import { assertEquals } from "@std/assert";
import { formatArrival, formatPayload, Names } from "../../../../scripts/demo/format.ts";

const ID = "17561c67-335f-5ec9-ae51-71d168d17181";
const PLAIN = { colour: false, width: Infinity };
const AT = new Date(2026, 0, 31, 9, 5, 7);

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const arrival = (topic: string, value: unknown) => ({ topic, payload: bytes(value) });

Deno.test("view shows time, topic and payload of a message in one line", () => {
  const line = formatArrival(
    arrival("sensors/temperature", { value: 21.5, unit: "C" }),
    AT,
    new Names(),
    PLAIN,
  );
  assertEquals(line, `09:05:07  ${"sensors/temperature".padEnd(36)}  {"value":21.5,"unit":"C"}`);
});

Deno.test("view leaves out what only machines read, and what the topic says already", () => {
  const heartbeat = arrival(`agents/${ID}/heartbeat`, {
    actor_id: ID,
    name: "sensor",
    timestamp: 1.5,
    state: "running",
    node: "pi",
    cpu: 1,
    protected: false,
  });
  const line = formatArrival(heartbeat, AT, new Names(), PLAIN);
  assertEquals(line, `09:05:07  ${"agents/sensor/heartbeat".padEnd(36)}  {"state":"running","cpu":1}`);
});

Deno.test("view puts an agent's name in the place of its id as soon as the name was heard", () => {
  const names = new Names();
  assertEquals(names.shorten(`agents/${ID}/logs`), "agents/17561c67…/logs");
  names.learn(arrival("nodes/pi/anything", { name: "sensor", actor_id: ID }));
  assertEquals(names.shorten(`agents/${ID}/logs`), "agents/sensor/logs");
  assertEquals(names.shorten("agents/by-name/sensor/task"), "agents/by-name/sensor/task");
});

Deno.test("view shows an agent's code by its length alone", () => {
  const config = bytes({ name: "x", code: "c".repeat(500) });
  assertEquals(formatPayload(config), '{"name":"x","code":"(500 characters)"}');
});

Deno.test("view shows payloads that are not JSON, not text, or empty as what they are", () => {
  assertEquals(formatPayload(new TextEncoder().encode("plain text")), '"plain text"');
  assertEquals(formatPayload(new Uint8Array([0xff, 0xfe])), "(2 bytes)");
  assertEquals(formatPayload(new Uint8Array()), "(empty: clears the retained message)");
});

Deno.test("view shows nothing that would act on the reader's terminal", () => {
  const hostile = "\x1b[2J\x07\u009b31m\u202e";
  const line = formatArrival(arrival(`a/${hostile}`, { text: hostile }), AT, new Names(), PLAIN);
  assertEquals(/[\p{C}]/u.test(line), false);
});

Deno.test("view cuts a line to the width of the terminal, between characters", () => {
  const wide = arrival("t", { text: "😀".repeat(100) });
  const line = formatArrival(wide, AT, new Names(), { colour: false, width: 60 });
  assertEquals([[...line].length, line.at(-1)], [60, "…"]);
  assertEquals(line.isWellFormed(), true);
});

Deno.test("view is coloured only when asked for", () => {
  const colour = { colour: true, width: 200 };
  const coloured = (topic: string) => formatArrival(arrival(topic, {}), AT, new Names(), colour).slice(0, 5);
  assertEquals(coloured("sensors/temperature"), "\x1b[32m");
  assertEquals(coloured(`agents/${ID}/errors`), "\x1b[31m");
  assertEquals(coloured(`agents/${ID}/heartbeat`), "\x1b[90m");
  assertEquals(coloured("nodes/pi/list"), "09:05");
});
