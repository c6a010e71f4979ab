/** Wheels of the test's own, in a folder or behind an index on loopback. */
import { crc32, deflateRawSync } from "node:zlib";

/** What is in a wheel. */
export interface WheelSpec {
  readonly name: string;
  readonly version: string;
  /** Python source, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly requires?: readonly string[];
  readonly requiresPython?: string;
  /** The tags of its file name. */
  readonly tags?: string;
  /** Its metadata go on for so many bytes; the archive says that they are 100. */
  readonly inflatedMetadataBytes?: number;
}

/** A file of an archive that is packed, and lies about its size. */
interface Packed {
  readonly packed: Uint8Array;
  readonly claimedBytes: number;
}

/** A wheel that has been built. */
export interface Wheel {
  readonly file: string;
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
  readonly requiresPython: string | undefined;
}

/** Builds a wheel: a zip archive of stored files. */
export async function buildWheel(spec: WheelSpec): Promise<Wheel> {
  const { name, version, requires = [], requiresPython, tags = "py3-none-any", inflatedMetadataBytes } = spec;
  const info = `${name.replaceAll("-", "_")}-${version}.dist-info`;
  const metadata = [
    "Metadata-Version: 2.1",
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
    ...requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`],
  ];
  const text = `${metadata.join("\n")}\n\nA package of a test.\n`;
  const bytes = zip({
    ...spec.files,
    [`${info}/METADATA`]: inflatedMetadataBytes === undefined
      ? text
      : { packed: deflateRawSync(text + " ".repeat(inflatedMetadataBytes)), claimedBytes: 100 },
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: ${tags}\n`,
    [`${info}/RECORD`]: "",
  });
  return {
    file: `${name.replaceAll("-", "_")}-${version}-${tags}.whl`,
    name,
    bytes,
    sha256: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(),
    requiresPython,
  };
}

/** Packages without any file that fits, by the names of the files they have. */
export type Misfits = Readonly<Record<string, readonly string[]>>;

/** An index of the simple API. Invariant: it is down when it has been disposed of. */
export class PipIndex implements AsyncDisposable {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param format the pages' form: PEP 691 or PEP 503 */
  constructor(
    private readonly wheels: Wheel[],
    private readonly misfits: Misfits,
    private readonly format: "json" | "html",
  ) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/simple/`;
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    const wheel = this.wheels.find(({ file }) => pathname === `/files/${file}`);
    if (wheel !== undefined) return new Response(wheel.bytes);
    const name = /^\/simple\/([^/]+)\/$/.exec(pathname)?.[1];
    const found = this.wheels.filter((one) => one.name === name);
    const others = this.misfits[name ?? ""] ?? [];
    if (found.length + others.length === 0) return new Response("no such package", { status: 404 });
    return this.format === "json" ? json(found, others) : html(found, others);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function json(wheels: readonly Wheel[], others: readonly string[]): Response {
  const files = wheels.map(({ file, sha256, requiresPython }) => ({
    filename: file,
    url: `../../files/${file}`,
    hashes: { sha256 },
    "requires-python": requiresPython ?? null,
    yanked: false,
  }));
  const rest = others.map((filename) => ({ filename, url: filename, hashes: {}, yanked: false }));
  const headers = { "content-type": "application/vnd.pypi.simple.v1+json" };
  return new Response(JSON.stringify({ meta: { "api-version": "1.1" }, files: [...files, ...rest] }), {
    headers,
  });
}

function html(wheels: readonly Wheel[], others: readonly string[]): Response {
  const links = wheels.map(({ file, sha256, requiresPython }) => {
    const python = requiresPython === undefined
      ? ""
      : ` data-requires-python="${requiresPython.replaceAll(">", "&gt;")}"`;
    return `<a href="/files/${file}#sha256=${sha256}"${python}>${file}</a><br/>`;
  });
  const rest = others.map((file) => `<a href="/files/${file}">${file}</a>`);
  const page = `<!DOCTYPE html><html><body>\n${[...links, ...rest].join("\n")}\n</body></html>`;
  return new Response(page, { headers: { "content-type": "text/html" } });
}

function zip(files: Readonly<Record<string, string | Packed>>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = new TextEncoder().encode(path);
    const data: Uint8Array = typeof content === "string" ? new TextEncoder().encode(content) : content.packed;
    const common = [20, 0, typeof content === "string" ? 0 : 8, 0, 0x21];
    const sizes = [
      crc32(data),
      data.length,
      typeof content === "string" ? data.length : content.claimedBytes,
    ];
    const local = record(0x04034b50, common, sizes, [name.length, 0]);
    directory.push(
      record(0x02014b50, [20, ...common], sizes, [name.length, 0, 0, 0, 0], [0, offset]),
      name,
    );
    parts.push(local, name, data);
    offset += local.length + name.length + data.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const count = Object.keys(files).length;
  const end = record(0x06054b50, [0, 0, count, count], [size, offset], [0]);
  const all = [...parts, ...directory, end];
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A signature, then by turns numbers of two bytes and of four. */
function record(signature: number, ...fields: (readonly number[])[]): Uint8Array {
  const bytes: number[] = [];
  const put = (value: number, size: number) => {
    for (let index = 0; index < size; index++) bytes.push(Math.floor(value / 256 ** index) % 256);
  };
  put(signature, 4);
  fields.forEach((values, index) => values.forEach((value) => put(value, index % 2 === 0 ? 2 : 4)));
  return new Uint8Array(bytes);
}
