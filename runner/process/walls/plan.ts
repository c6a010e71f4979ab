/** What the kernel lets an agent's process do: a second sandbox, from the same facts as Deno's flags. Pure. */
import { dirname } from "@std/path";
import { cachesIn } from "../deno_dir.ts";
import type { SandboxSpec } from "../permissions.ts";
import type { Calls } from "./filter.ts";
import type { Machine } from "./machine.ts";

/** Landlock's bits for files and folders. */
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
/** Change the contents of a file. */
const WRITE = FS.writeFile | FS.truncate;
/** Create and remove files. */
const ARRANGE = FS.makeFile | FS.removeFile | FS.refer;
const CHANGE = WRITE | ARRANGE | FS.makeFolder | FS.removeFolder | FS.makeLink | FS.makeSocket | FS.makeFifo;
/** Everything that Landlock can refuse. */
export const ALL_FILE_RIGHTS = 0xffff;

/** The restrictions of a process. `open`: this wall is not used. */
export interface Walls {
  /** By path, what may be done there and below, as Landlock's bits. */
  readonly files: ReadonlyMap<string, number> | "open";
  /** TCP ports, of any host. */
  readonly ports: { readonly connect: readonly number[]; readonly listen: readonly number[] } | "open";
  readonly calls: Calls | "open";
  /** `none`: not even root has one, and may only what an ordinary user of that name may. */
  readonly capabilities: "none" | "open";
}

/** No walls. */
export const OPEN: Walls = { files: "open", ports: "open", calls: "open", capabilities: "open" };

/** The kind of file at a path that a policy grants. */
export type PathKind = "folder" | "file" | "device" | "missing";

/** What an agent's process is granted, as far as walls are concerned. */
export interface Tenant {
  readonly sandbox: Pick<
    SandboxSpec,
    "broker" | "stateFile" | "libraries" | "permissions"
  >;
  /** Whether its state file and the next version of it exist; if not, it may create files in their folder. */
  readonly stateIsFixed: boolean;
  /** Folders with the harness, the packages, and Deno's cache. */
  readonly programs: readonly string[];
  /** Configuration files that Deno reads. */
  readonly settings: readonly string[];
  /** Deno's own cache. */
  readonly denoDir: string;
  /** The kinds of file at the paths of its permissions. */
  readonly kinds: ReadonlyMap<string, PathKind>;
}

/** What the C library, V8 and Deno read in any process. Not every machine has all of them. */
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
/** Files needed to resolve host names. */
const NAMES = [
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
  "/etc/services",
  "/etc/protocols",
];
/** Files behind the answers of `--allow-sys`. */
const SYSTEM = ["/proc", "/sys/devices/system", "/sys/class", "/etc/passwd", "/etc/group", "/etc/os-release"];
/** Folders too broad to be granted for one file in them. */
const TOO_WIDE = ["/", "/etc", "/dev", "/home", "/root", "/boot", "/usr"];

const DNS_PORT = 53;

/**
 * Programs and libraries that a policy grants may need anything: then only actions on other processes are blocked.
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
      // Multicast DNS asks a daemon on this machine through such a socket.
      unixSockets: writes || hosts.some(({ name }) => name.endsWith(".local")),
      listens: permissions.net.length > 0,
      marksOwners: false,
    },
    capabilities: "none",
  };
}

/** For a helper of the runner: Deno on its own files, with the files it reads and writes. */
export interface Helper {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Whether it fetches: then any port and host is allowed. */
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
    capabilities: "none",
  };
}

/** For a device host: Deno on its own files, and one device node. */
export interface DeviceHost {
  /** The folder of its program. */
  readonly program: string;
  readonly denoDir: string;
  /** The device node. */
  readonly device: string;
}

export function deviceHostWalls({ program, denoDir, device }: DeviceHost, machine: Machine): Walls {
  const caches = cachesIn(denoDir);
  return {
    files: rights([
      ...denoItself(machine),
      [program, READ],
      [denoDir, READ],
      [caches.folder, READ | CHANGE],
      ...caches.files.map((path): Rule => [path, FS.readFile | WRITE]),
      [device, FS.readFile | WRITE | FS.controlDevice],
    ]),
    ports: { connect: [], listen: [] },
    calls: { unixSockets: false, listens: false, marksOwners: false },
    capabilities: "none",
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
 * A file is granted with its folder: replacing a file creates a new one, which the kernel's rule does not cover. Not
 * if the folder is too broad.
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
    ...(broker === undefined
      ? []
      : [broker, ...broker.others ?? []].map(({ host, port }) => ({ name: host, port }))),
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
