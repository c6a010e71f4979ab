/** Makes the release archive for one architecture: everything a device needs. The same inputs produce the same bytes. */
import { createGzip } from "node:zlib";
import { pipeline } from "node:stream/promises";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { join } from "@std/path";
import { sha256Of } from "../../protocol/hash.ts";
import type { Architecture } from "./platforms.ts";
import { tar, type TarEntry } from "./tar.ts";

const ROOT = new URL("../../", import.meta.url);

export interface ReleaseParts {
  readonly version: string;
  readonly architecture: Architecture;
  /** The bundled runner. */
  readonly runner: string;
  /** Deno's executable for the architecture. */
  readonly deno: string;
  readonly outputDir: string;
  /** Modification time of every file, seconds since the epoch. */
  readonly mtimeSeconds: number;
}

/** @returns path of the archive */
export async function makeRelease(parts: ReleaseParts): Promise<string> {
  const { version, architecture, runner, deno, outputDir, mtimeSeconds } = parts;
  const name = `agentflow-node-${version}-linux-${architecture}`;
  const project = (path: string) => fileURLToPath(new URL(path, ROOT));
  // Sorted by name.
  const files = [
    { name: "LICENSE", mode: 0o644, source: project("LICENSE") },
    { name: "LICENSE.deno", mode: 0o644, source: project("scripts/release/LICENSE.deno") },
    { name: "README.md", mode: 0o644, source: project("scripts/release/README.md") },
    { name: "agentflow-node.js", mode: 0o644, source: runner },
    { name: "agentflow-node.service", mode: 0o644, source: project("scripts/agentflow-node.service") },
    { name: "deno", mode: 0o755, source: deno },
  ];
  const sums = await Promise.all(files.map(async (file) => `${await sha256Of(file.source)}  ${file.name}\n`));
  const entries: TarEntry[] = [
    ...files.map(({ name: file, mode, source }): TarEntry => ({
      kind: "file",
      path: `${name}/${file}`,
      mode,
      source,
    })),
    {
      kind: "bytes",
      path: `${name}/SHA256SUMS`,
      mode: 0o644,
      bytes: new TextEncoder().encode(sums.join("")),
    },
  ];
  await Deno.mkdir(outputDir, { recursive: true });
  const path = join(outputDir, `${name}.tar.gz`);
  const temporary = `${path}.${crypto.randomUUID()}`;
  // The gzip header contains no time and no name.
  await pipeline(
    Readable.from(tar(entries, mtimeSeconds)),
    createGzip({ level: 9 }),
    createWriteStream(temporary),
  );
  await Deno.rename(temporary, path);
  return path;
}
