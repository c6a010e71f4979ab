import { assert, assertEquals } from "@std/assert";
import { NO_PERMISSIONS, type Permissions } from "../../../../../protocol/permissions.ts";
import { type Machine, mappedLibraries } from "../../../../../runner/process/walls/machine.ts";
import { cachesIn } from "../../../../../runner/process/deno_dir.ts";
import {
  agentWalls,
  deviceHostWalls,
  OPEN,
  type PathKind,
  type Tenant,
} from "../../../../../runner/process/walls/plan.ts";
import { launcherWords } from "../../../../../runner/process/walls/words.ts";

const MACHINE: Machine = {
  arch: "x86_64",
  deno: "/opt/deno",
  libraries: ["/usr/lib/x86_64-linux-gnu"],
  loaders: ["/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"],
  resolver: ["/run/systemd/resolve"],
};

const [READ, WRITE] = [1 << 2, 1 << 1];

function walls(
  permissions: Partial<Permissions> = {},
  kinds: Record<string, PathKind> = {},
  broker: Tenant["sandbox"]["broker"] = { host: "127.0.0.1", port: 1883 },
  machine = MACHINE,
) {
  return agentWalls({
    sandbox: {
      broker,
      stateFile: "/state/own/a.json",
      libraries: [],
      permissions: { ...NO_PERMISSIONS, ...permissions },
    },
    stateIsFixed: true,
    programs: ["/srv/agents/harness-1"],
    settings: [],
    denoDir: "/srv/agents/deno",
    kinds: new Map(Object.entries(kinds)),
  }, machine);
}

const rightsAt = (files: ReturnType<typeof walls>["files"], path: string) =>
  files === "open" ? -1 : files.get(path) ?? 0;

Deno.test("walls: an agent that nothing is granted to sees Deno, its programs and its state, and the broker's port", () => {
  const { files, ports, calls, capabilities } = walls();
  assert(files !== "open");
  const writable = [...files].filter(([, rights]) => (rights & WRITE) !== 0).map(([path]) => path);
  assertEquals(writable, [
    ...["/dev/null", "/dev/zero", "/dev/full", "/srv/agents/deno/gen"],
    ...cachesIn("/srv/agents/deno").files,
    ...["/state/own/a.json", "/state/own/a.json.tmp"],
  ]);
  const executable = [...files].filter(([, rights]) => (rights & 1) !== 0).map(([path]) => path);
  assertEquals(executable, ["/opt/deno", ...MACHINE.loaders]);
  // Its broker has an address: no name has to be looked up.
  assertEquals(files.has("/etc/hosts"), false);
  assertEquals(ports, { connect: [1883], listen: [] });
  assertEquals(calls, { unixSockets: false, listens: false, marksOwners: false });
  assertEquals(capabilities, "none");
});

Deno.test("walls: without a broker nothing can be connected to", () => {
  const none = agentWalls({
    sandbox: { broker: undefined, stateFile: "/s/a", libraries: [], permissions: NO_PERMISSIONS },
    stateIsFixed: true,
    programs: [],
    settings: [],
    denoDir: "/d",
    kinds: new Map(),
  }, MACHINE);
  assertEquals(none.ports, { connect: [], listen: [] });
});

Deno.test("walls: hosts are granted by their ports; a name brings what looks it up, a host without a port all ports", () => {
  const named = walls({ net: ["api.example.com:443", "10.0.0.1:8080", "[::1]:9000"] });
  assertEquals(named.ports, { connect: [1883, 443, 8080, 9000, 53], listen: [443, 8080, 9000] });
  assertEquals(rightsAt(named.files, "/etc/hosts") & READ, READ);
  assertEquals(rightsAt(named.files, "/run/systemd/resolve") & READ, READ);
  assertEquals(named.calls, { unixSockets: false, listens: true, marksOwners: false });
  assertEquals(walls({ net: ["10.0.0.1"] }).ports, "open");
  assertEquals(walls({ net: ["[fe80::1]"] }).ports, "open");
  assertEquals(walls({}, {}, { host: "hall.local", port: 1883 }).calls, {
    unixSockets: true,
    listens: false,
    marksOwners: false,
  });
});

Deno.test("walls: a file is granted with its folder, a device alone, and never all of /etc for a file in it", () => {
  const kinds: Record<string, PathKind> = {
    "/data": "folder",
    "/srv/in/now.json": "file",
    "/etc/motd": "file",
    "/dev/ttyUSB0": "device",
    "/srv/out/log.csv": "missing",
  };
  const { files } = walls({
    read: ["/data", "/srv/in/now.json", "/etc/motd", "/dev/ttyUSB0"],
    write: ["/srv/out/log.csv", "/dev/ttyUSB0"],
  }, kinds);
  assertEquals(rightsAt(files, "/data") & (READ | WRITE), READ);
  assertEquals(rightsAt(files, "/srv/in") & (READ | WRITE), READ);
  assertEquals(rightsAt(files, "/etc/motd") & (READ | WRITE), READ);
  assertEquals(rightsAt(files, "/etc"), 0);
  assertEquals(rightsAt(files, "/dev"), 0);
  assertEquals(rightsAt(files, "/dev/ttyUSB0") & (READ | WRITE | 1 << 15), READ | WRITE | 1 << 15);
  assertEquals(rightsAt(files, "/srv/out") & (READ | WRITE), WRITE);
});

Deno.test("walls: a granted program or library is behind none, but reaches no other process", () => {
  assertEquals([walls({ run: ["/opt/tool"] }), walls({ ffi: ["/opt/lib.so"] })], [OPEN, OPEN]);
  assertEquals(launcherWords("x86_64", { fileBytes: undefined, openFiles: 64 }, OPEN), [
    "arch=x86_64",
    "nice=5",
    "limit=4:0",
    "limit=7:64",
    "scope=3",
  ]);
});

Deno.test("walls: no grant but of a program brings a capability", () => {
  const all = [{}, { write: ["/data"] }, { net: ["0.0.0.0:80"] }, { sys: ["hostname"] }];
  assertEquals(all.map((permissions) => walls(permissions).capabilities), ["none", "none", "none", "none"]);
  assert(launcherWords("x86_64", { fileBytes: undefined, openFiles: 64 }, walls()).includes("powerless=1"));
});

Deno.test("walls: the libraries and the loader are those of this process", () => {
  const maps = `7f00-7f01 r--p 00000000 08:01 1      /opt/deno
7f02-7f03 r-xp 00000000 08:01 2      /usr/lib/x86_64-linux-gnu/libc.so.6
7f04-7f05 r-xp 00000000 08:01 3      /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7f06-7f07 rw-p 00000000 00:00 0      [heap]
7f08-7f09 r-xp 00000000 08:01 4      /usr/lib64/libgcc_s.so.1`;
  assertEquals(mappedLibraries(maps), {
    libraries: ["/usr/lib/x86_64-linux-gnu", "/usr/lib64"],
    loaders: ["/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"],
  });
});

Deno.test("walls: a device host has its device and what every process has, and reaches nothing else", () => {
  const { files, ports, calls, capabilities } = deviceHostWalls(
    { program: "/w/host", denoDir: "/w/deno", device: "/dev/gpiochip0" },
    MACHINE,
  );
  assertEquals(rightsAt(files, "/dev/gpiochip0") & (READ | WRITE | 1 << 15), READ | WRITE | 1 << 15);
  const devices = files === "open" ? [] : [...files.keys()].filter((path) => path.startsWith("/dev")).sort();
  assertEquals(devices, [
    "/dev/full",
    "/dev/gpiochip0",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
  ]);
  for (const path of ["/dev/gpiochip1", "/dev/mem", "/etc/passwd", "/w"]) {
    assertEquals(rightsAt(files, path), 0);
  }
  assertEquals(ports, { connect: [], listen: [] });
  assertEquals(calls, { unixSockets: false, listens: false, marksOwners: false });
  assertEquals(capabilities, "none");
});
