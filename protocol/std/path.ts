/** The subset of `jsr:@std/path` that the project uses, on top of `node:path`. */
import nodePath from "node:path";

/** The last part of a path. */
export function basename(path: string, suffix?: string): string {
  return nodePath.basename(path, suffix);
}

/** The path without its last part. */
export function dirname(path: string): string {
  return nodePath.dirname(path);
}

/** The extension of a path, with its dot; empty if there is none. */
export function extname(path: string): string {
  return nodePath.extname(path);
}

/** Joins the parts into one normalised path. */
export function join(path: string, ...paths: string[]): string {
  return nodePath.join(path, ...paths);
}

/** Joins the parts into one absolute path, below the current folder if none of them is absolute. */
export function resolve(...paths: string[]): string {
  return nodePath.resolve(...paths);
}

/** The relative path from one path to another. */
export function relative(from: string, to: string): string {
  return nodePath.relative(from, to);
}
