/** Wheels: which ones fit this platform, and what they require. */
import { PLATFORM, PYTHON_ABI } from "../../../protocol/packages/python/release.ts";
import { normaliseName } from "../../../protocol/packages/python/requirement.ts";
import { readUpTo } from "./read_up_to.ts";
import { parseVersion, type Version } from "../../../protocol/packages/python/version.ts";

/** The parts of a wheel's file name (PEP 427). */
export interface WheelName {
  readonly name: string;
  readonly version: Version;
  /** Whether it contains no machine code. */
  readonly isPure: boolean;
  /** Whether it runs on this Python. */
  readonly fits: boolean;
}

/** Strict: a file name comes from an index, and becomes a path and part of a permission. */
const WHEEL = /^[A-Za-z0-9_.+!-]+\.whl$/;

/** @returns `undefined` if it is not a wheel */
export function parseWheelName(file: string): WheelName | undefined {
  if (!WHEEL.test(file)) return undefined;
  const parts = /^([^-]+)-([^-]+)(?:-(\d[^-]*))?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file);
  const version = parseVersion(parts?.[2] ?? "");
  if (parts === null || version === undefined) return undefined;
  const [, name = "", , , python = "", abi = "", platform = ""] = parts;
  const isPure = abi === "none" && platform === "any";
  const forPython3 = python.split(".").some((tag) =>
    tag === "py3" || tag === PYTHON_ABI || /^py3\d+$/.test(tag) && Number(tag.slice(3)) <= 14
  );
  const forAbi = abi.split(".").some((tag) => tag === PYTHON_ABI || tag === "abi3" || tag === "none");
  return {
    name: normaliseName(name),
    version,
    isPure,
    fits: isPure ? forPython3 : forAbi && platform.split(".").includes(PLATFORM),
  };
}

/** The requirements of a wheel and its required Python, from its METADATA. */
export interface Metadata {
  readonly requires: readonly string[];
  readonly requiresPython: string | undefined;
}

/** @throws Error when the file is not a wheel */
export async function readMetadata(wheel: Uint8Array<ArrayBuffer>): Promise<Metadata> {
  const text = await readEntry(wheel, (name) => /^[^/]+\.dist-info\/METADATA$/.test(name));
  const [head = ""] = text.replaceAll("\r\n", "\n").split("\n\n", 1);
  // A line that begins with a space continues the previous one.
  const lines = head.replaceAll(/\n[ \t]+/g, " ").split("\n");
  const values = (field: string) =>
    lines.filter((line) => line.startsWith(`${field}: `)).map((line) => line.slice(field.length + 2).trim());
  return { requires: values("Requires-Dist"), requiresPython: values("Requires-Python")[0] };
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const MAX_METADATA_BYTES = 4 * 1024 * 1024;

/** Extracts one file of a zip archive, found through the directory at its end. */
async function readEntry(zip: Uint8Array<ArrayBuffer>, isWanted: (name: string) => boolean): Promise<string> {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  let end = zip.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error("it is no zip archive");
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY) throw new Error("its directory is damaged");
    const [nameBytes, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + (nameBytes ?? 0)));
    if (isWanted(name)) {
      const compressed = view.getUint32(at + 20, true);
      const local = view.getUint32(at + 42, true);
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      const bytes = zip.subarray(start, start + compressed);
      return await inflate(bytes, view.getUint16(at + 10, true));
    }
    at += 46 + (nameBytes ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  throw new Error("it has no METADATA");
}

async function inflate(bytes: Uint8Array<ArrayBuffer>, method: number): Promise<string> {
  if (method !== 0 && method !== 8) {
    throw new Error(`its files are compressed with the unknown method ${method}`);
  }
  const packed = new Blob([bytes]).stream();
  const stream = method === 0 ? packed : packed.pipeThrough(new DecompressionStream("deflate-raw"));
  // Do not trust the size that the archive declares.
  const text = await readUpTo(stream, MAX_METADATA_BYTES);
  if (text === undefined) throw new Error(`its METADATA is larger than ${MAX_METADATA_BYTES} bytes`);
  return new TextDecoder().decode(text);
}
