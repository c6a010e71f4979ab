/** What the kernel lets an agent's process do, beside Deno: made of the same facts as Deno's flags. Pure. */
import { dirname } from "@std/path";
import { cachesIn } from "../deno_dir.ts";
import type { SandboxSpec } from "../permissions.ts";
import type { Calls } from "./filter.ts";
import type { Machine } from "./machine.ts";

/** Bits of Landlock's for files and folders. */
const FS = {
  execute: 1 << 0,
  writeFile: 1 << 1,
  readFile: 1 << 2,
  readFolder: 1 << 3,
  removeFolder: 1 << 4,
  removeFile: 1 << 5,
  makeDevice: 1 << 6 | 1 << 11,
  makeFolder: 1 << 7,
  makeFile: 1 << 8,
  makeSocket: 1 << 9,
  makeFifo: 1 << 10,
  makeLink: 1 << 12,
  /** Link or rename between folders. */
  refer: 1 << 13,
  truncate: 1 << 14,
  controlDevice: 1 << 15,
} as const;

const READ = FS.readFile | FS.readFolder;
const RUN = FS.readFile | FS.execute;
/** What is in a file. */
const WRITE = FS.writeFile | FS.truncate;
/** Which files there are. */
const ARRANGE = FS.makeFile | FS.removeFile | FS.refer;
const CHANGE = WRITE | ARRANGE | FS.makeFolder | FS.removeFolder | FS.makeLink | FS.makeSocket | FS.makeFifo;
/** All that Landlock can refuse. */
export const ALL_FILE_RIGHTS = 0xffff;

/** Bits of Linux' capabilities. */
const CAP = { chown: 1 << 0, passOver: 1 << 1 | 1 << 2, owner: 1 << 3, lowPorts: 1 << 10 } as const;

/** What a process is held to. Of each, `open` means that this wall does not stand. */
export interface Walls {
  /** By path, what may be done there and below, as bits of Landlock's. */
  readonly files: ReadonlyMap<string, number> | "open";
  /** TCP ports, of any host. */
  readonly ports: { readonly connect: readonly number[]; readonly listen: readonly number[] } | "open";
  readonly calls: Calls | "open";
  /** Those that root keeps, as a mask. */
  readonly capabilities: number | "open";
}

/** None of them. */
export const OPEN: Walls = { files: "open", ports: "open", calls: "open", capabilities: "open" };

/** What is at a path that a policy grants. */
export type PathKind = "folder" | "file" | "device" | "missing";

/** What an agent's process is given, as far as walls are concerned. */
export interface Tenant {
  readonly sandbox: Pick<
    SandboxSpec,
    "broker" | "stateFile" | "libraries" | "permissions"
  >;
  /** Whether its state file and the next version of it are there; else it may make files in their folder. */
  readonly stateIsFixed: boolean;
  /** Folders with the harness, the packages, and Deno's cache. */
  readonly programs: readonly string[];
  /** Files that Deno reads on the way. */
  readonly settings: readonly string[];
  /** Deno's own cache. */
  readonly denoDir: string;
  /** What is at the paths of its permissions. */
  readonly kinds: ReadonlyMap<string, PathKind>;
}

/** What the C library, V8 and Deno read in any process. Not all is there on every machine. */
const ANY_PROCESS = [
  "/etc/ld.so.cache",
  "/etc/ld.so.preload",
  "/dev/random",
  "/dev/urandom",
  "/proc/self",
  "/proc/meminfo",
  "/proc/sys/kernel/osrelease",
  "/proc/sys/vm/overcommit_memory",
  "/sys/devices/system/cpu/online",
  "/sys/kernel/mm/transparent_hugepage",
  "/etc/localtime",
  "/etc/timezone",
  "/usr/share/zoneinfo",
];
const SINKS = ["/dev/null", "/dev/zero", "/dev/full"];
/** How names of hosts become addresses. */
const NAMES = [
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
  "/etc/services",
  "/etc/protocols",
];
/** What `--allow-sys` is answered from. */
const SYSTEM = ["/proc", "/sys/devices/system", "/sys/class", "/etc/passwd", "/etc/group", "/etc/os-release"];
/** Folders of too much to be granted with one file of theirs. */
const TOO_WIDE = ["/", "/etc", "/dev", "/home", "/root", "/boot", "/usr"];

const DNS_PORT = 53;

/**
 * Programs and libraries that a policy grants may need anything: then only what is done to other processes is held back.
 */
export function agentWalls(tenant: Tenant, machine: Machine): Walls {
  const { permissions } = tenant.sandbox;
  if (permissions.run.length > 0 || permissions.ffi.length > 0) {
    return OPEN;
  }
  const hosts = hostsOf(tenant.sandbox);
  const writes = permissions.write.length > 0;
  return {
    files: filesOf(tenant, machine, hosts.some(isNamed)),
    ports: portsOf(tenant.sandbox, hosts),
    calls: {
      // Multicast DNS asks a daemon of this machine by such a socket.
      unixSockets: writes || hosts.some(({ name }) => name.endsWith(".local")),
      listens: permissions.net.length > 0,
      marksOwners: false,
    },
    capabilities: machine.isRoot
      ? CAP.passOver | (writes ? CAP.chown | CAP.owner : 0) | (permissions.net.length > 0 ? CAP.lowPorts : 0)
      : 0,
  };
}

/** For a helper of the runner's: Deno on files of its own, with what it reads and writes. */
export interface Helper {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Whether it fetches: then any port, any host. */
  readonly fetches: boolean;
}

export function helperWalls({ read, write, fetches }: Helper, machine: Machine): Walls {
  return {
    files: rights([
      ...denoItself(machine),
      ...(fetches ? names(machine) : []),
      ...read.map((path) => [path, READ] as const),
      ...write.map((path) => [path, READ | CHANGE] as const),
    ]),
    ports: fetches ? "open" : { connect: [], listen: [] },
    calls: { unixSockets: fetches, listens: false, marksOwners: true },
    capabilities: machine.isRoot ? CAP.passOver | CAP.chown | CAP.owner : 0,
  };
}

type Rule = readonly [path: string, rights: number];

function denoItself({ deno, libraries, loaders }: Machine): Rule[] {
  return [
    [deno, RUN],
    ...loaders.map((path): Rule => [path, RUN]),
    ...[...libraries, ...ANY_PROCESS].map((path): Rule => [path, READ]),
    ...SINKS.map((path): Rule => [path, READ | WRITE]),
  ];
}

function names({ resolver }: Machine): Rule[] {
  return [...NAMES, ...resolver].map((path): Rule => [path, READ]);
}

function filesOf(tenant: Tenant, machine: Machine, resolves: boolean): ReadonlyMap<string, number> {
  const { sandbox, programs, settings, denoDir, kinds, stateIsFixed } = tenant;
  const { permissions } = sandbox;
  const caches = cachesIn(denoDir);
  const granted = (paths: readonly string[], folder: number, file: number) =>
    paths.map((path): Rule => grant(path, kinds.get(path) ?? "missing", folder, file));
  return rights([
    ...denoItself(machine),
    ...(resolves ? names(machine) : []),
    ...(permissions.sys.length > 0 ? SYSTEM.map((path): Rule => [path, READ]) : []),
    ...[...programs, ...settings, ...sandbox.libraries].map((path): Rule => [path, READ]),
    [denoDir, READ],
    [caches.folder, READ | CHANGE],
    ...caches.files.map((path): Rule => [path, FS.readFile | WRITE]),
    ...(stateIsFixed
      ? [sandbox.stateFile, `${sandbox.stateFile}.tmp`].map((path): Rule => [path, FS.readFile | WRITE])
      : [[dirname(sandbox.stateFile), FS.readFile | WRITE | ARRANGE] as const]),
    ...granted(permissions.read, READ | FS.controlDevice, READ),
    ...granted(permissions.write, CHANGE | FS.controlDevice, WRITE | ARRANGE),
  ]);
}

/**
 * A file is granted with its folder: who replaces a file makes another one, which the kernel does not know by its name.
 * Not where the folder holds too much.
 */
function grant(path: string, kind: PathKind, folder: number, file: number): Rule {
  if (kind === "folder" || kind === "device") return [path, folder];
  const above = dirname(path);
  return TOO_WIDE.includes(above) ? [path, file] : [above, file];
}

/** Rules for one path add up. */
function rights(rules: readonly Rule[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const [path, bits] of rules) sum.set(path, (sum.get(path) ?? 0) | bits);
  return sum;
}

interface Host {
  readonly name: string;
  readonly port: number | undefined;
}

function hostsOf({ broker, permissions }: Tenant["sandbox"]): Host[] {
  return [
    ...(broker === undefined ? [] : [{ name: broker.host, port: broker.port }]),
    ...permissions.net.map(parseHost),
  ];
}

function parseHost(entry: string): Host {
  const [, name = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  return { name: name.toLowerCase().replace(/\.$/, ""), port: port === undefined ? undefined : Number(port) };
}

function isNamed({ name }: Host): boolean {
  return !/^(\d+\.){3}\d+$/.test(name) && !name.includes(":");
}

function portsOf({ permissions }: Tenant["sandbox"], hosts: readonly Host[]): Walls["ports"] {
  const connect = hosts.map(({ port }) => port);
  // A host without a port is granted with all of them.
  if (!connect.every((port) => port !== undefined)) return "open";
  const listen = permissions.net.map((entry) => parseHost(entry).port).filter((port) => port !== undefined);
  return { connect: [...connect, ...(hosts.some(isNamed) ? [DNS_PORT] : [])], listen };
}
