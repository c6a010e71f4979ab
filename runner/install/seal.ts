/**
 * The seal of a finished install: a record of its files, so that damage is found before an agent runs on it.
 *
 * Deno checks npm packages when it unpacks them and never again: a file that a power cut emptied, or that somebody edited,
 * would still run. The seal detects that by sizes and times, which takes milliseconds; reading everything would take a
 * second. It does not protect against somebody who can forge these, or write the seal.
 */
import { isJsonObject } from "../../protocol/json.ts";
import { join } from "@std/path";

/** The content of a seal. */
export interface Seal {
  /** Digest of the lock file. */
  readonly lock: string;
  /** Digest of names, sizes and times of all other files that must not change. */
  readonly files: string;
  /** The registries it came from, as environment variables. */
  readonly registries: Readonly<Record<string, string>>;
}

/** The seal's file name in the folder of an install. */
export const SEAL = "seal.json";

/** The path of the seal in the folder of an install. */
export function sealPath(dir: string): string {
  return join(dir, SEAL);
}

/** Digests of an install as it is on disk now. `files` are the files and folders, below `dir`, that never change. */
export async function digestInstall(
  dir: string,
  lock: string,
  files: readonly string[],
): Promise<Omit<Seal, "registries">> {
  const lines = (await Promise.all(files.map((path) => listing(dir, path)))).flat();
  return {
    lock: await digest(await readOrEmpty(join(dir, lock))),
    files: await digest(new TextEncoder().encode(lines.sort().join("\n"))),
  };
}

/** Writes the seal: the last step of an install. */
export async function writeSeal(dir: string, seal: Seal): Promise<void> {
  await Deno.writeTextFile(join(dir, SEAL), JSON.stringify(seal));
}

/** Reads the seal of `dir`; `undefined` if there is no readable one, which means that the install is unfinished. */
export async function readSeal(dir: string): Promise<Seal | undefined> {
  try {
    return parseSeal(JSON.parse(await Deno.readTextFile(join(dir, SEAL))));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseSeal(value: unknown): Seal | undefined {
  if (!isJsonObject(value) || !isJsonObject(value["registries"])) return undefined;
  const { lock, files } = value;
  const registries = Object.entries(value["registries"]);
  if (typeof lock !== "string" || typeof files !== "string") return undefined;
  const texts = registries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return texts.length === registries.length
    ? { lock, files, registries: Object.fromEntries(texts) }
    : undefined;
}

/** One line for each file or link at and below `path`, which is relative to `dir`. */
async function listing(dir: string, path: string): Promise<string[]> {
  const info = await orMissing(Deno.lstat(join(dir, path)));
  if (info === undefined) return [];
  if (!info.isDirectory) return [`${path} ${info.isSymlink} ${info.size} ${info.mtime?.getTime()}`];
  const entries = await Array.fromAsync(Deno.readDir(join(dir, path)));
  return (await Promise.all(entries.map(({ name }) => listing(dir, join(path, name))))).flat();
}

async function readOrEmpty(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await orMissing(Deno.readFile(path)) ?? new Uint8Array();
}

async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** SHA-256 in hex. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
