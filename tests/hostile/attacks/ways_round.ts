/** Ways round: what Deno, its libraries and its proxies offer beside the plain calls, each of which must ask too. */
import { type Attempts, NOTHING, probes } from "../probes.ts";
import { type Attack, type HostileAgent, inSetup } from "../attack.ts";

const ADDRESSES: Attempts = {
  "IPv6's loopback": `return await Deno.connect({ hostname: "::1", port: given.port });`,
  "another port of an IPv4 address in IPv6":
    `return await Deno.connect({ hostname: "::ffff:127.0.0.1", port: given.otherPort });`,
  "the broker in hexadecimal": `return await Deno.connect({ hostname: "0x7f000001", port: given.port });`,
  "the broker in short": `return await Deno.connect({ hostname: "127.1", port: given.port });`,
  "a port behind a user name":
    `return (await fetch("http://127.0.0.1:" + given.port + "@127.0.0.1:" + given.otherPort)).status;`,
  "a vsock behind a proxy":
    `const client = Deno.createHttpClient({ proxy: { transport: "vsock", cid: 2, port: 1 } });
    return (await fetch("http://127.0.0.1:" + given.port, { client })).status;`,
  "a proxy elsewhere":
    `const client = Deno.createHttpClient({ proxy: { url: "http://127.0.0.1:" + given.otherPort } });
    return (await fetch("http://127.0.0.1:" + given.port, { client })).status;`,
  "a SOCKS proxy elsewhere":
    `const client = Deno.createHttpClient({ proxy: { url: "socks5://127.0.0.1:" + given.otherPort } });
    return (await fetch("http://127.0.0.1:" + given.port, { client })).status;`,
  "a proxy on a unix socket":
    `const client = Deno.createHttpClient({ proxy: { transport: "unix", path: "/run/docker.sock" } });
    return (await fetch("http://127.0.0.1:" + given.port, { client })).status;`,
  "a proxy by host and port":
    `const client = Deno.createHttpClient({ proxy: { transport: "tcp", hostname: "127.0.0.1", port: given.otherPort } });
    return (await fetch("http://127.0.0.1:" + given.port, { client })).status;`,
  "node:http2": `const http2 = await import("node:http2"); return await new Promise((resolve, reject) => {
      const session = http2.connect("http://127.0.0.1:" + given.otherPort);
      session.on("connect", () => resolve("connected")); session.on("error", reject);
    });`,
  "node:tls": `const tls = await import("node:tls"); return await new Promise((resolve, reject) =>
      tls.connect(given.otherPort, "127.0.0.1", () => resolve("connected")).on("error", reject));`,
  "a connection made for node:http":
    `const [http, net] = await Promise.all([import("node:http"), import("node:net")]);
    return await new Promise((resolve, reject) => http.get({ host: "127.0.0.1", port: given.port,
      createConnection: () => net.connect(given.otherPort, "127.0.0.1") }, resolve).on("error", reject));`,
};

const FILES: Attempts = {
  "a file of variables":
    `const { loadEnvFile, env } = (await import("node:process")).default; loadEnvFile(given.dir + "/secret.txt");
    return Object.keys(env).length;`,
  "a file as a blob":
    `const fs = await import("node:fs"); return await (await fs.openAsBlob(given.dir + "/secret.txt")).text();`,
  "a copy by node:fs": `const fs = await import("node:fs"); fs.cpSync(given.dir + "/secret.txt",
      given.dir + "/agentflow_" + agent.name + "_state.json"); return "copied";`,
  "the size of a disk": `const fs = await import("node:fs"); return fs.statfsSync("/").blocks;`,
  "a pattern of names":
    `const fs = await import("node:fs"); return fs.globSync(given.dir + "/*").length || undefined;`,
  "a backup of a database": `const { DatabaseSync, backup } = await import("node:sqlite");
    await backup(new DatabaseSync(":memory:"), given.dir + "/planted"); return "written";`,
  "an extension of SQLite": `const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:", { allowExtension: true }).loadExtension("libc.so.6"); return "loaded";`,
  "a database attached to another": [
    `const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:").exec("ATTACH DATABASE '" + given.dir + "/planted' AS a; CREATE TABLE a.t(x)");
    return "attached";`,
    /too many attached databases - max 0/,
  ],
  "a database vacuumed into a file": [
    `const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:").exec("CREATE TABLE t(x); VACUUM INTO '" + given.dir + "/planted'"); return "written";`,
    /too many attached databases - max 0/,
  ],
  "a file read by SQL": [
    `const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(":memory:").prepare("SELECT readfile('/etc/passwd') AS r").get();`,
    /no such function: readfile/,
  ],
  "the loader of .json":
    `const { default: module } = await import("node:module"); const made = { exports: undefined };
    module._extensions[".json"](made, given.dir + "/secret.json"); return made.exports;`,
};

const MACHINE: Attempts = {
  "the graphics processor": [`return await navigator.gpu?.requestAdapter();`, NOTHING],
  "the graphics processor from a worker": [
    `return await fromWorker(blobUrl(posting('navigator.gpu?.requestAdapter()')));`,
    NOTHING,
  ],
  "V8's own functions": [
    `const v8 = await import("node:v8"); v8.setFlagsFromString("--allow-natives-syntax");
    return new Function("return %IsSmi(5)")();`,
    /SyntaxError/,
  ],
  "another program in its place": [
    `return (await import("node:process")).default.execve?.("/bin/id", ["id"], {});`,
    NOTHING,
  ],
  "node's mask of rights": `return (await import("node:process")).default.umask(0);`,
  "arguments of a worker thread": [
    `const { Worker } = await import("node:worker_threads"); return await new Promise((resolve, reject) => {
      const worker = new Worker("postMessage(1)", { eval: true, execArgv: ["--allow-all"] });
      worker.on("message", resolve); worker.on("error", reject);
    });`,
    /ERR_WORKER_INVALID_EXEC_ARGV/,
  ],
};

const CONTROLLED = ["a proxy elsewhere", "a proxy by host and port", "node:http2", "a file as a blob"];

/** It takes so much memory and time before it is refused that a limit may come first. */
const snapshot: HostileAgent = {
  kind: "agent",
  id: "libraries-a-heap-snapshot",
  category: "libraries",
  tries: "a heap snapshot",
  code: inSetup(
    `const v8 = await import("node:v8"); await agent.publish("stolen/snapshot", v8.writeHeapSnapshot("%state%/planted"));`,
  ),
  expect: { on: "errors", says: /Requires write access to|memory limit: |unresponsive: / },
};

export const waysRound: readonly Attack[] = [
  ...probes("addresses", ADDRESSES, CONTROLLED),
  ...probes("libraries", FILES, CONTROLLED),
  ...probes("machine", MACHINE),
  snapshot,
];
