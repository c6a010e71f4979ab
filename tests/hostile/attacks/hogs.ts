/** Memory, processor time, timers and disk: each is held to its limit, and the limit is named. */
import { type Attack, type HostileAgent, inSetup, type Scene, slug } from "../attack.ts";
import { assertAnswers, launch, reported, stop } from "../scenes.ts";

const pause = "await new Promise((resolve) => setTimeout(resolve, 10));";
const MEMORY_LIMIT = /memory limit: \d+\.\d MB used, 160 MB allowed/;
const HUNG = /event loop|unresponsive|did not answer/;

const MEMORY: Readonly<Record<string, readonly [body: string, says: RegExp]>> = {
  "buffers": [
    `const kept = []; for (;;) { kept.push(new Uint8Array(8 << 20).fill(1)); ${pause} }`,
    MEMORY_LIMIT,
  ],
  "buffers in a busy loop": [
    `const kept = []; for (;;) if (kept.length < 40) kept.push(new Uint8Array(8 << 20).fill(1));`,
    MEMORY_LIMIT,
  ],
  "wasm": [
    `const memory = new WebAssembly.Memory({ initial: 1 });
     for (;;) { memory.grow(128); new Uint8Array(memory.buffer).fill(1); ${pause} }`,
    MEMORY_LIMIT,
  ],
  "wasm tables": [
    `const table = new WebAssembly.Table({ initial: 1, element: "anyfunc" }); const kept = [];
     for (;;) { try { table.grow(1 << 20); } catch { kept.push(new WebAssembly.Table({ initial: 9e6, element: "anyfunc" })); } ${pause} }`,
    /memory limit: |was killed by SIG\w+: Fatal JavaScript out of memory/,
  ],
  "the heap": [
    `const kept = []; for (;;) kept.push(Array.from({ length: 1000 }, (_, n) => ({ n })));`,
    /memory limit: |was killed by SIG\w+: Fatal JavaScript out of memory/,
  ],
  "strings": [
    `const kept = []; for (let n = 0;; n++) kept.push(("x" + n).repeat(1 << 16).split("").join("-"));`,
    /memory limit: |was killed by SIG\w+: Fatal JavaScript out of memory/,
  ],
  "in a worker": [
    `const source = "const kept = []; for (;;) kept.push(new Uint8Array(8 << 20).fill(1));";
     new Worker(URL.createObjectURL(new Blob([source])), { type: "module" }); await new Promise(() => {});`,
    MEMORY_LIMIT,
  ],
  "by many workers": [
    `const url = URL.createObjectURL(new Blob(["setInterval(() => {}, 1e6);"]));
     const kept = []; for (;;) { kept.push(new Worker(url, { type: "module" })); ${pause} }`,
    // Each has memory, and files, of its own: whichever is used up first.
    new RegExp(`${MEMORY_LIMIT.source}|open files limit: 128 `),
  ],
};

const LOOPS: Readonly<Record<string, string>> = {
  "a busy loop": `for (;;);`,
  "a busy loop that traps every signal":
    `for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
      try { Deno.addSignalListener(name, () => {}); } catch {}
    }
    for (;;);`,
  "microtasks without end": `(function again() { queueMicrotask(again); })(); await new Promise(() => {});`,
  "Atomics.wait": `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
  "answers to the watchdog before it asks": `
    Deno.stdout.writeSync(new TextEncoder().encode('\\n{"t":"pong","n":9007199254740991}\\n')); for (;;);`,
};

function fatalHog(kind: string, tries: string, body: string, says: RegExp): HostileAgent {
  const id = `${kind}-${slug(tries)}`;
  return {
    kind: "agent",
    id,
    category: "hogs",
    tries: `${kind}: ${tries}`,
    code: inSetup(body),
    expect: { on: "errors", says },
  };
}

/** Goes on without end and yields: what it does costs nobody else an answer, and a stop ends it. */
function busy(tries: string, body: string): Scene {
  const id = `busy-${slug(tries)}`;
  return {
    kind: "scene",
    id,
    category: "hogs",
    tries,
    play: async (field, id) => {
      const from = field.bus.mark();
      await launch(field, id, inSetup(`await agent.log("begun"); ${body}`));
      await reported(field, id, "logs", /begun/, from);
      await assertAnswers(field);
      await stop(field, id);
      await assertAnswers(field);
      return "neighbour and node answer, and it can be stopped";
    },
  };
}

const BUSY: Readonly<Record<string, string>> = {
  "100,000 timers":
    `for (let n = 0; n < 100_000; n++) setInterval(() => {}, 1); await new Promise(() => {});`,
  "timers that make timers":
    `(function bomb() { setTimeout(bomb, 0); setTimeout(() => {}, 0); })(); await new Promise(() => {});`,
  "workers that spin": `const url = URL.createObjectURL(new Blob(["for (;;);"]));
    for (let n = 0; n < 4; n++) new Worker(url, { type: "module" }); await new Promise(() => {});`,
  "promises without end":
    `const kept = []; for (;;) { kept.length = 0; kept.push(Promise.resolve()); ${pause} }`,
  "to steal the harness' stdin": `for (;;) await Deno.stdin.read(new Uint8Array(65536));`,
  "to close its stdout":
    `await new Promise((resolve) => setTimeout(resolve, 50)); Deno.stdout.close(); await new Promise(() => {});`,
  "to hook its own end": `Deno.exit = () => {}; globalThis.addEventListener("unload", () => { for (;;); });
    try { Deno.addSignalListener("SIGTERM", () => {}); } catch {} agent.signal.onabort = () => { for (;;); };
    await new Promise(() => {});`,
  "to break every global":
    `JSON.stringify = () => "x"; JSON.parse = () => null; Promise.prototype.then = null;
    Array.prototype.push = () => { throw 1; }; Object.prototype.t = "ready"; globalThis.setTimeout = null;
    TextEncoder.prototype.encode = null; Deno.stdout.writeSync = () => 0; for (;;) await 0;`,
};

/** Fills its state file without `persist`. */
const DISK: readonly HostileAgent[] = [
  fatalHog(
    "disk",
    "its state file by hand",
    `const part = new Uint8Array(1 << 20);
     const file = Deno.openSync("%state%/agentflow_disk-its-state-file-by-hand_state.json", { write: true, create: true });
     for (;;) file.writeSync(part);`,
    /was killed by SIGXFSZ \(file size limit/,
  ),
  fatalHog(
    "disk",
    "persist without end",
    `for (let n = 0;; n++) agent.persist("k" + n, "x".repeat(1000));`,
    /^setup: .*10485/,
  ),
  fatalHog(
    "disk",
    "a sparse file",
    `const file = Deno.openSync("%state%/agentflow_disk-a-sparse-file_state.json", { write: true, create: true });
     file.truncateSync(2 ** 40);`,
    /was killed by SIGXFSZ|File too large/,
  ),
];

/** More files and connections than one may have open, and files that have no name. */
const OPEN: readonly HostileAgent[] = [
  fatalHog(
    "open",
    "connections to the broker without end",
    `const kept = []; for (;;) kept.push(await Deno.connect({ hostname: agent.broker.host, port: agent.broker.port }));`,
    /connections limit: \d+\.\d sockets used, 16|open files limit: 128|Too many open files/,
  ),
  fatalHog(
    "open",
    "connections that read nothing of what comes",
    `const text = (value) => [value.length >> 8, value.length & 255, ...new TextEncoder().encode(value)];
     const connect = async (id) => {
       const { host: hostname, port } = agent.broker; const connection = await Deno.connect({ hostname, port });
       const hello = [...text("MQTT"), 4, 2, 0, 0, ...text(id)];
       await connection.write(new Uint8Array([0x10, hello.length, ...hello]));
       await connection.read(new Uint8Array(4)); return connection;
     };
     for (let n = 0; n < 10; n++) {
       const asked = [0, 1, ...text("unread"), 0]; const connection = await connect("unread-" + n);
       await connection.write(new Uint8Array([0x82, asked.length, ...asked]));
     }
     const sender = await connect("unread-sender"); const body = new Uint8Array(131072 + 8);
     const part = new Uint8Array([0x30, 0x88, 0x80, 0x08, ...text("unread"), ...body].slice(0, 4 + 131080));
     for (;;) { for (let at = 0; at < part.length;) at += await sender.write(part.subarray(at)); ${pause} }`,
    /unread data limit: \d+\.\d MB used, 16 MB allowed|connections limit/,
  ),
  fatalHog(
    "open",
    "its state file without end",
    `agent.persist("k", 1); const kept = [];
     for (;;) kept.push(await Deno.open("%state%/agentflow_open-its-state-file-without-end_state.json"));`,
    /open files limit: 128|Too many open files/,
  ),
  fatalHog(
    "disk",
    "temporary files of many databases",
    `const { DatabaseSync } = await import("node:sqlite"); const kept = [];
     for (;;) {
       const database = new DatabaseSync(":memory:"); kept.push(database);
       database.exec("PRAGMA temp_store = 1; PRAGMA cache_size = 10; CREATE TEMP TABLE t(x)");
       database.exec("INSERT INTO t VALUES(zeroblob(30000000))"); ${pause}
     }`,
    /temporary files limit: \d+\.\d MB used, 64 MB allowed|memory limit|open files limit|Too many open files/,
  ),
];

export const hogs: readonly Attack[] = [
  ...Object.entries(MEMORY).map(([tries, [body, says]]) => fatalHog("memory", tries, body, says)),
  ...Object.entries(LOOPS).map(([tries, body]) => fatalHog("loop", tries, body, HUNG)),
  ...Object.entries(BUSY).map(([tries, body]) => busy(tries, body)),
  ...DISK,
  ...OPEN,
];
