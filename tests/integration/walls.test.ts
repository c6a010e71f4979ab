/** The kernel's walls around an agent: Deno refuses nothing here, as if its own check had a hole, and they still hold. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { actorId } from "../../protocol/ids.ts";
import { policed } from "../support/policed.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { helperWalls } from "../../runner/process/walls/plan.ts";
import { type Need, needing } from "../support/programs.ts";
import { Walled, wallsHere } from "../support/walled.ts";

const { standing, why } = await wallsHere();
const landlock = standing?.landlock ?? 0;

/** A test that needs a version of Landlock is left out where this machine has less. */
function walled(name: string, version: number, fn: () => Promise<void>): void {
  const need: Need = {
    name: `walls with Landlock ${version} (${why})`,
    isThere: standing !== undefined && landlock >= version,
    remedy: "run the tests with perl, on a newer kernel that has landlock in its list of security modules",
  };
  Deno.test({ ...needing(need, name), fn });
}

/** Root, and a user that has nothing: the walls are for both. */
const IDENTITIES = Deno.uid() === 0
  ? { "root": undefined, "an ordinary user": { uid: 65534, gid: 65534 } }
  : { "an ordinary user": undefined };

const LIBC = `Deno.dlopen("libc.so.6", {
  syscall: { parameters: ["i64", "i64", "i64", "i64", "i64"], result: "i64" },
  ptrace: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
  prctl: { parameters: ["i32", "i64", "i64", "i64", "i64"], result: "i32" },
}).symbols`;
const NUMBERS = Deno.build.arch === "x86_64"
  ? { bpf: 321, unshare: 272, mount: 165, io_uring_setup: 425, process_vm_readv: 310, keyctl: 250, kill: 62 }
  : { bpf: 280, unshare: 97, mount: 40, io_uring_setup: 425, process_vm_readv: 270, keyctl: 219, kill: 129 };

/** What anybody who is past Deno's check would try first. */
const ATTACKS: Record<string, string> = {
  "read /etc/passwd": `return Deno.readTextFileSync("/etc/passwd");`,
  "read the registry": `return Deno.readTextFileSync(given.dir + "/registry.json");`,
  "read another's state": `return Deno.readTextFileSync(given.dir + "/agentflow_other_state.json");`,
  "list the state folder": `return [...Deno.readDirSync(given.dir)].length;`,
  "overwrite the registry": `Deno.writeTextFileSync(given.dir + "/registry.json", "{}");`,
  "remove another's state": `Deno.removeSync(given.dir + "/agentflow_other_state.json");`,
  "leave a file in /tmp":
    `const path = "/tmp/agentflow-" + crypto.randomUUID(); Deno.writeTextFileSync(path, ""); Deno.removeSync(path);`,
  "change the harness": `Deno.writeTextFileSync(given.dir + "/programs/attempts.mjs", "//");`,
  "change a package": `Deno.mkdirSync(given.dir + "/deno/npm/" + crypto.randomUUID(), { recursive: true });`,
  "a link out": `Deno.symlinkSync("/etc/passwd", given.stateFile + ".l");`,
  "a folder in place of the state": `Deno.removeSync(given.stateFile); Deno.mkdirSync(given.stateFile);`,
  "a folder beside the state": `Deno.mkdirSync(given.stateFile + ".d");`,
  "a database beside the state": `Deno.writeTextFileSync(given.stateFile + "-wal", "x");`,
  "the runner's environment": `return Deno.readTextFileSync("/proc/" + Deno.ppid + "/environ");`,
  "the runner's memory": `Deno.openSync("/proc/" + Deno.ppid + "/mem");`,
  "its own memory": `Deno.openSync("/proc/self/mem", { write: true });`,
  "a device": `Deno.openSync("/dev/kmsg");`,
  "start /bin/sh": `new Deno.Command("/bin/sh", { args: ["-c", "id"] }).outputSync();`,
  "start Deno": `new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync();`,
  "end the runner": `Deno.kill(Deno.ppid, "SIGTERM");`,
};

const PREPARED = ["registry.json", "agentflow_other_state.json"];

for (const [who, identity] of Object.entries(IDENTITIES)) {
  walled(`walls hold ${who}, with --allow-all: files, programs, processes`, 1, async () => {
    await using place = await Walled.open();
    for (const name of PREPARED) await Deno.writeTextFile(join(place.dir, name), "{}");
    const findings = await place.attempt({ ...ATTACKS }, { identity });
    for (const [attack, finding] of Object.entries(findings)) {
      assertMatch(
        finding,
        /^(Permission denied|Operation not permitted|EPERM|EACCES|Failed to spawn)/,
        attack,
      );
    }
    for (const name of PREPARED) assertEquals(await Deno.readTextFile(join(place.dir, name)), "{}");
  });

  walled(`walls let ${who} do what agents do`, 1, async () => {
    await using place = await Walled.open();
    const findings = await place.attempt({
      "state": `Deno.writeTextFileSync(given.stateFile + ".tmp", '{"a":1}');
        Deno.writeTextFileSync(given.stateFile, '{"a":1}');
        Deno.truncateSync(given.stateFile + ".tmp");
        return Deno.readTextFileSync(given.stateFile);`,
      "random": `return crypto.getRandomValues(new Uint8Array(4)).length;`,
      "memory": `return Deno.memoryUsage().rss > 0;`,
      "time zone": `return Intl.DateTimeFormat().resolvedOptions().timeZone.length > 0;`,
      "worker": `const worker = new Worker("data:text/javascript,postMessage(1)", { type: "module" });
        const { data } = await new Promise((resolve) => { worker.onmessage = resolve; });
        worker.terminate();
        return data;`,
      "/dev/null": `Deno.writeTextFileSync("/dev/null", "x");`,
    }, { identity });
    assertEquals(findings, {
      "state": 'did {"a":1}',
      "random": "did 4",
      "memory": "did true",
      "time zone": "did true",
      "worker": "did 1",
      "/dev/null": "did ",
    });
  });

  walled(`walls hold ${who}: system calls that no agent needs, made by native code`, 0, async () => {
    await using place = await Walled.open();
    const calls = Object.entries(NUMBERS).map(([name, number]) =>
      [name, `return ${LIBC}.syscall(${number}n, 0n, 0n, 0n, 0n);`] as const
    );
    const findings = await place.attempt({
      ...Object.fromEntries(calls),
      "ptrace the runner": `return ${LIBC}.ptrace(16n, BigInt(Deno.ppid), 0n, 0n);`,
      "set-uid": `Deno.writeTextFileSync(given.stateFile, "x"); Deno.chmodSync(given.stateFile, 0o4755);`,
      "no new privileges": `return ${LIBC}.prctl(39, 0n, 0n, 0n, 0n);`,
      // CAP_SYS_ADMIN and CAP_NET_RAW, among those it could ever get.
      "capabilities":
        `const { prctl } = ${LIBC}; return prctl(23, 21n, 0n, 0n, 0n) + prctl(23, 13n, 0n, 0n, 0n);`,
      // Inheritable, permitted, effective, bounding, ambient.
      "sets": `const status = Deno.readTextFileSync("/proc/self/status");
        return [...status.matchAll(/^Cap\\w+:\\t(\\w+)$/gm)].map(([, set]) => set).join();`,
    }, { identity });
    const { "set-uid": setUid, "no new privileges": fixed, capabilities, sets, ...refused } = findings;
    for (const [call, finding] of Object.entries(refused)) assertEquals(finding, "did -1", call);
    assertMatch(setUid ?? "", /^Operation not permitted/);
    assertEquals(fixed, "did 1");
    if (Deno.uid() === 0 && identity === undefined) {
      assertEquals(capabilities, "did 0");
      assertEquals(sets, `did ${Array(5).fill("0000000000000000").join()}`);
    }
  });

  walled(`walls hold ${who}: TCP ports other than the broker's, and listening anywhere`, 4, async () => {
    await using place = await Walled.open();
    using broker = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    using other = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = broker.addr;
    const findings = await place.attempt({
      "the broker": `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close();`,
      "another port": `await Deno.connect({ hostname: "127.0.0.1", port: ${other.addr.port} });`,
      "listen": `Deno.listen({ hostname: "127.0.0.1", port: 0 });`,
      "listen in the broker's place": `Deno.listen({ hostname: "::1", port: ${port} });`,
      "a socket of this machine":
        `await Deno.connect({ transport: "unix", path: "/run/dbus/system_bus_socket" });`,
    }, { identity, broker: { host: "127.0.0.1", port } });
    const { "the broker": connected, ...refused } = findings;
    assertEquals(connected, "did ");
    for (const [attack, finding] of Object.entries(refused)) {
      assertMatch(
        finding,
        /^(Permission denied|Operation not permitted|Address family not supported)/,
        attack,
      );
    }
  });
}

walled(
  "walls open where a policy grants: folders, files that are replaced, ports, listening",
  4,
  async () => {
    await using place = await Walled.open();
    const [inFolder, outFolder] = [join(place.dir, "in"), join(place.dir, "out")];
    await Promise.all([inFolder, outFolder].map((path) => Deno.mkdir(path)));
    await Deno.writeTextFile(join(inFolder, "now.json"), "first");
    await Deno.writeTextFile(join(place.dir, "registry.json"), "{}");
    using server = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = server.addr;
    const findings = await place.attempt({
      "read": `return Deno.readTextFileSync(given.dir + "/in/now.json");`,
      "not its neighbour": `return Deno.readTextFileSync(given.dir + "/registry.json");`,
      "replace": `const path = given.dir + "/out/log.csv";
      Deno.writeTextFileSync(path + ".tmp", "a"); Deno.renameSync(path + ".tmp", path); Deno.removeSync(path);`,
      "connect": `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close();`,
      "listen": `Deno.listen({ hostname: "127.0.0.1", port: ${port + 1} }).close();`,
    }, {
      permissions: {
        read: [join(inFolder, "now.json")],
        write: [join(outFolder, "log.csv")],
        net: [`127.0.0.1:${port}`, `127.0.0.1:${port + 1}`],
      },
    });
    const { "not its neighbour": neighbour, ...granted } = findings;
    assertMatch(neighbour ?? "", /^Permission denied/);
    assertEquals(granted, { "read": "did first", "replace": "did ", "connect": "did ", "listen": "did " });
  },
);

walled(
  "walls: an agent of a node has its filter, no privileges, and the node says which walls stand",
  1,
  async () => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port });
    await node.logged(/Walls of the kernel around agents: files/);
    await node.spawn(bus, { name: "walled", code: "function setup() {}" });
    await bus.on(`agents/${actorId("walled")}/manifest`);
    const { json } = await bus.ask(`nodes/${node.name}/list`, {});
    const status = await Deno.readTextFile(`/proc/${json.agents[0].pid}/status`);
    assertMatch(status, /^NoNewPrivs:\t1$/m);
    assertMatch(status, /^Seccomp:\t2$/m);
  },
);

Deno.test("walls: a node that is told to does without, and says so", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port, args: ["--walls", "off"] });
  await node.logged(/Missing walls of the kernel around agents: none \(--walls off\)/);
  await node.spawn(bus, { name: "free", code: "function setup() {}" });
  await bus.on(`agents/${actorId("free")}/manifest`);
  const { json } = await bus.ask(`nodes/${node.name}/list`, {});
  const status = await Deno.readTextFile(`/proc/${json.agents[0].pid}/status`);
  assertMatch(status, /^Seccomp:\t0$/m);
});

walled("walls of a process that fetches packages: its folder, and no other file", 1, async () => {
  await using place = await Walled.open();
  const own = join(place.dir, "fetched");
  await Deno.mkdir(own);
  await Deno.writeTextFile(join(place.dir, "registry.json"), "{}");
  using registry = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { connect, write, ...refused } = await place.attempt({
    "write":
      `Deno.mkdirSync(given.dir + "/fetched/a"); Deno.writeTextFileSync(given.dir + "/fetched/a/b", "x");`,
    "connect": `(await Deno.connect({ hostname: "127.0.0.1", port: ${registry.addr.port} })).close();`,
    "read /etc/passwd": ATTACKS["read /etc/passwd"] ?? "",
    "read the registry": ATTACKS["read the registry"] ?? "",
    "start /bin/sh": ATTACKS["start /bin/sh"] ?? "",
    "end the runner": ATTACKS["end the runner"] ?? "",
  }, {
    plan: (machine) =>
      helperWalls({
        read: [join(place.dir, "programs")],
        write: [own, join(place.dir, "deno")],
        fetches: true,
      }, machine),
  });
  assertEquals([connect, write], ["did ", "did "]);
  for (const [attack, finding] of Object.entries(refused)) {
    assertMatch(finding, /^(Permission denied|Operation not permitted|EPERM|Failed to spawn)/, attack);
  }
});

walled("walls: a granted program runs as it did, and cannot signal the node", 6, async () => {
  const shell = await Deno.realPath("/bin/sh");
  await using here = await policed({ permissions: { run: [shell] } });
  const { ok } = await here.ask({
    name: "runs",
    permissions: { run: [shell] },
    code: `async function setup(agent) {
      const { stdout } = await new Deno.Command(${JSON.stringify(shell)}, {
        args: ["-c", "/bin/cat /etc/passwd >/dev/null && echo read; kill -0 ${here.node.pid} || echo refused"],
      }).output();
      await agent.log("said " + new TextDecoder().decode(stdout).replaceAll("\\n", " "));
    }`,
  });
  assert(ok);
  await here.bus.find(
    "what it said",
    ({ json }) => json?.agent === "runs" && json.message === "said read refused ",
  );
});
