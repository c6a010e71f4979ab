/** What agents in Python can do and what becomes of them: the same as of any other. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { installPython } from "../support/python.ts";
import { namesFound, PYTHON_FORMS } from "../support/function_forms.ts";
import { type Stage, testOnStage } from "../support/stage.ts";

const python = (code: string) => ({ language: "python", code });
/** A module whose setup() has this body. */
const setup = (...lines: string[]) =>
  python(["async def setup(agent):", ...lines.map((line) => `    ${line}`)].join("\n"));
const task = (stage: Stage, agent: string, payload: unknown) =>
  stage.bus.ask(`agents/by-name/${agent}/task`, { payload }).then(({ json }) => json);

testOnStage("agents in Python", { args: ["--hang-timeout", "8"] }, {
  "the first one waits until Python is there, and the node says so": async (stage) => {
    await installPython(stage);
    const { json } = await stage.nodeLog((json) => json.type === "installing");
    assertEquals(json.message, "Installing Python for 'first-in-python'");
  },

  "publish sends str and bytes as they are, all else as the JSON of Python": async (stage) => {
    const values: Record<string, [code: string, text: string]> = {
      string: ["'plain text'", "plain text"],
      bytes: ["b'hi'", "hi"],
      bytearray: ["bytearray(b'hi')", "hi"],
      view: ["memoryview(b'hi')", "hi"],
      dict: [
        "{'value': 21.0, 'unit': '°C', 'ok': True, 'no': None}",
        '{"value": 21.0, "unit": "°C", "ok": true, "no": null}',
      ],
      nested: ["{'a': [1, (2, {'b': [None]})], 1: 'one'}", '{"a": [1, [2, {"b": [null]}]], "1": "one"}'],
      float: ["21.5", "21.5"],
      int: ["2**70", String(2n ** 70n)],
      bool: ["True", "true"],
      none: ["None", "null"],
      set: ["{'only'}", '["only"]'],
      when: ["datetime.datetime(2026, 1, 2, 3, 4, 5)", '"2026-01-02T03:04:05"'],
      inner: ["{'raw': b'hi'}", '{"raw": "aGk="}'],
      decimal: ["decimal.Decimal('1.5')", "1.5"],
    };
    const lines = Object.entries(values).map(([key, [code]]) => `await agent.publish('py/${key}', ${code})`);
    await stage.spawn({ name: "publisher", ...setup("import datetime, decimal", ...lines) });
    for (const [key, [, text]] of Object.entries(values)) {
      assertEquals((await stage.bus.on(`py/${key}`)).text, text, key);
    }
  },

  "whole numbers of any size come and go unaltered": async (stage) => {
    const long = 1234567890123456714n;
    await stage.spawn({
      name: "counting",
      ...python(`
async def setup(agent):
    async def on_number(payload, topic):
        await agent.publish("py/heard", payload["id"] + 1)
    await agent.subscribe("py/long", on_number)
    agent.persist("before", {"id": ${long}})
async def process(agent):
    pass
async def handle_task(agent, payload):
    kept = agent.recall("before")["id"]
    if "echo" in payload:
        return payload["echo"]
    agent.persist("last", payload["id"])
    reply = await agent.send_to("counting", {"echo": {"id": payload["id"] + 2}, "id": 1})
    return {"next": payload["id"] + 1, "kept": kept, "last": agent.recall("last"), "reply": reply["id"]}
`),
    });
    await stage.agent("counting").on("manifest");
    await stage.bus.publish("py/long", `{"id":${long}}`);
    assertEquals((await stage.bus.on("py/heard")).text, String(long + 1n));
    const replyTopic = "py/reply";
    await stage.bus.publish(
      "agents/by-name/counting/task",
      `{"_reply_topic":"${replyTopic}","payload":{"id":${long}}}`,
    );
    assertEquals(
      (await stage.bus.on(replyTopic)).text,
      `{"next":${long + 1n},"kept":${long},"last":${long},"reply":${long + 2n}}`,
    );
    const inspected = await stage.bus.ask("nodes/test-node/inspect", { name: "counting" });
    assertStringIncludes(inspected.text, `"last":${long}`);
    await stage.command("stop", { name: "counting" });
  },

  "every member of the agent is there, with keyword arguments": async (stage) => {
    await stage.spawn({
      name: "answerer",
      ...python("def handle_task(agent, payload):\n    return {'got': payload, 'on': agent.node}"),
    });
    const agent = await stage.launch({
      name: "member",
      ...setup(
        "heard = []",
        "await agent.subscribe('py/here', lambda payload, topic: heard.append(payload))",
        "await agent.publish('py/here', 'text', local=True)",
        "await agent.publish('py/here', b'\\xff', local=True)",
        "agent.state['n'] = 1",
        "agent.persist('count', {'n': agent.recall('count', 4) + agent.state['n']})",
        "await agent.persist('again', 1.5)",
        "await agent.set_status('calibrating')",
        "await agent.alert('too warm', severity='info')",
        "await agent.alert('default')",
        "await agent.publish_result({'mean': 21.5})",
        "await agent.publish_detection([{'label': 'cat', 'p': 0.9}])",
        "reply = await agent.send_to('answerer', {'q': [1, None]}, timeout=20)",
        "other = await agent.delegate(name='answerer', payload='text')",
        "late = await agent.send_to('nobody', 1, timeout=0)",
        "names = sorted(a['name'] for a in agent.agents())",
        "await agent.publish('py/members', [agent.name, agent.actor_id, agent.node, agent.broker.host,",
        "    agent.broker['port'], reply, other, late, names, agent.recall('count'), agent.recall('no'),",
        "    agent.signal.aborted, [repr(h) for h in heard]], qos=1, retain=False)",
      ),
    });
    const { port } = stage.broker;
    assertEquals((await stage.bus.on("py/members")).json, [
      "member",
      agent.id,
      stage.node.name,
      "127.0.0.1",
      port,
      { got: { q: [1, null] }, on: stage.node.name },
      { got: "text", on: stage.node.name },
      null,
      ["answerer", "first-in-python", "member", "publisher"],
      { n: 5 },
      null,
      false,
      ["'text'", "b'\\xff'"],
    ]);
    assertEquals(stage.bus.all("py/here"), []);
    assertEquals((await agent.on("alert")).json.severity, "info");
    await agent.on("alert", (json) => json.severity === "warning" && json.message === "default");
    assertEquals((await agent.on("results")).json.result, { mean: 21.5 });
    assertEquals((await agent.on("detections")).json.detections, [{ label: "cat", p: 0.9 }]);
    await agent.on("heartbeat", (json) => json.task === "calibrating");
    const file = await Deno.readTextFile(join(stage.node.stateDir, "agentflow_member_state.json"));
    assertEquals(JSON.parse(file), { count: { n: 5 }, again: 1.5 });
  },

  "subscribe hands over JSON as values, other text as str, all else as bytes, until it is ended": async (
    stage,
  ) => {
    await stage.spawn({
      name: "listener",
      ...python(`
async def setup(agent):
    async def heard(payload, topic):
        await agent.publish("py/heard", [topic, repr(payload)])
        if payload == "enough":
            await agent.state["end"]()
            await agent.publish("py/heard", "ended")
    agent.state["end"] = await agent.subscribe("py/said/#", heard)
    await agent.publish("py/listens", True)
`),
    });
    await stage.bus.on("py/listens");
    const heard = async (payload: unknown, shown: string) => {
      const from = stage.bus.mark();
      await stage.bus.publish("py/said/x", payload);
      await stage.bus.on("py/heard", ({ json }) => json?.[1] === shown, from);
    };
    await heard({ a: [1, 2.5, null] }, "{'a': [1, 2.5, None]}");
    await heard("plain", "'plain'");
    await heard("enough", "'enough'");
    await stage.bus.on("py/heard", ({ text }) => text === "ended");
  },

  "print and logging are lines of the agent's log, with their levels": async (stage) => {
    const agent = await stage.launch({
      name: "talker",
      ...setup(
        "import logging, sys, warnings",
        "print('printed', 1, {'a': 2})",
        "print('to stderr', file=sys.stderr)",
        "logging.warning('careful %d', 7)",
        "logging.getLogger('part').error('bad')",
        "logging.debug('not shown')",
        "await agent.log({'a': 'dict'})",
        "await agent.log(12)",
      ),
    });
    for (
      const [message, level] of [
        ["printed 1 {'a': 2}", "info"],
        ["to stderr", "warning"],
        ["careful 7", "warning"],
        ["part: bad", "error"],
        ['{"a": "dict"}', "info"],
        ["12", "info"],
      ]
    ) {
      const { json } = await agent.on("logs", (json) => json.message === message);
      assertEquals(json.level, level, message);
    }
    assert(!agent.all("logs").some((json) => json.message.includes("not shown")));
  },

  "asyncio works: sleep, gather, tasks, queues, timeouts": async (stage) => {
    await stage.spawn({
      name: "async",
      ...setup(
        "import asyncio",
        "async def after(s, v):",
        "    await asyncio.sleep(s)",
        "    return v",
        "both = await asyncio.gather(after(0.02, 'a'), after(0.01, 'b'))",
        "task = asyncio.create_task(after(0.01, 'c'))",
        "queue = asyncio.Queue()",
        "asyncio.create_task(queue.put('d'))",
        "try:",
        "    await asyncio.wait_for(asyncio.sleep(60), 0.01)",
        "except TimeoutError:",
        "    both.append('late')",
        "await agent.publish('py/async', both + [await task, await queue.get()])",
      ),
    });
    assertEquals((await stage.bus.on("py/async")).json, ["a", "b", "late", "c", "d"]);
  },

  "an error has the traceback of Python, in the agent's own lines": async (stage) => {
    const agent = await stage.launch({
      name: "thrower",
      ...python(`
def deeper(values):
    return values["missing"]

async def handle_task(agent, payload):
    try:
        deeper({})
    except KeyError as error:
        raise ValueError("asked to fail") from error
`),
    });
    await agent.state("running");
    const reply = await task(stage, "thrower", 1);
    assertEquals(reply, { error: "asked to fail", error_phase: "handle_task", agent: "thrower" });
    const { json } = await agent.on("errors");
    assertEquals(json.phase, "handle_task");
    assertEquals(
      json.traceback,
      `Traceback (most recent call last):
  File "thrower.py", line 7, in handle_task
    deeper({})
    ~~~~~~^^^^
  File "thrower.py", line 3, in deeper
    return values["missing"]
           ~~~~~~^^^^^^^^^^^
KeyError: 'missing'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "thrower.py", line 9, in handle_task
    raise ValueError("asked to fail") from error
ValueError: asked to fail
`,
    );
  },

  "what does not parse, and what is raised at the top level, is an error of the phase compile": async (
    stage,
  ) => {
    const cases: Record<string, [code: string, error: RegExp, traceback: RegExp]> = {
      syntax: [
        "async def setup(agent):\n    this is not valid !!!\n",
        /invalid syntax \(syntax.py, line 2\)/,
        /line 2/,
      ],
      toplevel: ["x = 1\nx / 0\n", /division by zero/, /File "toplevel.py", line 2/],
      missing: ["import smbus2\n", /No module named 'smbus2'/, /line 1/],
    };
    for (const [name, [code, error, traceback]] of Object.entries(cases)) {
      const agent = await stage.launch({ name, ...python(code) });
      const { json } = await agent.on("errors");
      assertEquals([json.phase, json.severity], ["compile", "fatal"], name);
      assertMatch(json.error, error);
      assertMatch(json.traceback, traceback);
      await agent.state("failed");
    }
  },

  "a long traceback is cut to 800 characters, and keeps its end": async (stage) => {
    const agent = await stage.launch({
      name: "deep",
      ...python(
        "def a(n):\n    return b(n)\ndef b(n):\n    return c(n)\ndef c(n):\n    return d(n) + 1\n" +
          "def d(n):\n    return a(n - 1) if n else 1 / 0\n\ndef setup(agent):\n    a(8)\n",
      ),
    });
    const { json } = await agent.on("errors");
    assertEquals(json.phase, "setup");
    assert(json.traceback.length <= 800);
    assertMatch(json.traceback, /^Traceback[^]*ZeroDivisionError: division by zero\n$/);
  },

  "functions may be plain, and an indented block is taken as it is meant": async (stage) => {
    await stage.spawn({
      name: "plain",
      code:
        "\n    def setup(agent):\n        agent.state['x'] = 'set'\n\n    def handle_task(agent, payload):\n" +
        "        return agent.state['x'] + payload\n",
    });
    assertEquals(await task(stage, "plain", "!"), { result: "set!" });
  },

  "the results of handle_task have the shapes of any other": async (stage) => {
    await stage.spawn({
      name: "shapes",
      ...python(
        "def handle_task(agent, p):\n    return {'none': None, 'dict': {'a': 1}, 'text': 'hi', 'list': [1, {'a': None}], 'zero': 0}[p]",
      ),
    });
    for (
      const [key, reply] of Object.entries({
        none: {},
        dict: { a: 1 },
        text: { result: "hi" },
        list: { result: [1, { a: null }] },
        zero: { result: 0 },
      })
    ) assertEquals(await task(stage, "shapes", key), reply, key);
    await stage.spawn({ name: "deaf", ...python("x = 1") });
    assertEquals(await task(stage, "deaf", 1), { error: "Agent 'deaf' has no handle_task function." });
  },

  "what has no JSON is refused in the agent's own lines": async (stage) => {
    await stage.spawn({
      name: "refused",
      ...python(`
async def handle_task(agent, payload):
    attempts = {
        "object": lambda: agent.publish("py/x", object()),
        "nan": lambda: agent.publish("py/x", float("nan")),
        "wildcard": lambda: agent.publish("py/#", 1),
        "control": lambda: agent.publish("nodes/x/stop", 1),
        "severity": lambda: agent.alert("x", severity="loud"),
        "secret": lambda: agent.secret("NONE"),
    }
    try:
        await attempts[payload]()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
`),
    });
    const expected: Record<string, RegExp> = {
      object: /^TypeError: a value of type object has no JSON/,
      nan: /^ValueError: Out of range float values/,
      wildcard: /^TypeError: Cannot publish to py\/#: a topic must not contain/,
      control: /^RuntimeError: Cannot publish to nodes\/x\/stop: control topics/,
      severity: /^TypeError: Cannot alert: severity must be one of/,
      secret: /^RuntimeError: No secret NONE: the spawn config does not ask for it/,
    };
    for (const [key, pattern] of Object.entries(expected)) {
      assertMatch((await task(stage, "refused", key)).result, pattern, key);
    }
  },

  "each agent has random numbers of its own": async (stage) => {
    const code = "import random\n\ndef handle_task(agent, payload):\n    return random.random()\n";
    await stage.spawn({ name: "dice1", ...python(code) });
    await stage.spawn({ name: "dice2", ...python(code) });
    const [one, two] = [await task(stage, "dice1", 1), await task(stage, "dice2", 1)];
    assert(one.result !== two.result);
  },

  "a busy loop is ended by the watchdog, and the agent comes back": async (stage) => {
    const agent = await stage.spawn({
      name: "busy",
      restart_delay: 0.05,
      ...python(`
def setup(agent):
    agent.persist("starts", agent.recall("starts", 0) + 1)

async def process(agent):
    while agent.recall("starts") == 1:
        pass
`),
    });
    const { json } = await agent.on("errors", (json) => json.phase === "supervisor");
    assertStringIncludes(json.error, "event loop");
    await agent.on("heartbeat", (json) => json.state === "running", stage.bus.mark());
    assertEquals(json.restart_count, 1);
  },

  "an interpreter that breaks down is a crash, and the agent comes back": async (stage) => {
    const agent = await stage.spawn({
      name: "mortal",
      restart_delay: 0.05,
      ...python(
        "import os\n\ndef handle_task(agent, payload):\n    if payload == 'die':\n        os._exit(3)\n    return 'alive'\n",
      ),
    });
    void stage.bus.publish("agents/by-name/mortal/task", { payload: "die" });
    const { json } = await agent.on("errors", (json) => json.phase === "supervisor");
    assertMatch(json.error, /Agent crashed, restarting/);
    await agent.on("heartbeat", (json) => json.state === "running", stage.bus.mark());
    assertEquals(await task(stage, "mortal", "hello"), { result: "alive" });
  },

  "sys.exit() and a task's exception end nothing but what they end in Python": async (stage) => {
    const agent = await stage.spawn({
      name: "exits",
      ...python(`
import asyncio, sys

async def fail():
    raise ValueError("nobody waits for this")

async def handle_task(agent, payload):
    if payload == "exit":
        sys.exit(3)
    asyncio.create_task(fail())
    await asyncio.sleep(0)
    return "alive"
`),
    });
    assertEquals((await task(stage, "exits", "exit")).error, "3");
    assertEquals(await task(stage, "exits", "task"), { result: "alive" });
    assertEquals(await task(stage, "exits", "task"), { result: "alive" });
    assertEquals(agent.all("errors").filter((json) => json.phase === "supervisor"), []);
  },

  "the state that TypeScript has kept is read by Python, and back": async (stage) => {
    await stage.spawn({
      name: "heir",
      code: `function setup(agent) { agent.persist("kept", { n: 1, list: [1.5, null, "x"] }); }`,
    });
    const agent = stage.agent("heir");
    await stage.launch({
      name: "heir",
      replace: true,
      ...python(
        "def setup(agent):\n    kept = agent.recall('kept')\n    kept['n'] += 1\n    agent.persist('kept', kept)\n    print('read', kept)\n",
      ),
    });
    await agent.on("logs", (json) => json.message === "read {'n': 2, 'list': [1.5, None, 'x']}");
    await stage.launch({
      name: "heir",
      replace: true,
      code: `function setup(agent) { console.log("back", agent.recall("kept").n); }`,
    });
    await agent.on("logs", (json) => json.message === "back 2");
  },

  "the stop is heard, and what runs may end": async (stage) => {
    const agent = await stage.spawn({
      name: "stopper",
      ...python(
        "async def process(agent):\n    await agent.signal.wait()\n    await agent.publish('py/stopped', agent.signal.aborted)\n",
      ),
    });
    await stage.bus.publish(`nodes/${stage.node.name}/stop`, { name: "stopper" });
    assertEquals((await stage.bus.on("py/stopped")).json, true);
    await agent.state("stopped");
  },

  "time.sleep costs no processor time": async (stage) => {
    await stage.spawn({
      name: "sleeper",
      ...python(
        "import time\n\ndef handle_task(agent, payload):\n    before = time.process_time(), time.monotonic()\n    time.sleep(0.5)\n    return time.monotonic() - before[1]\n",
      ),
    });
    assert((await task(stage, "sleeper", 1)).result >= 0.5);
  },

  "the language is found by parsing, whatever words the code holds": async (stage) => {
    const heard = async (name: string, code: string, message: string) => {
      const agent = await stage.launch({ name, code });
      await agent.on("logs", (json) => json.message === message);
    };
    await heard("both-py", 'print("function setup() { const x = 1 }")', "function setup() { const x = 1 }");
    await heard("both-ts", 'console.log("async def setup(agent):")', "async def setup(agent):");
    await heard("py-lambda", 'setup = lambda agent: print("lambda")', "lambda");
    await heard("ts-arrow", '/* def setup(agent): */ const setup = () => console.log("arrow")', "arrow");
    await heard("py-hard", 's = "const f = () => {}"  # export function\nprint(f"{len(s)!r}")', "18");
    const neither = await stage.launch({ name: "neither", code: "x = [1, 2\n" });
    const { json } = await neither.on("errors");
    assertEquals(json.phase, "compile");
    assertMatch(json.error, /neither Python nor TypeScript. As Python: .*line 1.* As TypeScript: /);
  },

  "the functions are those of the module itself, or what it lists": async (stage) => {
    for (const [index, form] of PYTHON_FORMS.entries()) {
      const agent = await stage.spawn({ name: `form-${index}`, ...python(form.code) });
      await agent.on("manifest");
      const isFound = namesFound(form).some((name) => name.startsWith("handle"));
      const reply = await agent.task(null);
      assertEquals(reply, isFound ? { result: "h" } : { error: reply.error }, form.title);
      const isNothing = namesFound(form).length === 0;
      const none = agent.all("logs").some(({ message }) => /^none of setup, process/.test(message));
      assertEquals(none, isNothing, form.title);
    }
  },

  "a name that is one letter away, and an import that is not called, are warnings": async (stage) => {
    const code = "from json import dumps as setup\ndef procces(agent):\n    pass\n";
    const agent = await stage.spawn({ name: "py-misspelt", ...python(code) });
    await agent.on("logs", ({ message }) => /'procces' is not called: did you mean 'process'/.test(message));
    await agent.on("logs", ({ message }) => /'setup' is imported, and not called/.test(message));
  },

  "the digits of an integer inside a set or a dataclass are not lost either": async (stage) => {
    await stage.spawn({
      name: "digits",
      ...python(`
import dataclasses

@dataclasses.dataclass
class Point:
    x: int

def handle_task(agent, payload):
    kept = []
    for value in ({2**60}, [Point(2**60)], {"a": Point(1)}):
        agent.persist("k", value)
        kept.append(agent.recall("k"))
    return str(kept)
`),
    });
    const kept = "[[1152921504606846976], [{'x': 1152921504606846976}], {'a': {'x': 1}}]";
    assertEquals(await task(stage, "digits", 1), { result: kept });
  },

  "recursion without an end is Python's error, not the interpreter's": async (stage) => {
    await stage.spawn({
      name: "recursion",
      ...python(`
class Endless:
    def __repr__(self):
        return repr(self)
    def __str__(self):
        return f"{self}"
    def __call__(self):
        return self()

def deeper(n):
    return sorted([1, 2], key=deeper)

async def handle_task(agent, payload):
    errors = []
    for attempt in (lambda: repr(Endless()), lambda: str(Endless()), Endless(), lambda: deeper(1)):
        try:
            attempt()
        except RecursionError as error:
            errors.append(type(error).__name__)
    return errors
`),
    });
    assertEquals(await task(stage, "recursion", 1), { result: Array(4).fill("RecursionError") });
  },

  "what an agent cannot have says what there is instead": async (stage) => {
    await stage.spawn({
      name: "wanting",
      ...python(`
def thread():
    import threading
    threading.Thread(target=print).start()

def socket():
    import socket
    socket.create_connection(("127.0.0.1", 80), 2)

def url():
    import urllib.request
    urllib.request.urlopen("http://127.0.0.1/")

def program():
    import subprocess
    subprocess.run(["ls"])

def line():
    input("name? ")

def package():
    import numpy.linalg

def client():
    import requests

def device():
    import smbus2

def part():
    import tkinter

def handle_task(agent, payload):
    globals()[payload]()
`),
    });
    const expected: Record<string, RegExp> = {
      thread: /^can't start new thread: .* asyncio\.create_task$/,
      socket: /agents in Python have no network: use agent\.publish/,
      url: /agents in Python have no network: use agent\.publish/,
      program: /^agents cannot start programs: let one beside the node/,
      line: /^agents have no standard input: ask for it by handle_task/,
      package:
        /^No module named 'numpy': name its package in "install" of the spawn config, such as \["pypi:numpy"\]$/,
      client: /^No module named 'requests': agents in Python have no network/,
      device: /^No module named 'smbus2': it needs the device's own hardware/,
      part: /^No module named 'tkinter': this part of the standard library does not exist/,
    };
    for (const [what, error] of Object.entries(expected)) {
      assertMatch((await task(stage, "wanting", what)).error, error, what);
    }
  },

  "what a task or a callback raises is one line of the log, in the agent's own lines": async (stage) => {
    const agent = await stage.spawn({
      name: "callbacks",
      ...python(`
import asyncio, gc

async def fail():
    raise ValueError("nobody waits")

async def handle_task(agent, payload):
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    asyncio.create_task(fail())
    await asyncio.sleep(0.01)
    gc.collect()
    return "alive"
`),
    });
    assertEquals(await task(stage, "callbacks", 1), { result: "alive" });
    for (const end of ["ZeroDivisionError: division by zero", "ValueError: nobody waits"]) {
      const { json } = await agent.on("logs", ({ message }) => message.endsWith(end));
      assertEquals(json.level, "error");
      assertMatch(
        json.message,
        /^asyncio: .*\nTraceback \(most recent call last\):\n {2}File "callbacks\.py", line/,
      );
      assert(!json.message.includes("/lib/"), json.message);
    }
  },

  "an indented block keeps its strings of several lines, and its lines": async (stage) => {
    const agent = await stage.spawn({
      name: "block",
      code: `
    # as a template of the planner holds it
    from __future__ import annotations
    def handle_task(agent: Unknown, payload):
        text = """one
  two
three
        four"""
        if payload == "fail":
            1 / 0
        return text
`,
    });
    assertEquals(await task(stage, "block", 1), { result: "one\n  two\nthree\n        four" });
    await task(stage, "block", "fail");
    const { json } = await agent.on("errors");
    assertEquals(
      json.traceback,
      `Traceback (most recent call last):\n  File "block.py", line 10, in handle_task\n    1 / 0\n    ~~^~~\n` +
        "ZeroDivisionError: division by zero\n",
    );
  },

  "code that is wrong is explained by its own language, with the line": async (stage) => {
    const cases: Record<string, [code: string, error: RegExp]> = {
      typo: ["async def setup(agent):\n    retrun 1\n", /^invalid syntax.* \(typo\.py, line 2\)$/],
      python2: ["def setup(agent):\n    print 'x'\n", /^Missing parentheses.*python2\.py, line 2/],
      tabs: ["def setup(agent):\n\tif 1:\n        pass\n", /^inconsistent use of tabs.*line 3/],
      prose: ["Here is the code:\n\ndef setup(agent):\n    pass\n", /^invalid syntax.*prose\.py, line 1/],
      markdown: [
        "```python\ndef setup(agent):\n    pass\n```\n",
        /fence of its Markdown.*\(invalid syntax \(markdown\.py, line 1\)\)$/,
      ],
      inner: [
        "    def setup(agent):\n    pass\n",
        /^expected an indented block after .* on line 1 \(inner\.py, line 2/,
      ],
      uneven: ["    def setup(agent):\n        pass\n  x = 1\n", /^unindent does not match.*line 3/],
      script: ["function setup(agent) {\n  return {;\n}\n", /Unexpected token/],
    };
    for (const [name, [code, error]] of Object.entries(cases)) {
      const { json } = await (await stage.launch({ name, code })).on("errors");
      assertEquals([json.phase, json.severity], ["compile", "fatal"], name);
      assertMatch(json.error, error, name);
    }
  },

  "good code of either language runs, however it is written": async (stage) => {
    const cases: Record<string, [code: string, answer: unknown]> = {
      crlf: ['def handle_task(agent, p):\r\n    s = """a\r\nb"""\r\n    return s\r\n', "a\nb"],
      bom: ["\ufeffdef handle_task(agent, p):\n    return 'bom'\n", "bom"],
      bomts: ["\ufefffunction handle_task() { return 'bomts'; }\n", "bomts"],
      tabbed: ["def handle_task(agent, p):\n\tif p:\n\t\treturn 'tab'\n", "tab"],
      fstring: [
        "def handle_task(agent, p):\n    w = 3\n    return f\"{p!r:>{w}} {{x}} {'a' 'b'}\"\n",
        "  1 {x} ab",
      ],
      matching: [
        "def handle_task(agent, p):\n    match p:\n        case int(x) if (y := x) > 0: return y\n" +
        "        case {'a': [b, *rest], **kw}: return 2\n",
        1,
      ],
      camel: ["async def handleTask(agent, payload): return 'camel'", "camel"],
      regex: [
        "const r = /[`'\"]/;\nconst py = `\ndef setup(agent):\n`;\nfunction handle_task() { return py.length; }\n",
        19,
      ],
      generic: [
        "function id<T extends object>(x: T): T { return x; }\n" +
        "export const handle_task = (_: unknown, p: number) => id<number[]>([p]);\n",
        [1],
      ],
    };
    for (const [name, [code, answer]] of Object.entries(cases)) {
      await stage.spawn({ name, code });
      assertEquals(await task(stage, name, 1), { result: answer }, name);
      await stage.command("stop", { name });
    }
  },
});
