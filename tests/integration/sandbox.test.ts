/** Real agents that try to get out of their sandbox, and do not. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { freePort } from "../support/brokers.ts";
import { listing, prison, SECRET } from "../support/prison.ts";
import { assertAllRefused, type Attempts, probe } from "../support/probe.ts";

const FILES: Attempts = {
  "read /etc/passwd": `return Deno.readTextFileSync("/etc/passwd");`,
  "read it asynchronously": `return await Deno.readTextFile("/etc/passwd");`,
  "open it": `return await Deno.open("/etc/passwd");`,
  "read /proc/self/environ": `return Deno.readTextFileSync("/proc/self/environ");`,
  "read the runner's environment": `return Deno.readTextFileSync("/proc/" + given.runnerPid + "/environ");`,
  "read /proc/self/mem": `return Deno.openSync("/proc/self/mem");`,
  "read a file by descriptor": `return Deno.readTextFileSync("/proc/self/fd/0");`,
  "read /dev/stdin": `return Deno.openSync("/dev/stdin");`,
  "read beside the state file": `return Deno.readTextFileSync(given.dir + "/secret.txt");`,
  "read another agent's state": `return Deno.readTextFileSync(given.dir + "/agentflow_other_state.json");`,
  "go up from the state file":
    `return Deno.readTextFileSync(given.dir + "/agentflow_" + agent.name + "_state.json/../secret.txt");`,
  "go up from its sibling":
    `return Deno.readTextFileSync(given.dir + "/agentflow_" + agent.name + "_state.json.tmp/../secret.txt");`,
  "list the state folder": `return [...Deno.readDirSync(given.dir)];`,
  "list the root": `return [...Deno.readDirSync("/")];`,
  "stat a file": `return Deno.statSync("/etc/passwd").size;`,
  "lstat a file": `return Deno.lstatSync(given.dir + "/secret.txt").size;`,
  "resolve a path": `return Deno.realPathSync(".");`,
  "change the folder": `Deno.chdir("/"); return "changed";`,
  "read the harness": `return Deno.readTextFileSync(new URL(import.meta.url).pathname);`,
  "watch a file": `return Deno.watchFs("/etc");`,
  "write elsewhere": `Deno.writeTextFileSync(given.dir + "/planted", "x"); return "written";`,
  "write another agent's state":
    `Deno.writeTextFileSync(given.dir + "/agentflow_other_state.json", "x"); return "written";`,
  "write over the harness": `Deno.writeTextFileSync(given.workDir + "/planted", "x"); return "written";`,
  "truncate": `Deno.truncateSync(given.dir + "/secret.txt"); return "truncated";`,
  "make a folder": `Deno.mkdirSync(given.dir + "/folder"); return "made";`,
  "make a temporary file": `return Deno.makeTempFileSync();`,
  "make a temporary file beside the state": `return Deno.makeTempFileSync({ dir: given.dir });`,
  "copy a file to the state file":
    `Deno.copyFileSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json"); return "copied";`,
  "move a file to the state file":
    `Deno.renameSync(given.dir + "/secret.txt", given.dir + "/agentflow_" + agent.name + "_state.json"); return "moved";`,
  "move the state file away": `agent.persist("k", 1);
    Deno.renameSync(given.dir + "/agentflow_" + agent.name + "_state.json", given.dir + "/moved"); return "moved";`,
  "make a symbolic link at the sibling":
    `Deno.symlinkSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "make a hard link at the sibling":
    `Deno.linkSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "make a hard link of another agent's state": `Deno.linkSync(given.dir + "/agentflow_other_state.json",
      given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "change rights": `Deno.chmodSync(given.dir + "/secret.txt", 0o777); return "changed";`,
  "remove a file": `Deno.removeSync(given.dir + "/secret.txt"); return "removed";`,
  "fetch a file": `return await (await fetch("file:///etc/passwd")).text();`,
  "node:fs": `const fs = await import("node:fs"); return fs.readFileSync("/etc/passwd", "utf8");`,
  "node:fs/promises":
    `const fs = await import("node:fs/promises"); return await fs.readFile("/etc/passwd", "utf8");`,
  "node:fs write":
    `const fs = await import("node:fs"); fs.writeFileSync(given.dir + "/planted", "x"); return "written";`,
  "node:fs symlink": `const fs = await import("node:fs");
    fs.symlinkSync("/etc/passwd", given.dir + "/agentflow_" + agent.name + "_state.json.tmp"); return "linked";`,
  "node:fs exists": `const fs = await import("node:fs"); return fs.existsSync("/etc/passwd") || undefined;`,
  "node:sqlite":
    `const { DatabaseSync } = await import("node:sqlite"); return new DatabaseSync(given.dir + "/planted");`,
};

const IMPORTS: Attempts = Object.fromEntries(
  [
    [`"/etc/passwd"`, `with { type: "text" }`],
    [`"file:///etc/passwd"`, `with { type: "text" }`],
    [`"file:///etc/passwd"`, `with { type: "bytes" }`],
    [`"file:///proc/self/environ"`, `with { type: "text" }`],
    [`"file://DIR/secret.json"`, `with { type: "json" }`],
    [`"file://DIR/secret.ts"`, ""],
    [`"file://DIR/secret.js"`, ""],
    [`"DIR/secret.ts"`, ""],
    [`"https://127.0.0.1:1/mod.ts"`, ""],
    [`"http://127.0.0.1:PORT/mod.ts"`, ""],
    [`"https://deno.land/std/version.ts"`, ""],
    [`"npm:mqtt"`, ""],
    [`"npm:ms@2"`, ""],
    [`"mqtt"`, ""],
    [`"jsr:@std/assert"`, ""],
    [`"@std/assert"`, ""],
  ].flatMap(([specifier = "", attributes = ""]) => {
    const fill = (text: string) => `${text}.replaceAll("DIR", given.dir).replaceAll("PORT", given.port)`;
    const source = JSON.stringify(`import x from ${specifier} ${attributes}; export default x;`);
    const posted = JSON.stringify(`import x from ${specifier} ${attributes}; postMessage(x);`);
    const options = attributes === "" ? "" : `, ${attributes.replace("with", "{ with:")} }`;
    const title = `${specifier} ${attributes}`;
    return [
      [`${title} dynamically`, `return (await import(${fill(specifier)}${options})).default;`],
      [`${title} from a blob`, `return await fromModule(blobUrl(${fill(source)}));`],
      [`${title} from data`, `return await fromModule(dataUrl(${fill(source)}));`],
      [
        `${title} from data in a blob`,
        `return await fromModule(blobUrl("export { default } from " + JSON.stringify(dataUrl(${
          fill(source)
        }))));`,
      ],
      [`${title} from a blob's worker`, `return await fromWorker(blobUrl(${fill(posted)}));`],
      [`${title} from a data worker`, `return await fromWorker(dataUrl(${fill(posted)}));`],
    ];
  }),
);

const MODULES: Attempts = {
  "a worker of a file": `return await fromWorker("file://" + given.dir + "/secret.ts");`,
  "reading in a worker": `return await fromWorker(blobUrl(posting('Deno.readTextFile("/etc/passwd")')));`,
  "env in a worker":
    `return await fromWorker(blobUrl(posting('Deno.env.get("RUNNER_SECRET") ?? Promise.reject("none")')));`,
  "require a file": `const { createRequire } = await import("node:module");
    return createRequire("file:///")(given.dir + "/secret.json");`,
  "require npm": `const { createRequire } = await import("node:module");
    return typeof createRequire("file://" + given.workDir + "/deno/")("mqtt");`,
  "require a script": `const { createRequire } = await import("node:module");
    return createRequire("file:///")(given.dir + "/secret.js");`,
  "node_modules of the work folder": `const { createRequire } = await import("node:module");
    return createRequire("file://" + given.workDir + "/x.js").resolve("mqtt");`,
  "Module._load":
    `const { Module } = await import("node:module"); return Module._load(given.dir + "/secret.json");`,
  "node:vm": `const vm = await import("node:vm");
    return await vm.runInThisContext('Deno.readTextFile("/etc/passwd")');`,
  "eval": `return await (0, eval)('Deno.readTextFile("/etc/passwd")');`,
  "an import by Function": `return await new Function('return import("file:///etc/hostname")')();`,
  "WASI": `const { WASI } = await import("node:wasi");
    const wasi = new WASI({ version: "preview1", preopens: { "/": "/" } }); return wasi.start ? "started" : undefined;`,
  "a wasm module of a file": `return await import("file://" + given.dir + "/secret.wasm");`,
};

const OUTSIDE: Attempts = {
  "env of Deno": `return Deno.env.get("RUNNER_SECRET") ?? Deno.env.get("PATH") ?? Deno.env.get("HOME");`,
  "all env of Deno": `return Object.keys(Deno.env.toObject()).length || undefined;`,
  "env of node":
    `const process = await import("node:process"); return process.env.RUNNER_SECRET ?? process.env.PATH;`,
  "all env of node":
    `const { env } = await import("node:process"); return Object.keys(env).length || undefined;`,
  "set env": `Deno.env.set("LD_PRELOAD", "/x.so"); return Deno.env.get("LD_PRELOAD");`,
  "a command": `return new Deno.Command("id").outputSync();`,
  "a shell": `return await new Deno.Command("/bin/sh", { args: ["-c", "id"] }).output();`,
  "deno itself": `return new Deno.Command("deno", { args: ["eval", "1"] }).spawn().pid;`,
  "node:child_process": `const { execSync } = await import("node:child_process"); return execSync("id");`,
  "node:child_process fork": `const { fork } = await import("node:child_process");
    return await new Promise((resolve, reject) => { const c = fork("/x.js"); c.on("spawn", () => resolve("spawned")); c.on("error", reject); });`,
  "native code":
    `return Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }).symbols.getpid();`,
  "process.dlopen":
    `const process = (await import("node:process")).default; process.dlopen({}, "/x.node"); return "loaded";`,
  "process.binding fs":
    `const process = (await import("node:process")).default; return process.binding("fs").open("/etc/passwd", 0, 0);`,
  "process.binding spawn_sync":
    `const process = (await import("node:process")).default; return process.binding("spawn_sync").spawn({ file: "id", args: ["id"] });`,
  "the host's name": `return Deno.hostname();`,
  "the host's addresses": `return Deno.networkInterfaces();`,
  "the load": `return Deno.loadavg();`,
  "the memory": `return Deno.systemMemoryInfo();`,
  "the release": `return Deno.osRelease();`,
  "the user": `return Deno.uid();`,
  "node:os": `const os = await import("node:os"); return os.userInfo().username;`,
  "the internals": `const core = Deno[Deno.internal]?.core ?? Deno.core;
    return core?.ops?.op_fs_read_file_text_sync?.("/etc/passwd") ?? core?.ops?.op_read_file_text_sync?.("/etc/passwd");`,
  "opcodes by name": `const ops = Deno[Deno.internal]?.core?.ops ?? {};
    for (const name of Object.keys(ops)) {
      if (!/read_file|fs_open|spawn|env/.test(name)) continue;
      try { const got = ops[name]("/etc/passwd", true); if (typeof got === "string" && got.includes("root:")) return got; } catch {}
    }`,
  "ask for a permission": `const { state } = await Deno.permissions.request({ name: "read" });
    return state === "granted" ? state : undefined;`,
  "ask for a file": `const { state } = await Deno.permissions.request({ name: "read", path: "/etc/passwd" });
    return state === "granted" ? state : undefined;`,
  "ask for net": `const { state } = await Deno.permissions.request({ name: "net" });
    return state === "granted" ? state : undefined;`,
  "prompt": `return prompt("?");`,
  "kill the runner": `Deno.kill(given.runnerPid, "SIGKILL"); return "killed";`,
  "stop the runner": `Deno.kill(given.runnerPid, "SIGSTOP"); return "stopped";`,
  "kill every process": `Deno.kill(-1, "SIGKILL"); return "killed";`,
  "node's kill":
    `const process = (await import("node:process")).default; process.kill(given.runnerPid, "SIGKILL"); return "killed";`,
  "node's kill of the parent":
    `const process = (await import("node:process")).default; process.kill(process.ppid, "SIGTERM"); return "killed";`,
  "node's _kill":
    `const process = (await import("node:process")).default; return process._kill?.(given.runnerPid, 9) || undefined;`,
  "the inspector of another process":
    `const process = (await import("node:process")).default; process._debugProcess(given.runnerPid); return "debugged";`,
  "become another user":
    `const process = (await import("node:process")).default; process.setuid(1); return "became";`,
  "priority": `const os = await import("node:os"); os.setPriority(given.runnerPid, 19); return "changed";`,
};

const NET: Attempts = {
  "another port of this host": `return await Deno.connect({ hostname: "127.0.0.1", port: given.otherPort });`,
  "a privileged port of this host": `return await Deno.connect({ hostname: "127.0.0.1", port: 22 });`,
  "the broker by another name": `return await Deno.connect({ hostname: "localhost", port: given.port });`,
  "the broker by a number": `return await Deno.connect({ hostname: "2130706433", port: given.port });`,
  "0.0.0.0": `return await Deno.connect({ hostname: "0.0.0.0", port: given.port });`,
  "another host": `return await Deno.connect({ hostname: "192.0.2.1", port: 80 });`,
  "TLS": `return await Deno.connectTls({ hostname: "example.com", port: 443 });`,
  "fetch another port": `return (await fetch("http://127.0.0.1:" + given.otherPort)).status;`,
  "fetch another host": `return (await fetch("https://example.com")).status;`,
  "the cloud's metadata": `return (await fetch("http://169.254.169.254/latest/meta-data")).status;`,
  "a WebSocket": `return new WebSocket("ws://127.0.0.1:" + given.otherPort).readyState;`,
  "an EventSource": `return await new Promise((resolve, reject) => {
      const source = new EventSource("http://127.0.0.1:" + given.otherPort);
      source.onopen = resolve; source.onerror = () => { source.close(); reject("refused"); };
    });`,
  "DNS": `return await Deno.resolveDns("example.com", "A");`,
  "DNS by a server of choice":
    `return await Deno.resolveDns("example.com", "A", { nameServer: { ipAddr: "127.0.0.1", port: given.otherPort } });`,
  "node:dns lookup": `const dns = await import("node:dns/promises"); return await dns.lookup("example.com");`,
  "node:dns resolve":
    `const dns = await import("node:dns/promises"); return await dns.resolve4("example.com");`,
  "listen": `return Deno.listen({ hostname: "127.0.0.1", port: 0 }).addr;`,
  "listen for all": `return Deno.listen({ port: given.otherPort }).addr;`,
  "listen in place of the broker": `return Deno.listen({ hostname: "127.0.0.1", port: given.port }).addr;`,
  "serve": `return Deno.serve({ port: given.otherPort, onListen() {} }, () => new Response("x")).addr;`,
  "a datagram": `return Deno.listenDatagram({ transport: "udp", port: 0 }).addr;`,
  "a unix socket": `return await Deno.connect({ transport: "unix", path: "/run/docker.sock" });`,
  "listen on a unix socket": `return Deno.listen({ transport: "unix", path: given.dir + "/socket" }).addr;`,
  "listen on a unix socket at the state file":
    `return Deno.listen({ transport: "unix", path: given.dir + "/agentflow_" + agent.name + "_state.json.tmp" }).addr;`,
  "node:net": `const net = await import("node:net");
    return await new Promise((resolve, reject) =>
      net.connect(given.otherPort, "127.0.0.1", () => resolve("connected")).on("error", reject));`,
  "node:net server": `const net = await import("node:net");
    return await new Promise((resolve, reject) =>
      net.createServer().on("error", reject).listen(given.otherPort, () => resolve("listening")));`,
  "node:http": `const http = await import("node:http");
    return await new Promise((resolve, reject) =>
      http.get("http://127.0.0.1:" + given.otherPort, (answer) => resolve(answer.statusCode)).on("error", reject));`,
  "node:inspector": `const inspector = await import("node:inspector");
    inspector.open(given.otherPort, "127.0.0.1"); return inspector.url();`,
  "QUIC": `return new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 }).addr;`,
};

const STORAGE: Attempts = {
  "localStorage": `localStorage.setItem("k", "v"); return localStorage.getItem("k");`,
  "caches": `const cache = await caches.open("v1");
    await cache.put("http://x/", new Response("x")); return await (await cache.match("http://x/")).text();`,
  "caches from a worker": `return await fromWorker(blobUrl(posting(
      'caches.open("v1").then((c) => c.put("http://x/", new Response("x"))).then(() => "kept")')));`,
  "localStorage from a worker":
    `return await fromWorker(blobUrl(posting('(localStorage.setItem("k", "v"), localStorage.getItem("k"))')));`,
  "Deno.openKv":
    `const kv = await Deno.openKv(); await kv.set(["k"], 1); return (await kv.get(["k"])).value;`,
  "Deno.openKv at a path": `const kv = await Deno.openKv(given.dir + "/planted"); return kv;`,
  "IndexedDB": `return await new Promise((resolve, reject) => {
      const request = indexedDB.open("db", 1);
      request.onsuccess = () => resolve("opened"); request.onerror = () => reject(request.error);
    });`,
  "BroadcastChannel": `return await new Promise((resolve) => {
      const other = new BroadcastChannel("agents"); other.onmessage = (e) => resolve(e.data);
      setTimeout(() => { other.close(); resolve(undefined); }, 100);
    });`,
};

for (
  const [title, attempts] of Object.entries({
    "other files": FILES,
    "imports of what was not declared": IMPORTS,
    "modules, workers and evaluated code": MODULES,
    "environment, processes, system and internals": OUTSIDE,
    "the net beside the broker": NET,
    "storage beside the state file": STORAGE,
  })
) {
  Deno.test(`an agent is refused ${title}`, async () => {
    await using prisoner = await prison();
    const { bus, node, given } = prisoner;
    const before = await listing(node.stateDir);
    const findings = await probe(bus, node, "probe", attempts, given);
    assertEquals(Object.keys(findings), Object.keys(attempts));
    assertAllRefused(findings);
    assert(!JSON.stringify(findings).includes(SECRET), "a refusal tells the secret");
    const added = (await listing(node.stateDir)).filter((name) => !before.includes(name));
    assertEquals(added.filter((name) => name !== "agentflow_probe_state.json"), []);
    assertEquals((await Deno.readTextFile(join(node.stateDir, "secret.txt"))).includes(SECRET), true);
    // Runner and agent are both there, and work.
    const list = await bus.ask(`nodes/${node.name}/list`, {});
    assertEquals(list.json.agents.map((agent: { state: string }) => agent.state), ["running"]);
  });
}

Deno.test("what an agent's code imports statically is checked like everything else", async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const imports = {
    text: `import x from "/etc/passwd" with { type: "text" };`,
    url: `import x from "file:///etc/passwd" with { type: "text" };`,
    environ: `import x from "/proc/self/environ" with { type: "text" };`,
    json: `import x from "file://${node.stateDir}/secret.json" with { type: "json" };`,
    script: `import x from "file://${node.stateDir}/secret.ts";`,
    reexport: `export { default as x } from "file://${node.stateDir}/secret.ts"; const x = 1;`,
    remote: `import x from "https://deno.land/std/version.ts";`,
    npm: `import x from "npm:ms@2";`,
    jsr: `import x from "jsr:@std/assert";`,
    harness: `import x from "../agents/harness/main.ts";`,
  };
  for (const [name, line] of Object.entries(imports)) {
    await bus.publish(`nodes/${node.name}/spawn`, {
      name,
      code: `${line}\nasync function setup(agent) { await agent.publish("stolen", String(x)); }`,
    });
  }
  for (const name of Object.keys(imports)) {
    const { json } = await bus.find(
      `errors of ${name}`,
      (m) => m.topic.endsWith("/errors") && m.json?.agent === name,
    );
    assertEquals([json.phase, json.severity], ["compile", "fatal"], name);
    assert(!JSON.stringify(json).includes(SECRET));
  }
  assertEquals(bus.all("stolen"), []);
});

Deno.test("an agent that Deno ends for what it reaches for takes nobody along", async () => {
  await using prisoner = await prison();
  const { bus, node, broker } = prisoner;
  await node.spawn(bus, { name: "bystander", code: "function process() {}" });
  const attempts = {
    worker: `const url = URL.createObjectURL(new Blob(['postMessage(Deno.readTextFileSync("/etc/passwd"))']));
      new Worker(url, { type: "module", deno: { permissions: { read: true } } }).onmessage = (e) => agent.publish("stolen", e.data);
      await new Promise(() => {});`,
    reusePort: `Deno.listen({ hostname: "127.0.0.1", port: ${broker.port}, reusePort: true });
      await agent.publish("stolen", "the broker's port");`,
    datagram: `Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: ${broker.port} });
      await agent.publish("stolen", "a datagram port");`,
    vsock:
      `await Deno.connect({ transport: "vsock", cid: 2, port: 22 }); await agent.publish("stolen", "vsock");`,
    dgram: `const socket = (await import("node:dgram")).createSocket("udp4");
      socket.bind(${freePort()}, "127.0.0.1", () => agent.publish("stolen", "a datagram port"));
      await new Promise(() => {});`,
    cluster: `const worker = (await import("node:cluster")).default.fork();
      worker.on("online", () => agent.publish("stolen", "a process"));
      await new Promise(() => {});`,
    abort: `(await import("node:process")).default.abort();`,
    reallyExit: `(await import("node:process")).default.reallyExit(0);`,
  };
  for (const [name, code] of Object.entries(attempts)) {
    await bus.publish(`nodes/${node.name}/spawn`, {
      name,
      max_restarts: 0,
      code: `async function setup(agent) { ${code} }`,
    });
  }
  for (const name of Object.keys(attempts)) {
    await bus.find(
      `end of ${name}`,
      (m) => m.topic.endsWith("/heartbeat") && m.json?.name === name && m.json.state === "failed",
    );
  }
  assertEquals(bus.all("stolen"), []);
  const list = await bus.ask(`nodes/${node.name}/list`, {});
  assertEquals(list.json.agents.map((agent: { name: string }) => agent.name), ["bystander"]);
});

Deno.test("an agent can talk to the broker itself, and use its own state file", async () => {
  await using prisoner = await prison();
  const { bus, node, given } = prisoner;
  const findings = await probe(bus, node, "probe", {
    connect: `const socket = await Deno.connect({ hostname: agent.broker.host, port: agent.broker.port });
      // MQTT 3.1.1 CONNECT with client id "probe"; CONNACK is 0x20 0x02 and two bytes.
      await socket.write(new Uint8Array([0x10, 17, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 5, 112, 114, 111, 98, 101]));
      const answer = new Uint8Array(4);
      await socket.read(answer);
      socket.close();
      return [...answer].join(" ");`,
    node: `const net = await import("node:net");
      return await new Promise((resolve, reject) => {
        const socket = net.connect(agent.broker.port, agent.broker.host, () => { socket.destroy(); resolve("connected"); });
        socket.on("error", reject);
      });`,
    state: `agent.persist("k", [1]); return agent.recall("k");`,
  }, given);
  assertEquals(findings, { connect: 'GOT: "32 2 0 0"', node: 'GOT: "connected"', state: "GOT: [ 1 ]" });
});
