/** What Deno ends a whole process for: it takes the agent alone. */
import { type Attack, type HostileAgent, inSetup, slug } from "../attack.ts";

const got = (id: string, what: string) => `await agent.publish("stolen/${id}", ${JSON.stringify(what)});`;
const forever = "await new Promise(() => {});";

/** What it tries, the body of `setup()`, and how the node reports its end. */
const ATTEMPTS: Readonly<Record<string, readonly [body: (id: string) => string, says: RegExp]>> = {
  "a worker with permissions of its own": [
    (id) =>
      `const url = URL.createObjectURL(new Blob(['postMessage(Deno.readTextFileSync("/etc/passwd"))']));
      new Worker(url, { type: "module", deno: { permissions: { read: true } } }).onmessage =
        (event) => agent.publish("stolen/${id}", event.data);
      ${forever}`,
    /^supervisor: .*Unstable API \'Worker\.deno\.permissions\'/,
  ],
  "to share the broker's port": [
    (id) =>
      `Deno.listen({ hostname: "127.0.0.1", port: %port%, reusePort: true }); ${
        got(id, "the broker's port")
      }`,
    /^supervisor: .*Unstable API \'Deno\.listen\(/,
  ],
  "a datagram port": [
    (id) =>
      `Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: %port% }); ${got(id, "a port")}`,
    /^setup: Deno\.listenDatagram is not a function/,
  ],
  "a socket to the host of a virtual machine": [
    (id) => `await Deno.connect({ transport: "vsock", cid: 2, port: 22 }); ${got(id, "vsock")}`,
    /^supervisor: .*Unstable API \'Deno\.connect/,
  ],
  "a datagram socket of node": [
    (id) =>
      `const socket = (await import("node:dgram")).createSocket("udp4");
      socket.bind(%other%, "127.0.0.1", () => agent.publish("stolen/${id}", "a datagram port"));
      ${forever}`,
    /^supervisor: .*Requires net access/,
  ],
  "a process by node:cluster": [
    (id) =>
      `const worker = (await import("node:cluster")).default.fork();
      worker.on("online", () => agent.publish("stolen/${id}", "a process"));
      ${forever}`,
    /^supervisor: .*Requires run access/,
  ],
  "to abort": [
    () => `(await import("node:process")).default.abort();`,
    /^supervisor: .*was killed by SIGABRT/,
  ],
  "to exit past every hook": [
    () => `(await import("node:process")).default.reallyExit(0);`,
    /^supervisor: .*exited with code 0/,
  ],
  "to overflow the stack": [() => `(function f() { f(); })();`, /^setup: .*Maximum call stack/],
  "to exit in setup()": [() => `Deno.exit(0);`, /^supervisor: .*exited with code 0/],
  "to reject unseen": [() => `Promise.reject(new Error("unseen")); ${forever}`, /unseen/],
  "a regular expression without end": [
    () => `/^(a+)+$/.test("a".repeat(40) + "b");`,
    /^supervisor: .*event loop/,
  ],
};

export const fatal: readonly Attack[] = Object.entries(ATTEMPTS).map(
  ([tries, [body, says]]): HostileAgent => {
    const id = `fatal-${slug(tries)}`;
    return {
      kind: "agent",
      id,
      category: "fatal",
      tries,
      code: inSetup(body(id)),
      expect: { on: "errors", says },
    };
  },
);
