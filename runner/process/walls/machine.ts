/** What Deno needs from this machine in order to run: paths that differ between systems. */
import { basename, dirname } from "@std/path";
import type { Arch } from "./syscalls.ts";

export interface Machine {
  readonly arch: Arch;
  /** Deno's executable, by its resolved path. */
  readonly deno: string;
  /** Folders of the C library and of the other libraries it is linked to. */
  readonly libraries: readonly string[];
  /** The dynamic loaders that the kernel starts it with. */
  readonly loaders: readonly string[];
  /** The files with the addresses of name servers, in addition to `/etc/resolv.conf`. */
  readonly resolver: readonly string[];
}

/** The first bytes of an executable that is not a script. */
const ELF = new TextEncoder().encode("\x7fELF");

/** Folders that hold other settings too are not granted for the sake of one file. */
const SETTINGS = "/etc";

/** @throws Error without such an executable, for a script, whose needs are unknown, or without `/proc` */
export async function lookAtMachine(deno: string): Promise<Machine> {
  const path = await Deno.realPath(deno);
  if (!await isProgram(path)) {
    throw new Error(`${path} is a script: name Deno's executable itself with --deno`);
  }
  const [maps, resolver] = await Promise.all([
    // This process is Deno, or is built from it: it needs the same libraries.
    Deno.readTextFile("/proc/self/maps"),
    Deno.realPath("/etc/resolv.conf").then(dirname, () => SETTINGS),
  ]);
  return {
    arch: Deno.build.arch,
    deno: path,
    ...mappedLibraries(maps),
    resolver: resolver === SETTINGS ? [] : [resolver],
  };
}

async function isProgram(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(ELF.length);
  await file.read(start);
  return start.every((byte, at) => byte === ELF[at]);
}

/** From `/proc/self/maps`. */
export function mappedLibraries(maps: string): Pick<Machine, "libraries" | "loaders"> {
  const mapped = maps.split("\n").map((line) => line.includes("/") ? line.slice(line.indexOf("/")) : "");
  // A deleted file is marked as such, after a space.
  const paths = new Set(mapped.filter((path) => /\.so(?:\.|$)/.test(basename(path)) && !path.includes(" ")));
  return {
    libraries: [...new Set(Array.from(paths, (path) => dirname(path)))],
    loaders: [...paths].filter((path) => /^ld(?:-linux.*|64|-musl.*)?\.so/.test(basename(path))),
  };
}

/** The kind of file at a path that a policy grants. */
export async function kindAt(path: string): Promise<"folder" | "file" | "device" | "missing"> {
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) return "folder";
    return info.isFile ? "file" : "device";
  } catch {
    // Missing or not visible: it may appear later.
    return "missing";
  }
}
