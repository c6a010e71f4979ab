/** What of this machine Deno needs in order to run: paths that differ from one system to the next. */
import { basename, dirname } from "@std/path";
import type { Arch } from "./syscalls.ts";

export interface Machine {
  readonly arch: Arch;
  /** Whether this process is root's. */
  readonly isRoot: boolean;
  /** Deno's executable, by its own path. */
  readonly deno: string;
  /** Folders of the C library and the others that it was linked to. */
  readonly libraries: readonly string[];
  /** What the kernel starts it with. */
  readonly loaders: readonly string[];
  /** Where the addresses of name servers really are, beside `/etc/resolv.conf`. */
  readonly resolver: readonly string[];
}

/** How every program begins that the kernel starts without another. */
const ELF = new TextEncoder().encode("\x7fELF");

/** A folder beside which other settings lie is not granted for the sake of one file. */
const SETTINGS = "/etc";

/** @throws Error where there is no such executable, or it is a script, whose needs nobody knows; where there is no `/proc` */
export async function lookAtMachine(deno: string): Promise<Machine> {
  const path = await Deno.realPath(deno);
  if (!await isProgram(path)) {
    throw new Error(`${path} is a script: name Deno's executable itself with --deno`);
  }
  const [maps, resolver] = await Promise.all([
    // This process is Deno itself, or built from it: it needs the same libraries.
    Deno.readTextFile("/proc/self/maps"),
    Deno.realPath("/etc/resolv.conf").then(dirname, () => SETTINGS),
  ]);
  return {
    arch: Deno.build.arch,
    isRoot: Deno.uid() === 0,
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
  // What has been deleted says so, behind a space.
  const paths = new Set(mapped.filter((path) => /\.so(?:\.|$)/.test(basename(path)) && !path.includes(" ")));
  return {
    libraries: [...new Set(Array.from(paths, (path) => dirname(path)))],
    loaders: [...paths].filter((path) => /^ld(?:-linux.*|64|-musl.*)?\.so/.test(basename(path))),
  };
}

/** What is at a path that a policy grants. */
export async function kindAt(path: string): Promise<"folder" | "file" | "device" | "missing"> {
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) return "folder";
    return info.isFile ? "file" : "device";
  } catch {
    // Not there, or not to be seen: it may come.
    return "missing";
  }
}
