/** An npm registry on loopback: serves packages given as sources, packed when they are asked for. */
import { Buffer } from "node:buffer";

/** One version of a package: its files by path; `package.json` is made from `name`, `version` and `manifest`. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** What no well-meant package has in its archive. */
  readonly odd?: readonly OddEntry[];
}

/** An entry of an archive, as its header has it. */
export interface OddEntry {
  readonly path: string;
  /** Octal. */
  readonly mode?: string;
  /** 1 hard link, 2 symbolic link, 3 device, 5 folder, 6 FIFO; else a file. */
  readonly type?: string;
  /** Where a link leads. */
  readonly link?: string;
  /** Content: so many bytes, all zero. */
  readonly zeros?: number;
}

/** A running registry; disposing of it ends it. */
export interface NpmRegistry extends AsyncDisposable {
  /** What NPM_CONFIG_REGISTRY is to be. */
  readonly url: string;
  /** Paths asked for so far. */
  readonly requests: readonly string[];
}

/**
 * Serves `packages` as they are at each request: a test may change the list.
 * @param options.integrity promised for every tarball in place of the true one
 */
export function serveNpm(
  packages: readonly NpmPackage[],
  options: { readonly integrity?: string } = {},
): NpmRegistry {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname).slice(1);
    requests.push(path);
    const wanted = packages.find((one) => path === tarballPath(one));
    if (wanted !== undefined) return new Response(await pack(wanted));
    const versions = packages.filter((one) => one.name === path);
    if (versions.length === 0) return new Response("not found", { status: 404 });
    return Response.json(await packument(path, versions, url.origin, options.integrity));
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function packument(
  name: string,
  versions: readonly NpmPackage[],
  origin: string,
  integrity?: string,
): Promise<unknown> {
  const entries = await Promise.all(versions.map(async (one) => [one.version, {
    ...packageJson(one),
    dist: {
      tarball: `${origin}/${tarballPath(one)}`,
      integrity: integrity ?? await integrityOf(await pack(one)),
    },
  }]));
  return { name, "dist-tags": { latest: versions.at(-1)?.version }, versions: Object.fromEntries(entries) };
}

/** As the public registry has it: with a lock file, Deno asks nobody else where it is. */
function tarballPath({ name, version }: NpmPackage): string {
  return `${name}/-/${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}

function packageJson({ name, version, manifest }: NpmPackage): Record<string, unknown> {
  return { name, version, main: "index.js", ...manifest };
}

async function integrityOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha512-${Buffer.from(await crypto.subtle.digest("SHA-512", bytes)).toString("base64")}`;
}

/** Packed once: some take a while. */
const packed = new WeakMap<NpmPackage, Promise<Uint8Array<ArrayBuffer>>>();

function pack(one: NpmPackage): Promise<Uint8Array<ArrayBuffer>> {
  const known = packed.get(one) ?? packAnew(one);
  packed.set(one, known);
  return known;
}

async function packAnew(one: NpmPackage): Promise<Uint8Array<ArrayBuffer>> {
  const files = { "package.json": JSON.stringify(packageJson(one)), ...one.files };
  const tar = ReadableStream.from((function* () {
    for (const [path, text] of Object.entries(files)) {
      const content = new TextEncoder().encode(text);
      yield* [tarHeader({ path: `package/${path}` }, content.length), padded(content)];
    }
    for (const entry of one.odd ?? []) {
      yield tarHeader({ ...entry, path: `package/${entry.path}` }, entry.zeros ?? 0);
      // What it is packed from need not be in memory either.
      for (let left = entry.zeros ?? 0; left > 0; left -= ZEROS.length) {
        yield padded(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
      }
    }
    yield new Uint8Array(1024);
  })());
  return await new Response(tar.pipeThrough(new CompressionStream("gzip"))).bytes();
}

const ZEROS = new Uint8Array(1024 * 1024);

function padded(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(Math.ceil(content.length / 512) * 512);
  all.set(content);
  return all;
}

/** The header of one entry, as ustar has it. */
function tarHeader(
  { path, mode = "644", type = "0", link = "" }: OddEntry,
  size: number,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(512);
  const put = (offset: number, value: string) => header.set(new TextEncoder().encode(value), offset);
  put(0, path);
  put(100, `${mode.padStart(7, "0")}\0`);
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, type);
  put(157, link);
  put(257, "ustar\x0000");
  put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
  return header;
}
