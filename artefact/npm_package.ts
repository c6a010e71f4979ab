/** Packages as the npm registry hands them over, checked against what they must be. */
import { createHash } from "node:crypto";

/** A package cannot be had; the message says why. */
export class NpmPackageError extends Error {
  override name = "NpmPackageError";
}

/** One version of a package. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As the registry and lock files write it: `sha512-…`. */
  readonly integrity: string;
}

const REGISTRY = "https://registry.npmjs.org";

/**
 * @param registry address of another one
 * @returns the archive (.tgz)
 * @throws NpmPackageError
 */
export async function downloadPackage(
  { name, version, integrity }: NpmPackage,
  registry = REGISTRY,
): Promise<Uint8Array> {
  const file = `${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
  const url = `${registry.replace(/\/$/, "")}/${name}/-/${file}`;
  const bytes = await read(url);
  const found = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (found === integrity) return bytes;
  throw new NpmPackageError(`${url} is not what it must be: its integrity is ${found}, not ${integrity}`);
}

async function read(url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    if (response.ok) return await response.bytes();
    await response.body?.cancel();
    throw new Error(`the registry answers ${response.status}`);
  } catch (error) {
    throw new NpmPackageError(
      `Cannot fetch ${url}: ${(error as Error).message}: connect this machine to the registry ` +
        "($NPM_CONFIG_REGISTRY names another)",
    );
  }
}
