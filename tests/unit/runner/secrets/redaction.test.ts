import { assertEquals } from "@std/assert";
import { redacting, redactor } from "../../../../runner/secrets/redaction.ts";
import type { ProcessListener } from "../../../../runner/supervisor/ports.ts";

const SECRET = 'p"a\\ss/wörd\tetc';
const redact = redactor(
  new Map([["DB", SECRET], ["LONG", `${SECRET}-and-more`], ["KEY", "first line\nsecond line\n}"]]),
);

Deno.test("a secret is taken out as it is, in JSON, in JSON in JSON, in console quotes and in a URL", () => {
  const json = JSON.stringify({ SECRET: [SECRET] });
  assertEquals(redact(`x${SECRET}y${SECRET}`), "x‹DB›y‹DB›");
  assertEquals(redact(json), '{"SECRET":["‹DB›"]}');
  assertEquals(redact(JSON.stringify({ json })), JSON.stringify({ json: '{"SECRET":["‹DB›"]}' }));
  assertEquals(redact(Deno.inspect({ a: SECRET })), "{ a: '‹DB›' }");
  assertEquals(redact(`https://x/?q=${encodeURIComponent(SECRET)}`), "https://x/?q=‹DB›");
});

Deno.test("the longer of two secrets wins, a line of a secret counts, and a short line does not", () => {
  assertEquals(redact(`${SECRET}-and-more`), "‹LONG›");
  assertEquals(redact("first line\nsecond line\n}"), "‹KEY›");
  assertEquals(redact("in the second line: }"), "in the ‹KEY›: }");
  assertEquals(redactor(new Map([["A", "$&$1$$$$$"]]))("$&$1$$$$$"), "‹A›");
});

Deno.test("whatever an agent says goes on without its secrets", () => {
  const heard: unknown[] = [];
  const listener: ProcessListener = {
    onFrame: (frame) => void heard.push(frame),
    onOutput: (_stream, line) => void heard.push(line),
    onOversize: (start) => void heard.push(start),
    onHeld: () => {},
  };
  const guarded = redacting(listener, redact);
  const base64 = new TextEncoder().encode(SECRET).toBase64();
  guarded.onFrame({ t: "publish", topic: SECRET, qos: 1, retain: false, base64 });
  guarded.onFrame({ t: "publish", topic: "t", qos: 1, retain: false, base64: "/w==" });
  guarded.onFrame({ t: "result", data: { [SECRET]: [1, null, { deep: SECRET }] } });
  guarded.onFrame({ t: "error", phase: "setup", error: SECRET, traceback: SECRET, consecutive: 0 });
  guarded.onOutput("stderr", SECRET);
  guarded.onOversize(SECRET.slice(0, 9), "length");
  assertEquals(heard, [
    { t: "publish", topic: "‹DB›", qos: 1, retain: false, text: "‹DB›" },
    { t: "publish", topic: "t", qos: 1, retain: false, base64: "/w==" },
    { t: "result", data: { "‹DB›": [1, null, { deep: "‹DB›" }] } },
    { t: "error", phase: "setup", error: "‹DB›", traceback: "‹DB›", consecutive: 0 },
    "‹DB›",
    "(not shown: the agent has secrets)",
  ]);
});
