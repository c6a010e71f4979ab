/** Random input, the same on every run: what reads the words of strangers returns, throws what it says, or says no. */
import { assert, assertEquals } from "@std/assert";
import { parseAgentFrame } from "../../protocol/frames.ts";
import { MAX_NESTING, nestsTooDeep } from "../../protocol/json.ts";
import { LineSplitter } from "../../protocol/lines.ts";
import { parseSpawnConfig, SpawnConfigError } from "../../protocol/spawn_config.ts";
import { filterError, filterMatches, matchIncoming, publishTopicError } from "../../protocol/topics.ts";

/** Mulberry32. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (next: () => number, n: number) => Math.floor(next() * n);
const bytes = (next: () => number, n: number) => Uint8Array.from({ length: n }, () => below(next, 256));

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  NaN,
  Infinity,
  1e300,
  "",
  "x",
  "a/b",
  "\u0000",
  "\ud800",
  [],
  {},
  [null],
  { a: [] },
];

Deno.test("the splitter gives the same lines however the stream is cut", () => {
  const next = random(1);
  for (let round = 0; round < 200; round++) {
    const stream = bytes(next, 400).map((byte) => byte < 60 ? 10 : byte);
    const whole = new LineSplitter(1000, () => {});
    const cut = new LineSplitter(1000, () => {});
    const expected = [...whole.push(stream), ...whole.flush()];
    const actual: string[] = [];
    for (let at = 0; at < stream.length;) {
      const size = 1 + below(next, 50);
      actual.push(...cut.push(stream.slice(at, at + size)));
      at += size;
    }
    assertEquals([...actual, ...cut.flush()], expected);
  }
});

Deno.test("the splitter gives no line beyond its limit, whatever comes", () => {
  const next = random(2);
  let oversized = 0;
  const lines = new LineSplitter(20, () => oversized++);
  for (let round = 0; round < 500; round++) {
    for (const line of lines.push(bytes(next, below(next, 100)))) assert(line.length <= 20 && line !== "");
  }
  assert(oversized > 0);
});

Deno.test("a line that is no frame is no frame, and never an error", () => {
  const next = random(3);
  const kinds = [
    "publish",
    "log",
    "alert",
    "error",
    "send_to",
    "subscribe",
    "task_done",
    "pong",
    "status",
    "x",
  ];
  const fields = [
    "topic",
    "qos",
    "retain",
    "text",
    "base64",
    "id",
    "to",
    "payload",
    "timeout_ms",
    "level",
    "n",
    "value",
  ];
  for (let round = 0; round < 5000; round++) {
    const frame: Record<string, unknown> = { t: kinds[below(next, kinds.length)] };
    for (const field of fields) if (next() < 0.5) frame[field] = ODD_VALUES[below(next, ODD_VALUES.length)];
    const text = JSON.stringify(frame);
    const at = below(next, text.length);
    parseAgentFrame(
      next() < 0.5 ? text : text.slice(0, at) + String.fromCharCode(below(next, 256)) + text.slice(at + 1),
    );
  }
});

Deno.test("a spawn config of random values is read, or refused with a SpawnConfigError", () => {
  const next = random(4);
  const fields = [
    "name",
    "code",
    "node",
    "type",
    "description",
    "capabilities",
    "input_schema",
    "poll_interval",
    "max_restarts",
    "restart_delay",
    "install",
    "replace",
    "__proto__",
    "extra",
  ];
  for (let round = 0; round < 5000; round++) {
    const config: Record<string, unknown> = { name: "x", code: "1" };
    for (const field of fields) if (next() < 0.15) config[field] = ODD_VALUES[below(next, ODD_VALUES.length)];
    try {
      parseSpawnConfig(config, "node");
    } catch (error) {
      assert(error instanceof SpawnConfigError, String(error));
    }
  }
});

Deno.test("topics and filters of random characters are judged, not stumbled over", () => {
  const next = random(5);
  const characters = [
    "/",
    "+",
    "#",
    "$",
    "a",
    "nodes",
    "agents",
    "by-name",
    "\u0000",
    "\u0001",
    "\ud800",
    "\uffff",
    "ä",
  ];
  const text = () =>
    Array.from({ length: below(next, 12) }, () => characters[below(next, characters.length)]).join("");
  for (let round = 0; round < 5000; round++) {
    const [topic, filter] = [text(), text()];
    matchIncoming("a", topic);
    filterMatches(filter, topic);
    // What may be published to is a filter, too, and matches itself.
    if (publishTopicError(topic) === undefined) {
      assertEquals(filterError(topic), undefined);
      assert(filterMatches(topic, topic));
    }
  }
});

Deno.test("a topic that a broker would close the connection over is refused", () => {
  for (
    const topic of ["a\u0001b", "a\u007f", "a\u0085", "a\uffff", "a\ufdd0", "\u{1fffe}", "a/".repeat(100)]
  ) {
    assert(publishTopicError(topic) !== undefined, JSON.stringify(topic));
    assert(filterError(topic) !== undefined, JSON.stringify(topic));
  }
  assertEquals(publishTopicError("ä/€/\u{1f600}/ /\ufeff"), undefined);
  assertEquals(publishTopicError("a/".repeat(99) + "a"), undefined);
});

Deno.test("JSON nests as deep as the limit and no deeper", () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  assertEquals(nestsTooDeep(nested(MAX_NESTING)), false);
  assertEquals(nestsTooDeep(nested(MAX_NESTING + 1)), true);
  assertEquals(nestsTooDeep(JSON.parse(`${`{"0":`.repeat(1e5)}1${"}".repeat(1e5)}`)), true);
  for (const value of ODD_VALUES) assertEquals(nestsTooDeep(value), false);
});
