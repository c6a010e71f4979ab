/** The launcher's arguments: the language between `launcher.pl` and the runner. Pure. */
import { callFilter, type Calls } from "./filter.ts";
import { ALL_FILE_RIGHTS, type Walls } from "./plan.ts";
import type { Arch } from "./syscalls.ts";

/** Landlock's bits for ports and for access to other processes. */
const NET = { listen: 1, connect: 2 } as const;
const SCOPE = { abstractSockets: 1, signals: 2 } as const;

/** Linux resource limit numbers. */
const RESOURCE = { fileBytes: 1, dataBytes: 2, core: 4, openFiles: 7 } as const;

/** The numeric limits that the kernel enforces on a process. */
export interface Bounds {
  /** The largest size of a file that it writes, in bytes; `undefined` for no limit. */
  readonly fileBytes: number | undefined;
  /** How many files and connections it may have open at the same time. */
  readonly openFiles: number;
  /** Memory of its own, in bytes; `undefined` for no limit. */
  readonly dataBytes?: number;
}

/** Agents yield to the runner, and to the device's other work. */
export const NICE = 5;

/** The launcher's words for a process with these bounds, behind these walls. */
export function launcherWords(
  arch: Arch,
  { fileBytes, openFiles, dataBytes }: Bounds,
  walls: Walls,
): string[] {
  return [
    `arch=${arch}`,
    `nice=${NICE}`,
    // No core dumps: its memory, which may hold secrets, must not end up in files.
    `limit=${RESOURCE.core}:0`,
    `limit=${RESOURCE.openFiles}:${openFiles}`,
    ...(fileBytes === undefined ? [] : [`limit=${RESOURCE.fileBytes}:${Math.ceil(fileBytes)}`]),
    ...(dataBytes === undefined ? [] : [`limit=${RESOURCE.dataBytes}:${dataBytes}`]),
    ...fileWords(walls.files),
    ...portWords(walls.ports),
    `scope=${SCOPE.abstractSockets | SCOPE.signals}`,
    ...(walls.capabilities === "open" ? [] : ["powerless=1"]),
    ...(walls.calls === "open" ? [] : filterWords(arch, walls.calls)),
  ];
}

function fileWords(files: Walls["files"]): string[] {
  if (files === "open") return [];
  return [
    `files=${ALL_FILE_RIGHTS}`,
    ...Array.from(files, ([path, rights]) => `path=${rights}:${path}`),
    ...Array.from(files.keys()).filter((path) => path === "/proc/self").map((path) => `hold=${path}`),
  ];
}

function portWords(ports: Walls["ports"]): string[] {
  if (ports === "open") return [];
  return [
    `net=${NET.listen | NET.connect}`,
    ...ports.connect.map((port) => `port=${NET.connect}:${port}`),
    ...ports.listen.map((port) => `port=${NET.listen}:${port}`),
  ];
}

function filterWords(arch: Arch, calls: Calls): string[] {
  const filter = callFilter(arch, calls);
  const bytes = new DataView(new ArrayBuffer(8 * filter.length));
  filter.forEach(({ code, ifTrue, ifFalse, value }, at) => {
    bytes.setUint16(8 * at, code, true);
    bytes.setUint8(8 * at + 2, ifTrue);
    bytes.setUint8(8 * at + 3, ifFalse);
    bytes.setUint32(8 * at + 4, value === "pid" ? 0 : value, true);
  });
  return [
    `filter=${new Uint8Array(bytes.buffer).toHex()}`,
    ...filter.flatMap(({ value }, at) => value === "pid" ? [`pid=${at}`] : []),
  ];
}
