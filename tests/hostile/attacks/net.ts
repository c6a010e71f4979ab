/** The net beside the broker: other ports, other names of the broker, DNS, servers. */
import { type Attempts, probes } from "../probes.ts";
import type { Attack } from "../attack.ts";

const ATTEMPTS: Attempts = {
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
  "an EventSource": [
    `return await new Promise((resolve, reject) => {
      const source = new EventSource("http://127.0.0.1:" + given.otherPort);
      source.onopen = resolve; source.onerror = (event) => { source.close(); reject(event.message ?? event.error); };
    });`,
    /^refused: undefined$/,
  ],
  "DNS": `return await Deno.resolveDns("example.com", "A");`,
  "DNS by a server of choice":
    `return await Deno.resolveDns("example.com", "A", { nameServer: { ipAddr: "127.0.0.1", port: given.otherPort } });`,
  "node:dns lookup": [
    `const dns = await import("node:dns/promises"); return await dns.lookup("example.com");`,
    /getaddrinfo EPERM/,
  ],
  "node:dns resolve": [
    `const dns = await import("node:dns/promises"); return await dns.resolve4("example.com");`,
    /queryA UNKNOWN/,
  ],
  "listen": `return Deno.listen({ hostname: "127.0.0.1", port: 0 }).addr;`,
  "listen for all": `return Deno.listen({ port: given.otherPort }).addr;`,
  "listen in place of the broker": [
    `return Deno.listen({ hostname: "127.0.0.1", port: given.port }).addr;`,
    /AddrInUse/,
  ],
  "listen in place of the broker on IPv6": `return Deno.listen({ hostname: "::1", port: given.port }).addr;`,
  "listen in place of the broker by its name":
    `return Deno.listen({ hostname: "localhost", port: given.port }).addr;`,
  "serve": `return Deno.serve({ port: 0, onListen() {} }, () => new Response("x")).addr;`,
  "a datagram": [
    `return Deno.listenDatagram({ transport: "udp", port: 0 }).addr;`,
    /listenDatagram is not a function/,
  ],
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
  "QUIC": [
    `return new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 }).addr;`,
    /QuicEndpoint is not a constructor/,
  ],
};

export const net: readonly Attack[] = probes("net", ATTEMPTS, [
  "another port of this host",
  "the broker by another name",
  "the broker by a number",
  "0.0.0.0",
  "fetch another port",
  "listen",
  "serve",
  "node:net",
  "node:http",
  "an EventSource",
]);
