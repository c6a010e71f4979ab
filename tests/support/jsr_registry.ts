/** A JSR registry on loopback: serves packages given as sources, in the layout of https://jsr.io. */

/** Files of one version by path (`/mod.ts`), and which of them each export (`.`, `./sub`) is. */
export interface JsrPackage {
  readonly files: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
}

/** A running registry; disposing of it ends it. */
export interface JsrRegistry extends AsyncDisposable {
  /** What JSR_URL is to be. */
  readonly url: string;
  /** Paths asked for so far. */
  readonly requests: readonly string[];
}

/**
 * Serves `packages`, keyed by `@scope/name@version`. Without `exports`, the one export is `/mod.ts`.
 * @param options.corrupt a path whose content differs from what the manifest promises
 */
export function serveJsr(
  packages: Readonly<Record<string, JsrPackage>>,
  options: { readonly corrupt?: string } = {},
): JsrRegistry {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname;
    requests.push(path);
    const response = await answer(packages, path);
    return path === options.corrupt ? source("export const evil = 1;\n") : response;
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function answer(packages: Readonly<Record<string, JsrPackage>>, path: string): Promise<Response> {
  const [, name, rest = ""] = /^\/(@[^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
  if (rest === "meta.json") return packageMeta(packages, name);
  const [, metaOf] = /^(.+)_meta\.json$/.exec(rest) ?? [];
  if (metaOf !== undefined) return await versionMeta(packages[`${name}@${metaOf}`]);
  const [, version, file = ""] = /^([^/]+)(\/.+)$/.exec(rest) ?? [];
  const text = packages[`${name}@${version}`]?.files[file];
  return text === undefined ? notFound() : source(text);
}

function packageMeta(packages: Readonly<Record<string, JsrPackage>>, name = ""): Response {
  const versions = Object.keys(packages).filter((key) => key.startsWith(`${name}@`)).map((key) =>
    key.slice(name.length + 1)
  );
  if (versions.length === 0) return notFound();
  const [scope, short] = name.slice(1).split("/");
  return Response.json({
    scope,
    name: short,
    versions: Object.fromEntries(versions.map((version) => [version, {}])),
  });
}

async function versionMeta(found: JsrPackage | undefined): Promise<Response> {
  if (found === undefined) return notFound();
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, text] of Object.entries(found.files)) {
    const bytes = new TextEncoder().encode(text);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    manifest[path] = { size: bytes.length, checksum: `sha256-${hash}` };
  }
  return Response.json({ exports: found.exports ?? { ".": "./mod.ts" }, manifest });
}

function source(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/typescript" } });
}

function notFound(): Response {
  return new Response("not found", { status: 404 });
}
