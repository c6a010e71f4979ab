/** A new runner received over the bus: parses it and checks its hash. Pure except for hashing. */
import { ExpectedError } from "./expected_error.ts";
import { gunzipSync, gzipSync } from "node:zlib";
import * as v from "valibot";
import { sha256 } from "./hash.ts";

/** The package cannot be used; the message is for the operator. */
export class UpgradeError extends ExpectedError {
  override name = "UpgradeError";
  override readonly code = "usage";
}

/** Larger than any runner, but small enough for a small device. */
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;
const DEFAULT_TRIAL_SECONDS = 60;

const PackageSchema = v.object({
  version: v.pipe(v.string(), v.regex(/^[\w.+-]{1,64}$/, "must be a version such as 1.2.3")),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")),
  bundle: v.pipe(v.string(), v.base64("must be base64")),
  trial_seconds: v.optional(
    v.pipe(v.number(), v.minValue(5, "must be from 5 to 3600"), v.maxValue(3600, "must be from 5 to 3600")),
    DEFAULT_TRIAL_SECONDS,
  ),
});

/** A runner in one file, and the length of its trial. */
export interface UpgradePackage {
  readonly version: string;
  /** Its name on disk: a prefix of the hash, so that the same runner is the same release everywhere. */
  readonly release: string;
  readonly source: Uint8Array;
  readonly trialSeconds: number;
}

/** Encodes the runner for the command. */
export function packRunner(
  source: Uint8Array,
  version: string,
  trialSeconds: number = DEFAULT_TRIAL_SECONDS,
): Readonly<Record<string, unknown>> {
  return {
    version,
    sha256: sha256(source),
    bundle: gzipSync(source).toBase64(),
    trial_seconds: trialSeconds,
  };
}

/** The name under which a runner is stored. */
export function releaseOf(source: Uint8Array): string {
  return sha256(source).slice(0, 16);
}

/**
 * @param json `{version, sha256, bundle, trial_seconds?}`; `bundle` is the gzipped file in base64, `sha256` the hash
 * of the file itself
 * @throws UpgradeError
 */
export function readPackage(json: unknown): UpgradePackage {
  const parsed = v.safeParse(PackageSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UpgradeError(`${v.getDotPath(issue) ?? "the payload"} ${issue.message}`);
  }
  const { version, sha256: expected, bundle, trial_seconds: trialSeconds } = parsed.output;
  const source = unpack(bundle);
  if (sha256(source) !== expected) throw new UpgradeError("the bundle is not the one that sha256 stands for");
  return { version, release: releaseOf(source), source, trialSeconds };
}

function unpack(bundle: string): Uint8Array {
  try {
    return gunzipSync(Uint8Array.fromBase64(bundle), { maxOutputLength: MAX_BUNDLE_BYTES });
  } catch (error) {
    throw new UpgradeError(`the bundle cannot be unpacked: ${(error as Error).message}`);
  }
}
