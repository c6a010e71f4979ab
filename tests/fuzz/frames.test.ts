/** Lines from agents: what is no frame is no frame and never an error, and what is one has the promised shape. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseAgentFrame } from "../../protocol/agent_frames.ts";
import { AGENT_PHASES, encodeFrame, LOG_LEVELS, SEVERITIES } from "../../protocol/frames.ts";
import { nestsTooDeep } from "../../protocol/json.ts";
import { anyJson, anyText, fieldsOf, holds } from "../support/fuzz.ts";

const count = fc.nat();
const text = fc.string({ unit: "grapheme" });
/** Every kind of frame that a harness sends, well-formed. */
const MODELS: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  publish: { topic: text, qos: fc.constantFrom(0, 1, 2), retain: fc.boolean(), text },
  log: { level: fc.constantFrom(...LOG_LEVELS), message: text },
  alert: { severity: fc.constantFrom(...SEVERITIES), message: text },
  error: { phase: fc.constantFrom(...AGENT_PHASES), error: text, traceback: text, consecutive: count },
  result: { data: anyJson },
  detection: { data: anyJson },
  status: { text },
  send_to: {
    id: count,
    to: text,
    payload: anyJson,
    timeout_ms: fc.double({ min: 0, max: 1e9, noNaN: true }),
  },
  subscribe: { id: count, filter: text },
  unsubscribe: { id: count },
  task_done: { id: count, value: anyJson },
  task_failed: { id: count, error: text, traceback: text },
  pong: { n: count },
  loaded: { process: fc.boolean() },
  ready: {},
  held: {},
  processed: {},
};

for (const [t, model] of Object.entries(MODELS)) {
  const good = fc.record(model).map((fields) => ({ t, ...fields }));
  holds(
    `a frame of kind ${t} comes out as it went in`,
    good,
    (frame) => {
      const line = JSON.stringify(frame);
      assertEquals<unknown>(parseAgentFrame(line), JSON.parse(line));
    },
    200,
  );
  const bad = fieldsOf(model).map((fields) => ({ t, ...fields }));
  holds(
    `of the frames of kind ${t}, those with unfit fields are none`,
    bad,
    (frame) => {
      const parsed = parseAgentFrame(JSON.stringify(frame));
      if (parsed === undefined) return;
      for (const field of Object.keys(model)) assert(field in parsed || field === "text", field);
    },
    500,
  );
}

/** A line with one place of it changed. */
const damaged = fc.constantFrom(...Object.entries(MODELS)).chain(([t, model]) =>
  fc.tuple(fc.record(model), fc.nat(), anyText, fc.nat(4)).map(([fields, at, inserted, removed]) => {
    const line = JSON.stringify({ t, ...fields });
    const place = at % (line.length + 1);
    return line.slice(0, place) + inserted + line.slice(place + removed);
  })
);

holds(
  "a line of any kind is a frame or none, never an error, and a frame can be sent on",
  fc.oneof(
    damaged,
    anyText,
    anyJson.map((value) => JSON.stringify(value)),
    anyText.map((rest) => `{"t":${rest}`),
  ),
  (line) => {
    const frame = parseAgentFrame(line);
    if (frame === undefined) return;
    assert(frame.t in MODELS && Object.hasOwn(MODELS, frame.t));
    assertEquals(Object.getPrototypeOf(frame), Object.prototype);
    assert(!nestsTooDeep(frame));
    const encoded = encodeFrame(frame);
    assert(encoded.startsWith("\n") && encoded.endsWith("\n") && !encoded.trim().includes("\n"));
    assertEquals(parseAgentFrame(encoded.trim()), frame);
  },
  5000,
);
