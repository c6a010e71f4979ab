/** Rendering: tables, times, messages and log lines, for a terminal or for a file. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { devLine } from "../../../../operator/ctl/render/dev_event.ts";
import { logLineText } from "../../../../operator/ctl/render/log_line.ts";
import { messageJson, messageLine, Names, payloadText } from "../../../../operator/ctl/render/message.ts";
import { exitCodeOfSpawn, wordsFor } from "../../../../operator/ctl/render/outcome.ts";
import { changeLines, planLines } from "../../../../operator/ctl/render/plan.ts";
import { cut, table } from "../../../../operator/ctl/render/table.ts";
import { count, duration, megabytes, percent } from "../../../../operator/ctl/render/units.ts";
import { coloured, oneLine, paint, printable, printableJson } from "../../../../operator/ctl/terminal.ts";

const PLAIN = { colour: false };
const TERMINAL = { isTerminal: false, colour: false, columns: () => 70, rows: () => 24, write: () => {} };
const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const time = new Date(0).toTimeString().slice(0, 8);

Deno.test("a table has columns as wide as what is in them", () => {
  const columns = [
    { title: "NAME", text: (row: { name: string; n: number }) => row.name },
    { title: "N", text: (row: { name: string; n: number }) => String(row.n), align: "right" as const },
    { title: "END", text: () => "e" },
  ];
  assertEquals(
    table(columns, [{ name: "a longer one", n: 7 }, { name: "b", n: 100 }], { ...PLAIN, width: Infinity }),
    [
      "NAME            N  END",
      "a longer one    7  e",
      "b             100  e",
    ],
  );
});

Deno.test("a table is no wider than the terminal, with colours or without", () => {
  const colour = () => "red" as const;
  const columns = [
    { title: "A", text: () => "0123456789", colour },
    { title: "B", text: () => "xyz", colour },
    { title: "C", text: () => "c", colour },
  ];
  const seen = (line: string) => line.replaceAll(String.fromCharCode(27), "").replace(/\[\d+m/g, "");
  for (const colour of [false, true]) {
    for (let width = 1; width < 24; width++) {
      for (const line of table(columns, [{}], { colour, width })) {
        assert(seen(line).length <= width, `${JSON.stringify(line)} on ${width} columns`);
      }
    }
    assertEquals(seen(table(columns, [{}], { colour, width: 8 })[1] ?? ""), "0123456…");
  }
});

Deno.test("what others say cannot move the cursor", () => {
  assertEquals(printable("a\x1b[2Jb\u202ec\td\n"), "a\uFFFD[2Jb\uFFFDc\td\n");
  assertEquals(table([{ title: "A", text: () => "x\ny\x07" }], [{}], { ...PLAIN, width: 80 }), [
    "A",
    "x y\uFFFD",
  ]);
});

Deno.test("of what a terminal acts on, a line has our own colours at most", () => {
  const painted = paint({ colour: true }, "red", "failed");
  assertEquals(coloured(painted), painted);
  assertEquals(
    coloured(`${painted}\x1b[8m\x1b]0;x\x07\x9b2J`),
    `${painted}\uFFFD[8m\uFFFD]0;x\uFFFD\uFFFD2J`,
  );
});

Deno.test("what others say is one line, and JSON of it is harmless and the same", () => {
  assertEquals(oneLine("a\r\nb\n\tc\u2028d\n"), "a ⏎ b ⏎  c\uFFFDd");
  const value = { a: "\x1b[2J\x9b\u202e\u2028\u{e0041}\n", b: 1 };
  for (const indent of [undefined, 2]) {
    const json = printableJson(value, indent);
    assertEquals(printable(json), json);
    assertEquals(JSON.parse(json), value);
  }
});

Deno.test("a log line stays one, whatever its level, its names and its message hold", () => {
  const forged = "x\n00:00:00  hall/a  \x1b[31m\u202e";
  const line = {
    kind: "log" as const,
    timestamp: 0,
    node: forged,
    agent: forged,
    level: forged,
    message: forged,
    phase: forged,
    traceback: undefined,
  };
  const text = logLineText(line, 0, PLAIN);
  assertEquals([printable(text), text.split("\n").length], [text, 1]);
  const withStack = logLineText({ ...line, traceback: forged }, 0, PLAIN).split("\n");
  assertEquals([withStack.length, withStack[2]?.startsWith("    ")], [3, true]);
});

Deno.test("numbers and times are short", () => {
  assertEquals([0, 59, 60, 3600, 86_400 * 2, undefined].map(duration), ["0s", "59s", "1m", "1h", "2d", "—"]);
  assertEquals([percent(1.25), percent(undefined), megabytes(90.6)], ["1.3%", "—", "91 MB"]);
  assertEquals([count(1, "agent"), count(2, "agent")], ["1 agent", "2 agents"]);
  assertEquals([cut("abcdef", 4), cut("abc", 4), cut("abc", 0)], ["abc…", "abc", ""]);
});

Deno.test("a message is one line, with an agent's name once it is known, and without noise", () => {
  const names = new Names();
  const topic = `agents/${actorId("sensor")}/logs`;
  const say = (payload: unknown) =>
    messageLine({ topic, payload: bytes(payload), retained: false }, 0, names, {
      ...TERMINAL,
      columns: () => 200,
    });
  assertStringIncludes(say({ message: "m" }), `agents/${actorId("sensor").slice(0, 8)}…/logs`);
  assertStringIncludes(say({ message: "m", name: "sensor", timestamp: 1 }), `agents/sensor/logs`);
  assertEquals(say({ message: "m" }), `${time}  agents/sensor/logs                {"message":"m"}`);
});

Deno.test("code is not printed, bytes are counted, an empty payload is told", () => {
  assertEquals(payloadText(bytes({ code: "x".repeat(100) })), '{"code":"(100 characters)"}');
  assertEquals(payloadText(new Uint8Array([255, 254])), "(2 bytes)");
  assertEquals(payloadText(new Uint8Array()), "(empty: clears what was kept)");
  const raw = { topic: "t", payload: new Uint8Array([255]), retained: true };
  assertEquals(messageJson(raw), { topic: "t", retained: true, base64: "/w==" });
});

Deno.test("a log line tells who, and shows a stack below it", () => {
  const line = {
    kind: "error" as const,
    timestamp: 0,
    node: "hall",
    agent: "a",
    level: "fatal",
    message: "no",
    phase: "setup",
    traceback: "Error: no\n  at a.ts:1",
  };
  assertEquals(
    logLineText(line, 0, PLAIN),
    `${time}  hall/a  FATAL  setup: no\n    Error: no\n      at a.ts:1`,
  );
});

Deno.test("what became of a spawn has its words and its exit code", () => {
  const about = { agent: "a", node: "hall" };
  const failed = {
    kind: "failed" as const,
    ...about,
    phase: "setup",
    error: "no",
    traceback: undefined,
    rolledBack: true,
  };
  assertEquals(wordsFor(failed), "Agent 'a' failed on hall (setup); the previous code runs again: no");
  assertEquals(
    [
      { kind: "running" as const, ...about, actorId: "" },
      { kind: "already_running" as const, ...about },
      failed,
      { kind: "stopped" as const, ...about },
      { kind: "unsettled" as const, ...about, last: "" },
    ].map(exitCodeOfSpawn),
    [0, 1, 1, 1, 4],
  );
});

Deno.test("a plan is a line for each step that changes something, and a summary", () => {
  const config = { name: "a", code: "two\n", poll_interval: 3 };
  const replace = {
    kind: "replace" as const,
    node: "hall",
    agent: "a",
    config,
    before: { code: "one\n" },
    changes: ["code", "poll_interval"],
  };
  const kept = { kind: "keep" as const, node: "hall", agent: "c" };
  const steps = [replace, kept, { kind: "start" as const, node: "hall", agent: "b", config }];
  assertEquals(planLines(steps, PLAIN), [
    "~ hall/a  replace (code, poll_interval)",
    "+ hall/b  start",
    "2 steps: 1 replace, 1 start; 1 as it should be",
  ]);
  const lines = changeLines(replace, PLAIN);
  assertEquals(lines[0], "    poll_interval: (default) → 3");
  assertEquals(lines.slice(-2), ["    -one", "    +two"]);
});

Deno.test("an event of an agent in the making is a line, its stack below", () => {
  const event = {
    event: "error" as const,
    phase: "setup",
    severity: "fatal",
    error: "no",
    traceback: "at x",
  };
  assertEquals(devLine(event, 0, PLAIN), `${time}  error     setup (fatal): no\n                    at x`);
  const publish = { event: "publish" as const, topic: "t", value: { n: 1 }, retained: false };
  assertEquals(devLine(publish, 0, PLAIN), `${time}  publish   t  {"n":1}`);
});

Deno.test("an error of several lines is not told twice, once as such and once in its stack", () => {
  const error = "Expression expected\n  |\n1 | let x = ;\n  |         ~";
  const traceback = `SyntaxError: ${error}\n    at hello.ts:1:9`;
  const event = { event: "error", phase: "compile", severity: "fatal", error, traceback } as const;
  const log = logLineText(
    {
      kind: "error",
      agent: "x",
      node: "n",
      level: "fatal",
      message: error,
      traceback,
      timestamp: 0,
      phase: "compile",
    },
    0,
    PLAIN,
  );
  const spawned = wordsFor({
    ...{ kind: "failed", agent: "x", node: "n", phase: "compile", error, traceback, rolledBack: false },
  });
  assertEquals(spawned, "Agent 'x' failed on n (compile): Expression expected");
  for (const text of [devLine(event, 0, PLAIN), log]) {
    assertEquals(text.split("let x = ;").length, 2, text);
    assertStringIncludes(text, "Expression expected\n");
  }
  const alone = wordsFor({
    ...{
      kind: "failed",
      agent: "x",
      node: "n",
      phase: "compile",
      error,
      traceback: undefined,
      rolledBack: false,
    },
  });
  assertStringIncludes(alone, "let x = ;");
});
