/** What the project uses of `jsr:@std/path`, over `node:path`. */
import nodePath from "node:path";

/** The last part of a path. */
export function basename(path: string, suffix?: string): string {
  return nodePath.basename(path, suffix);
}

/** A path without its last part. */
export function dirname(path: string): string {
  return nodePath.dirname(path);
}

/** The ending of a path with its dot; empty where there is none. */
export function extname(path: string): string {
  return nodePath.extname(path);
}

/** The parts as one path, which is made as short as it can be. */
export function join(path: string, ...paths: string[]): string {
  return nodePath.join(path, ...paths);
}

/** The parts as one absolute path: below the current folder where none of them is absolute. */
export function resolve(...paths: string[]): string {
  return nodePath.resolve(...paths);
}

/** The way from one path to another. */
export function relative(from: string, to: string): string {
  return nodePath.relative(from, to);
}
