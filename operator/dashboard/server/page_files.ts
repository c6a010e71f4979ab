/** The page's files, built when the server starts and served from memory. */
import { fileURLToPath } from "node:url";
import chartStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
// Imported so that Deno fetches the packages; only the files in use are served.
import _inter from "@fontsource-variable/inter/index.css" with { type: "text" };
import _mono from "@fontsource-variable/jetbrains-mono/index.css" with { type: "text" };
import { sha256 } from "../../../protocol/hash.ts";

const PAGE = new URL("../page/", import.meta.url);
const ENTRY = "main.tsx";
const FONTS = {
  "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
} as const;

/** A file to serve. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

export interface Page {
  /** Files by path, such as `/assets/main-1a2b3c4d.js`. The contents at a path never change. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** The HTML document, for a response with this nonce. */
  document(nonce: string): string;
}

/**
 * Bundles the page with Deno's own bundler: about half a second.
 * @param deno the executable
 * @throws Error with the bundler's words when it fails
 */
export async function buildPage(deno: string = Deno.execPath()): Promise<Page> {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-page-" });
  try {
    await bundle(deno, dir);
    const files = new Map<string, PageFile>();
    for await (const { name } of Deno.readDir(dir)) {
      if (name.endsWith(".js") && name !== "main.js") {
        files.set(
          `/assets/${name}`,
          await pageFile(await Deno.readFile(`${dir}/${name}`), "text/javascript"),
        );
      }
    }
    const script = await Deno.readFile(`${dir}/main.js`);
    const style = new TextEncoder().encode(await readStyle());
    const icon = await Deno.readFile(new URL("icon.svg", PAGE));
    const scriptPath = `/assets/main-${digest(script)}.js`;
    const stylePath = `/assets/style-${digest(style)}.css`;
    files.set(scriptPath, await pageFile(script, "text/javascript"));
    files.set(stylePath, await pageFile(style, "text/css"));
    files.set("/assets/icon.svg", await pageFile(icon, "image/svg+xml"));
    for (const [name, source] of Object.entries(FONTS)) {
      const font = await Deno.readFile(new URL(import.meta.resolve(source)));
      files.set(`/assets/${name}`, await pageFile(font, "font/woff2"));
    }
    const template = await Deno.readTextFile(new URL("index.html", PAGE));
    const document = template.replace("{{script}}", scriptPath).replace("{{style}}", stylePath);
    return { files, document: (nonce) => document.replace("{{nonce}}", nonce) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function bundle(deno: string, outDir: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(deno, {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--minify", "--code-splitting"],
      ...["--outdir", outDir, fileURLToPath(new URL(ENTRY, PAGE))],
    ],
    // The project's configuration is found from here, regardless of the working directory.
    cwd: fileURLToPath(PAGE),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`The page cannot be built: ${new TextDecoder().decode(stderr).trim()}`);
}

async function readStyle(): Promise<string> {
  return `${chartStyle}\n${await Deno.readTextFile(new URL("style.css", PAGE))}`;
}

async function pageFile(body: Uint8Array<ArrayBuffer>, contentType: string): Promise<PageFile> {
  const compressed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzipped = new Uint8Array(await new Response(compressed).arrayBuffer());
  const charset = contentType.startsWith("font/") ? "" : "; charset=utf-8";
  return { contentType: contentType + charset, body, gzipped };
}

function digest(bytes: Uint8Array): string {
  return sha256(bytes).slice(0, 12);
}
