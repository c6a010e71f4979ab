/** Sources of wheels: a folder, an index with the simple API (PEP 503, PEP 691), the packages built for Pyodide. */
import { join } from "@std/path";
import { InstallError } from "../../../protocol/packages/install_error.ts";
import { PYODIDE_VERSION } from "../../../protocol/packages/python/release.ts";
import { readUpTo } from "./read_up_to.ts";
import { normaliseName } from "../../../protocol/packages/python/requirement.ts";
import { parseWheelName, type WheelName } from "./wheel.ts";

/** An available file. */
export interface Candidate {
  readonly file: string;
  readonly wheel: WheelName;
  /** In hex; `undefined` if the source gives none. */
  readonly sha256: string | undefined;
  readonly requiresPython: string | undefined;
  readonly origin: string;
  /** @throws InstallError with the reason, also if it exceeds `maxBytes` */
  fetch(maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** All files of a package in a source, including those that do not fit this platform. */
export interface Offer {
  readonly candidates: readonly Candidate[];
  /** Names of unusable files, for the error message. */
  readonly others: readonly string[];
}

export interface Source {
  /** @returns `undefined` when it does not know the package. @throws InstallError when the source cannot be reached */
  find(name: string, signal: AbortSignal): Promise<Offer | undefined>;
}

const MAX_WHEEL_BYTES = 256 * 1024 * 1024;
/** Enough for the page of a package with thousands of files. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** Wheels in a folder of the operator. */
export function wheelFolder(dir: string): Source {
  return {
    async find(name) {
      const files: string[] = [];
      try {
        for await (const entry of Deno.readDir(dir)) if (entry.isFile) files.push(entry.name);
      } catch (error) {
        throw new InstallError(`--wheels '${dir}' cannot be read: ${(error as Error).message}`, {
          cause: error,
        });
      }
      const candidates = files.flatMap((file) => {
        const wheel = parseWheelName(file);
        if (wheel === undefined || wheel.name !== name || !wheel.fits) return [];
        const path = join(dir, file);
        const base = { file, wheel, sha256: undefined, requiresPython: undefined, origin: path };
        return [{ ...base, fetch: (maxBytes: number) => readWheel(path, maxBytes) }];
      });
      return candidates.length === 0 ? undefined : { candidates, others: [] };
    },
  };
}

/** An index such as https://pypi.org/simple/. */
export function simpleIndex(base: string): Source {
  const root = base.endsWith("/") ? base : `${base}/`;
  return {
    async find(name, signal) {
      const page = new URL(`${encodeURIComponent(name)}/`, root);
      const response = await get(page, signal, "application/vnd.pypi.simple.v1+json, text/html;q=0.5");
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (!response.ok) throw new InstallError(`${shown(page)} answers with status ${response.status}`);
      const bytes = await readUpTo(response.body ?? new Blob([]).stream(), MAX_PAGE_BYTES);
      if (bytes === undefined) throw tooLarge(shown(page), MAX_PAGE_BYTES);
      const text = new TextDecoder().decode(bytes);
      const isJson = response.headers.get("content-type")?.includes("json") === true;
      const files = isJson ? filesOfJson(text) : filesOfHtml(text);
      return offerOf(name, files, new URL(response.url || page));
    },
  };
}

/** The packages that the Pyodide project built for this release; `pyodide-lock.json` lists the files and their hashes. */
export function builtForPyodide(interpreterDir: string): Source {
  const base = new URL(`https://cdn.jsdelivr.net/pyodide/v${PYODIDE_VERSION}/full/`);
  return {
    async find(name) {
      const lock = JSON.parse(await Deno.readTextFile(join(interpreterDir, "pyodide-lock.json"))) as {
        packages: Record<string, { name: string; file_name: string; sha256: string }>;
      };
      const found = Object.values(lock.packages).find((entry) => normaliseName(entry.name) === name);
      if (found === undefined) return undefined;
      return offerOf(name, [{ filename: found.file_name, url: found.file_name, sha256: found.sha256 }], base);
    },
  };
}

interface Listed {
  readonly filename: string;
  readonly url: string;
  readonly sha256: string | undefined;
  readonly requiresPython?: string | undefined;
}

function offerOf(name: string, files: readonly Listed[], base: URL): Offer {
  const candidates: Candidate[] = [];
  const others: string[] = [];
  for (const { filename, url, sha256, requiresPython } of files) {
    const wheel = parseWheelName(filename);
    if (wheel === undefined || !wheel.fits || wheel.name !== name) {
      others.push(filename);
      continue;
    }
    const address = new URL(url, base);
    candidates.push({
      file: filename,
      wheel,
      sha256,
      requiresPython,
      origin: shown(address),
      fetch: (maxBytes, signal) => download(address, Math.min(maxBytes, MAX_WHEEL_BYTES), signal),
    });
  }
  return { candidates, others };
}

function filesOfJson(text: string): Listed[] {
  const { files = [] } = JSON.parse(text) as { files?: Record<string, unknown>[] };
  return files.filter(({ yanked }) => yanked === undefined || yanked === false).map((file) => ({
    filename: String(file.filename),
    url: String(file.url),
    sha256: (file.hashes as Record<string, string> | undefined)?.sha256,
    requiresPython: (file["requires-python"] as string | null | undefined) ?? undefined,
  }));
}

const HREF = /\bhref\s*=\s*"([^"]*)"/i;
const REQUIRES_PYTHON = /\bdata-requires-python\s*=\s*"([^"]*)"/i;

/** PEP 503: a page of links; the rest of its markup is unspecified. */
function filesOfHtml(text: string): Listed[] {
  return text.split(/<a(?=\s)/i).slice(1).flatMap((link) => {
    const end = link.indexOf(">");
    const [attributes, label] = [link.slice(0, end), link.slice(end + 1).split("<", 1)[0] ?? ""];
    const attribute = (pattern: RegExp) => unescape(pattern.exec(attributes)?.[1]);
    const href = attribute(HREF);
    if (end === -1 || href === undefined || /\bdata-yanked\b/i.test(attributes)) return [];
    return [{
      filename: unescape(label.trim()) ?? "",
      url: href,
      sha256: /\bsha256=([0-9a-f]{64})/i.exec(href.split("#")[1] ?? "")?.[1],
      requiresPython: attribute(REQUIRES_PYTHON),
    }];
  });
}

function unescape(text: string | undefined): string | undefined {
  return text?.replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&quot;", '"').replaceAll(
    "&amp;",
    "&",
  );
}

async function readWheel(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if ((await Deno.stat(path)).size > maxBytes) throw tooLarge(path, maxBytes);
  return await Deno.readFile(path);
}

function tooLarge(what: string, maxBytes: number): InstallError {
  return new InstallError(`disk limit: ${what} is larger than the allowed ${maxBytes} bytes`);
}

async function download(url: URL, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await get(url, signal, "*/*");
  if (!response.ok) {
    await response.body?.cancel();
    throw new InstallError(`${shown(url)} answers with status ${response.status}`);
  }
  const body = response.body ?? new Blob([]).stream();
  return await readUpTo(body, maxBytes) ?? Promise.reject(tooLarge(shown(url), maxBytes));
}

async function get(url: URL, signal: AbortSignal, accept: string): Promise<Response> {
  const headers = new Headers({ accept });
  if (url.username !== "") {
    headers.set(
      "authorization",
      `Basic ${btoa(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`)}`,
    );
  }
  try {
    return await fetch(withoutCredentials(url), {
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new InstallError(`${shown(url)} cannot be reached: ${(error as Error).message}`, { cause: error });
  }
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

/** Without credentials and fragment, because it goes into logs. */
function shown(url: URL): string {
  const { origin, pathname } = url;
  return `${origin}${pathname}`;
}
