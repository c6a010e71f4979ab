/** An npm registry on loopback: serves packages given as sources, packed when they are asked for. */
import { Buffer } from "node:buffer";

/** One version of a package: its files by path; `package.json` is made from `name`, `version` and `manifest`. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
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

async function pack(one: NpmPackage): Promise<Uint8Array<ArrayBuffer>> {
  const files = { "package.json": JSON.stringify(packageJson(one)), ...one.files };
  const blocks = Object.entries(files).flatMap(([path, text]) => tarEntry(`package/${path}`, text));
  const tar = new Blob([...blocks, new Uint8Array(1024)]);
  return await new Response(tar.stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** Header and padded content of one file, as ustar has them. */
function tarEntry(path: string, text: string): Uint8Array<ArrayBuffer>[] {
  const content = new TextEncoder().encode(text);
  const header = new Uint8Array(512);
  const put = (offset: number, value: string) => header.set(new TextEncoder().encode(value), offset);
  put(0, path);
  put(100, "0000644\0");
  put(124, `${content.length.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar\x0000");
  put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
  return [header, content, new Uint8Array((512 - content.length % 512) % 512)];
}
