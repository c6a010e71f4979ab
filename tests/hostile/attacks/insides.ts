/** The insides of Deno, V8, Node's libraries and SQLite: ways that no check guards where they are forgotten. */
import type { Message } from "../../support/bus.ts";
import { connectRaw } from "../../support/raw_mqtt.ts";
import { type Attack, inSetup, type Scene, slug } from "../attack.ts";
import type { Field } from "../field.ts";
import { type Attempts, NOTHING, probes } from "../probes.ts";
import { assertAnswers, launch, PATIENT, reported, stop } from "../scenes.ts";

const OPS: Attempts = {
  "ops of Deno's core": [
    `const symbols = Object.getOwnPropertySymbols(Deno).map((symbol) => Deno[symbol]);
    const cores = [Deno.core, globalThis.__bootstrap?.core, ...symbols.map((one) => one?.core)];
    return cores.find((core) => typeof core?.ops?.op_fs_open_sync === "function") && "ops";`,
    NOTHING,
  ],
  "ops in a worker": [
    `return await fromWorker(blobUrl(posting(
      'Object.getOwnPropertySymbols(Deno).some((symbol) => Deno[symbol]?.core?.ops?.op_fs_open_sync) ? "ops" : undefined')));`,
    NOTHING,
  ],
  "the internals of a node module": [
    `const { default: process } = await import("node:process"); const found = ["fs", "natives", "spawn_sync"].map((name) => {
      try { return process.binding?.(name); } catch {} });
    return found.find((one) => typeof one?.open === "function" || typeof one?.spawn === "function") && "bound";`,
    NOTHING,
  ],
  "modules of Deno's own": [
    `const names = ["ext:core/mod.js", "ext:core/ops", "ext:deno_fs/30_fs.js", "ext:runtime/98_global_scope_shared.js"];
    for (const name of names) try { return Object.keys(await import(name)).join(); } catch {}`,
    NOTHING,
  ],
};

/** Descriptors that were not given to it: what is behind them is the runner's, or Deno's. */
const DESCRIPTORS: Attempts = {
  "descriptors 3 to 80": [
    `const fs = await import("node:fs"); const got = [];
    for (let fd = 3; fd <= 80; fd++) try {
      const buffer = new Uint8Array(64); const count = fs.readSync(fd, buffer, 0, 64, 0);
      if (count > 0) got.push(fd + ":" + new TextDecoder().decode(buffer.subarray(0, count)));
    } catch {}
    return got.find((one) => /secret|root:|ELF/.test(one));`,
    NOTHING,
  ],
  "descriptors as files": [
    `const fs = await import("node:fs"); const got = [];
    for (let fd = 3; fd <= 80; fd++) for (const path of ["/dev/fd/" + fd, "/proc/self/fd/" + fd]) {
      try { got.push(path + fs.readlinkSync(path)); } catch {}
      try { Deno.openSync(path); got.push(path); } catch {}
    }
    return got.length || undefined;`,
    NOTHING,
  ],
  "descriptors as sockets": [
    `const net = await import("node:net"); const got = [];
    for (let fd = 3; fd <= 80; fd++) try {
      const socket = new net.Socket({ fd, readable: true, writable: true }); socket.on("error", () => {});
      if (socket.remoteAddress) got.push(fd + ":" + socket.remoteAddress); socket.destroy();
    } catch {}
    return got.length || undefined;`,
    NOTHING,
  ],
  "a terminal of a descriptor": [
    `const tty = await import("node:tty"); const got = [];
    for (let fd = 3; fd <= 80; fd++) try { new tty.ReadStream(fd).destroy(); got.push(fd); } catch {}
    return got.length || undefined;`,
    NOTHING,
  ],
};

const SQLITE: Attempts = {
  "a URI of another file": `const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync("file:" + given.dir + "/planted?mode=rwc").prepare("SELECT 1").get();`,
  "a URI that is a URL": `const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(new URL("file://" + given.dir + "/planted?vfs=unix-none")).prepare("SELECT 1").get();`,
  "a URI beside its state file": `const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync("file:" + given.dir + "/agentflow_" + agent.name + "_state.json/../planted?mode=rwc");`,
  "more databases than may be attached": [
    `const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(":memory:", { limits: { attach: 10, attached: 10 } });
    try { database.limits.attach = 10; } catch {}
    database.exec("ATTACH 'file:" + given.dir + "/planted?mode=rwc' AS a; CREATE TABLE a.t(x)"); return "attached";`,
    /too many attached databases|Cannot raise the "attach" limit/,
  ],
  "pragmas that lead elsewhere": [
    `const { DatabaseSync } = await import("node:sqlite"); const database = new DatabaseSync(":memory:");
    database.exec("PRAGMA temp_store_directory = '" + given.dir + "'; PRAGMA data_store_directory = '" + given.dir + "'");
    database.exec("PRAGMA temp_store = 1; CREATE TEMP TABLE t(x); INSERT INTO t VALUES(zeroblob(5000000))");`,
    /^nothing$|^refused: /,
  ],
  "functions that touch files": [
    `const { DatabaseSync } = await import("node:sqlite"); const database = new DatabaseSync(":memory:");
    for (const sql of ["SELECT writefile('" + given.dir + "/planted', 1)", "SELECT load_extension('libc.so.6')",
      "SELECT fts3_tokenizer('x', x'00')", "SELECT edit('x', 'id')"]) try { return database.prepare(sql).get(); } catch {}`,
    NOTHING,
  ],
};

/** Node's libraries let code say itself what a name means: the address that it says is what must be granted. */
const LOOKUPS: Readonly<Record<string, string>> = {
  "a lookup of its own": `const { connect } = await import("node:net");
    connect({ host: "broker.invalid", port: given.port, lookup }, () => resolve("connected")).on("error", reject);`,
  "a lookup for http": `const { get } = await import("node:http");
    get({ host: "broker.invalid", port: given.port, lookup }, (answer) => resolve(answer.statusCode)).on("error", reject);`,
  "a lookup for TLS": `const { connect } = await import("node:tls");
    connect({ host: "broker.invalid", port: given.port, lookup }, () => resolve("connected")).on("error", reject);`,
};

const lookups = Object.entries(LOOKUPS).map(([tries, body]): Attack => {
  const id = `insides-${slug(tries)}`;
  return {
    kind: "agent",
    id,
    category: "insides",
    tries,
    code: inSetup(`const given = { port: Number("%other%") };
      const lookup = (_host, options, done) =>
        options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
      const got = await new Promise((resolve, reject) => { (async () => { ${body} })().catch(reject); });
      await agent.publish("stolen/${id}", String(got));`),
    expect: { on: "errors", says: /[Rr]equires net access to "127\.0\.0\.1:/ },
  };
});

/**
 * What tells a path that is there from one that is not. Only ways that read, and only in the folder of the attacks: the same
 * is done without a sandbox, to see that it could succeed.
 */
const ORACLE = `
  const ways = {
    stat: (path) => Deno.statSync(path), lstat: (path) => Deno.lstatSync(path), read: (path) => Deno.readTextFileSync(path),
    list: (path) => [...Deno.readDirSync(path)].length, link: (path) => Deno.readLinkSync(path), real: (path) => Deno.realPathSync(path),
    import: (path) => import("file://" + path), json: (path) => import("file://" + path, { with: { type: "json" } }),
    text: (path) => import("file://" + path, { with: { type: "text" } }), fetch: (path) => fetch("file://" + path),
    exists: async (path) => String((await import("node:fs")).existsSync(path)),
    access: async (path) => (await import("node:fs")).accessSync(path),
    resolve: async (path) => (await import("node:module")).createRequire("file:///").resolve(path),
    find: async (path) => String((await import("node:module")).Module._findPath?.(path, ["/"], false)),
  };
  const outcome = async (way, path) => {
    try { return "done " + String(await way(path)).replaceAll(path, "P"); }
    catch (error) { return (error?.name + " " + error?.message + " " + error?.code).replaceAll(path, "P").replace(/[0-9a-f-]{36}/g, "ID"); }
  };
  const differing = async (one, other) => {
    const told = [];
    for (const [name, way] of Object.entries(ways)) {
      const [there, missing] = [await outcome(way, one), await outcome(way, other)];
      if (there !== missing) told.push(name + ": " + there + " <> " + missing);
    }
    return told.length === 0 ? undefined : told.join(" | ");
  };`;

const ORACLES: Attempts = {
  "whether a file is there": [
    `${ORACLE} return await differing(given.dir + "/secret.txt", given.dir + "/nobody.txt");`,
    NOTHING,
  ],
  "whether a folder is there": [
    `${ORACLE} return await differing(given.dir, given.dir + "-not-there");`,
    NOTHING,
  ],
};

const FLAGS = [
  ...[
    "--prof",
    "--logfile=%state%/planted",
    "--log-all",
    "--trace-turbo",
    "--trace-turbo-path=%state%/planted",
  ],
  ...[
    "--redirect-code-traces",
    "--redirect-code-traces-to=%state%/planted",
    "--perf-prof",
    "--perf-basic-prof",
  ],
  ...["--turbo-profiling-output=%state%/planted", "--gdbjit-dump", "--ll-prof", "--log-source-code"],
  ...[
    "--heap-snapshot-on-oom",
    "--heap-profiler-trace-objects",
    "--experimental-wasm-pgo-to-file",
    "--vtune-prof-annotate-wasm",
  ],
];

/** V8's own flags: some name files that it then writes, and nobody asks whether it may. */
const flags: Scene = {
  kind: "scene",
  id: "insides-flags-of-v8-that-write-files",
  category: "insides",
  tries: "flags of V8 that write files",
  play: async (field, id) => {
    const { node, dir } = field;
    const from = field.bus.mark();
    const folders = ["/", "/tmp", dir, node.stateDir, node.workDir];
    const before = await Promise.all(folders.map(namesOf));
    const code = inSetup(`const v8 = await import("node:v8"); const said = [];
      for (const flag of ${
      JSON.stringify(FLAGS)
    }) try { v8.setFlagsFromString(flag); said.push("set"); } catch (error) { said.push(error.name); }
      for (let n = 0; n < 2000; n++) new Function("a", "let s = 0; for (let i = 0; i < 500; i++) s += a * i + " + n + "; return s")(n);
      try { v8.writeHeapSnapshot(); } catch (error) { said.push(error.name); }
      try { v8.takeCoverage(); } catch (error) { said.push(error.name); }
      await agent.log("flags: " + [...new Set(said)]);`);
    await launch(field, id, code);
    // V8 may not survive what it is told.
    const isOver = ({ topic, json }: Message) =>
      topic.endsWith("/logs") && json?.agent === id && /^flags: /.test(json.message) ||
      topic.endsWith("/errors") && json?.agent === id && json.severity === "fatal";
    const { json } = await field.bus.find("its end, or its word", isOver, from, PATIENT);
    await stop(field, id);
    const strange = (await Promise.all(folders.map(namesOf))).flatMap((names, index) =>
      names.filter((name) =>
        !before[index]?.includes(name) &&
        /planted|v8\.log|isolate|turbo|code-.*asm|\.heap|perf-|jit-/.test(name)
      )
    );
    if (strange.length > 0) throw new Error(`it has written ${strange.join(", ")}`);
    return `nothing is written; ${json.message ?? json.error}`;
  },
};

async function namesOf(dir: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
}

/** Whoever follows them reads a file, or tells another host, to explain an error. */
const MAPS: Readonly<Record<string, string>> = {
  "a source map that is a file": "//# sourceMappingURL=file:///etc/passwd",
  "a source map by a path": "//# sourceMappingURL=/etc/passwd",
  "a source map elsewhere": "//# sourceMappingURL=http://127.0.0.1:%other%/map",
  "a source that is a file": "//# sourceURL=file:///etc/passwd",
  "a source elsewhere": "//# sourceURL=http://127.0.0.1:%other%/source",
  "a map that names files": `//# sourceMappingURL=data:application/json;base64,${
    btoa(
      JSON.stringify({
        version: 3,
        sources: ["file:///etc/passwd"],
        names: [],
        mappings: "AAAA;AACA;AACA;AACA",
      }),
    )
  }`,
};

const maps = Object.entries(MAPS).map(([tries, line]): Scene => ({
  kind: "scene",
  id: `insides-${slug(tries)}`,
  category: "insides",
  tries,
  play: async (field, id) => {
    const from = field.bus.mark();
    const inner = JSON.stringify(`export function fail() { throw new Error("inner"); }\n${line}`);
    const code = `async function setup(agent) {
      const url = URL.createObjectURL(new Blob([${inner}], { type: "text/javascript" }));
      let stack = ""; try { (await import(url)).fail(); } catch (error) { stack = error.stack; }
      throw new Error("outer, after " + stack);
    }\n${line}`;
    await launch(field, id, code);
    const { json } = await reported(field, id, "errors", /outer, after/, from);
    const told = JSON.stringify(json);
    if (/root:|daemon:|data: x/.test(told)) throw new Error(`what is there was told: ${told.slice(0, 300)}`);
    return "its error is told, and nothing of what the line names";
  },
}));

const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const TOPIC = (bytes: readonly number[]) => [bytes.length >> 8, bytes.length & 0xff, ...bytes];
const PACKET = (header: number, content: readonly number[]) =>
  new Uint8Array([header, content.length, ...content]);

/** Packets that no library sends. */
const MALFORMED: Readonly<Record<string, readonly Uint8Array[]>> = {
  "topics that are no text": [
    PACKET(0x30, [...TOPIC([...utf8("nodes/field/"), 0xff, 0xfe]), 1]),
    PACKET(0x30, [...TOPIC([...utf8("nodes/field/spawn"), 0]), 1]),
    PACKET(0x30, [...TOPIC([...utf8("agents/by-name/"), 0xed, 0xa0, 0x80, ...utf8("/task")]), 1]),
  ],
  "lengths that lie": [
    new Uint8Array([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    PACKET(0x30, [0xff, 0xff, 1]),
    PACKET(0x82, [0, 1, 0xff, 0xff, 1]),
  ],
  "packets that are none": [
    new Uint8Array([0x00, 0]),
    new Uint8Array([0xf0, 0]),
    PACKET(0x36, [...TOPIC(utf8("nodes/field/list")), 0, 1]),
    PACKET(0x10, [...TOPIC(utf8("MQTT")), 99, 0xff, 0, 0, 0, 0]),
    PACKET(0x80, [0, 1]),
  ],
  "wildcards in a topic to publish to": [
    PACKET(0x30, [...TOPIC(utf8("nodes/+/spawn")), 1]),
    PACKET(0x30, [...TOPIC(utf8("nodes/field/#")), 1]),
    PACKET(0x30, [...TOPIC([]), 1]),
  ],
};

const malformed = Object.entries(MALFORMED).map(([tries, packets]): Scene => ({
  kind: "scene",
  id: `insides-${slug(tries)}`,
  category: "insides",
  tries: `malformed MQTT: ${tries}`,
  play: async (field: Field, id) => {
    for (const [index, packet] of packets.entries()) {
      await using client = await connectRaw(field.broker.port, { clientId: `${id}-${index}` });
      client.write(packet);
      client.write(new Uint8Array([0xc0, 0]));
      // Answered or thrown out: by then it has been read.
      await Promise.race([client.next(13), client.closed]);
    }
    await assertAnswers(field);
    return "neighbour and node answer";
  },
}));

export const insides: readonly Attack[] = [
  flags,
  ...maps,
  ...malformed,
  ...probes("ops", OPS),
  ...probes("descriptors", DESCRIPTORS),
  ...probes("sqlite", SQLITE),
  ...lookups,
  ...probes("oracles", ORACLES, ["whether a file is there", "whether a folder is there"]),
];
