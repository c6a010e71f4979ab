/** A runner that a node is to run: a new one sent over the bus, or one that it still has. Pure except for hashing. */
import { ExpectedError } from "./expected_error.ts";
import { gunzipSync, gzipSync } from "node:zlib";
import * as v from "valibot";
import { sha256 } from "./hash.ts";
import { isJsonObject } from "./json.ts";

/** The package cannot be used; the message is for the operator. */
export class UpgradeError extends ExpectedError {
  override name = "UpgradeError";
  override readonly code = "usage";
}

/** Larger than any runner, but small enough for a small device. */
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;
const DEFAULT_TRIAL_SECONDS = 60;

const TrialSchema = v.optional(
  v.pipe(v.number(), v.minValue(5, "must be from 5 to 3600"), v.maxValue(3600, "must be from 5 to 3600")),
  DEFAULT_TRIAL_SECONDS,
);

const PackageSchema = v.object({
  version: v.pipe(v.string(), v.regex(/^[\w.+-]{1,64}$/, "must be a version such as 1.2.3")),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")),
  bundle: v.pipe(v.string(), v.base64("must be base64")),
  trial_seconds: TrialSchema,
});

const KeptSchema = v.object({
  release: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]{0,63}$/, "must be the name of a release")),
  trial_seconds: TrialSchema,
});

/** A runner in one file, and the length of its trial. */
export interface UpgradePackage {
  readonly version: string;
  /** Its name on disk: a prefix of the hash, so that the same runner is the same release everywhere. */
  readonly release: string;
  readonly source: Uint8Array;
  readonly trialSeconds: number;
}

/** A release that the node has had before, and the length of its trial. */
export interface KeptRelease {
  readonly release: string;
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

/**
 * @param json as for `readPackage`, or `{release, trial_seconds?}`
 * @throws UpgradeError
 */
export function readUpgrade(json: unknown): UpgradePackage | KeptRelease {
  if (!isJsonObject(json) || json.release === undefined) return readPackage(json);
  const parsed = v.safeParse(KeptSchema, json);
  if (parsed.success) return { release: parsed.output.release, trialSeconds: parsed.output.trial_seconds };
  const [issue] = parsed.issues;
  throw new UpgradeError(`${v.getDotPath(issue) ?? "the payload"} ${issue.message}`);
}

function unpack(bundle: string): Uint8Array {
  try {
    return gunzipSync(Uint8Array.fromBase64(bundle), { maxOutputLength: MAX_BUNDLE_BYTES });
  } catch (error) {
    throw new UpgradeError(`the bundle cannot be unpacked: ${(error as Error).message}`);
  }
}
