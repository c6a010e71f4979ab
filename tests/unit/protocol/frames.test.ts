import { assertEquals } from "@std/assert";
import { parseAgentFrame } from "../../../protocol/agent_frames.ts";
import { type AgentFrame, encodeFrame, isWindowed } from "../../../protocol/frames.ts";

const FRAMES: readonly AgentFrame[] = [
  { t: "loaded", process: true },
  { t: "ready" },
  { t: "processed" },
  { t: "error", phase: "process", error: "e", traceback: "tb", consecutive: 1 },
  { t: "publish", topic: "a", qos: 0, retain: true, text: "x\ny" },
  { t: "publish", topic: "a", qos: 2, retain: false, base64: "AA==" },
  { t: "publish", topic: "a", qos: 1, retain: false, local: true, text: "x" },
  { t: "log", level: "debug", message: "m" },
  { t: "alert", severity: "info", message: "m" },
  { t: "result", data: null },
  { t: "detection", data: [1] },
  { t: "reading", reading: "attic", kind: "temperature", value: 21.4, unit: "°C" },
  { t: "switch", switch: "lamp", on: true },
  { t: "status", text: "s" },
  { t: "send_to", id: 1, to: "b", payload: {}, timeout_ms: 0.5 },
  { t: "subscribe", id: 0, filter: "#" },
  { t: "unsubscribe", id: 0 },
  { t: "task_done", id: 3, value: 1 },
  { t: "task_failed", id: 3, error: "e", traceback: "" },
  { t: "pong", n: 7 },
];

Deno.test("every frame is read as it was written", () => {
  for (const frame of FRAMES) assertEquals(parseAgentFrame(encodeFrame(frame).trim()), frame);
});

Deno.test("a frame is one line of its own, even after output that did not end its line", () => {
  for (const frame of FRAMES) {
    const lines = `half a line${encodeFrame(frame)}`.split("\n");
    assertEquals(lines.length, 3);
    assertEquals(parseAgentFrame(lines[1] ?? ""), frame);
  }
});

Deno.test("what the pipe carries in bulk takes a place in the window, and nothing else does", () => {
  const windowed = new Set(FRAMES.filter(isWindowed).map((frame) => frame.t));
  assertEquals([...windowed], ["publish", "log", "alert", "result", "detection", "reading", "switch"]);
});

Deno.test("output of agent code is no frame", () => {
  const lines = [
    "",
    "hello",
    "{",
    "{}",
    "null",
    "[]",
    '{"t":',
    '{"t":"loaded"',
    ' {"t":"loaded","process":true}',
    '{"a":1,"t":"loaded"}',
  ];
  for (const line of lines) assertEquals(parseAgentFrame(line), undefined, line);
});

Deno.test("a forged frame that lacks a field, or has one of another type, is no frame", () => {
  const publish = { t: "publish", topic: "a", qos: 1, retain: false };
  const sendTo = { t: "send_to", id: 1, to: "b", payload: 1, timeout_ms: 1 };
  const forged: unknown[] = [
    { t: 1 },
    { t: null },
    { t: "unknown" },
    { t: "__proto__" },
    { t: "constructor" },
    { t: "start", name: "a" },
    { t: "ack", n: 1 },
    publish,
    { ...publish, text: 1 },
    { ...publish, base64: 1 },
    { ...publish, text: "a", base64: "AA==" },
    { ...publish, text: 5, base64: "AA==" },
    { ...publish, text: null, base64: "AA==" },
    { ...publish, text: "a", topic: 1 },
    { ...publish, text: "a", qos: 3 },
    { ...publish, text: "a", qos: "1" },
    { ...publish, text: "a", retain: 1 },
    { ...publish, text: "a", local: false },
    { ...publish, text: "a", local: true, retain: true },
    { t: "log", level: "info" },
    { t: "log", level: "INFO", message: "m" },
    { t: "log", level: "info", message: {} },
    { t: "alert", severity: "critical", message: "m" },
    { t: "alert", severity: "info", message: 1 },
    { t: "error", phase: "install", error: "e", traceback: "", consecutive: 0 },
    { t: "error", phase: "setup", error: 1, traceback: "", consecutive: 0 },
    { t: "error", phase: "setup", error: "e", consecutive: 0 },
    { t: "error", phase: "setup", error: "e", traceback: "", consecutive: -1 },
    { t: "error", phase: "setup", error: "e", traceback: "", consecutive: 1.5 },
    { t: "result" },
    { t: "detection" },
    { t: "reading", reading: "a/b", kind: "temperature", value: 21.4, unit: "°C" },
    { t: "reading", reading: "a", kind: "temperature", value: "21.4", unit: "°C" },
    { t: "switch", switch: "a/b", on: true },
    { t: "switch", switch: "a", on: 1 },
    { t: "status", text: 1 },
    { ...sendTo, id: -1 },
    { ...sendTo, id: 2 ** 53 },
    { ...sendTo, to: null },
    { ...sendTo, payload: undefined },
    { ...sendTo, timeout_ms: -1 },
    { ...sendTo, timeout_ms: null },
    { t: "subscribe", id: 1 },
    { t: "subscribe", id: "1", filter: "a" },
    { t: "unsubscribe" },
    { t: "task_done", id: 1 },
    { t: "task_done", value: 1 },
    { t: "task_failed", id: 1, error: "e" },
    { t: "task_failed", id: 1, error: 1, traceback: "" },
    { t: "pong" },
    { t: "pong", n: "1" },
  ];
  for (const frame of forged) {
    assertEquals(parseAgentFrame(JSON.stringify(frame)), undefined, JSON.stringify(frame));
  }
  // 1e999 is what JSON has instead of infinity.
  assertEquals(parseAgentFrame('{"t":"send_to","id":1,"to":"b","payload":1,"timeout_ms":1e999}'), undefined);
});
