/** Chooses a wheel for every requested package and for their dependencies. */
import { isProvided } from "../../../protocol/devices/instead.ts";
import { InstallError } from "../../../protocol/packages/install_error.ts";
import { digest } from "../seal.ts";
import { markerHolds } from "./marker.ts";
import { PLATFORM, PYTHON_VERSION } from "../../../protocol/packages/python/release.ts";
import { parseRequirement, type Requirement } from "../../../protocol/packages/python/requirement.ts";
import type { Candidate, Source } from "./sources.ts";
import {
  compareVersions,
  isInRange,
  namesPrerelease,
  parseVersion,
} from "../../../protocol/packages/python/version.ts";
import { type Metadata, readMetadata } from "./wheel.ts";

/** A chosen and fetched wheel. */
export interface Chosen {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  readonly origin: string;
}

/** Where chosen wheels go, and their size limit. */
export interface Shelf {
  /** Limit for all wheels together. */
  readonly maxBytes: number;
  keep(file: string, bytes: Uint8Array): Promise<void>;
}

/** The metadata of a wheel. */
interface Fetched {
  readonly chosen: Chosen;
  readonly metadata: Metadata;
}

interface Wanted extends Requirement {
  /** The requirer, for messages. */
  readonly by: string;
}

const MAX_PACKAGES = 200;
const PYTHON = parseVersion(PYTHON_VERSION);

/**
 * Takes the newest version of each package that fits all requirements so far. It does not backtrack: if a later
 * requirement does not fit, the error names both packages, and the author can add a range to `install`.
 * @throws InstallError with the reason
 */
export async function resolvePackages(
  requirements: readonly Requirement[],
  sources: readonly Source[],
  shelf: Shelf,
  signal: AbortSignal,
): Promise<Chosen[]> {
  const chosen = new Map<string, Fetched>();
  let room = shelf.maxBytes;
  const fetchFor = async (name: string, candidate: Candidate) => {
    const fetched = await fetchChecked(name, candidate, room, signal);
    room -= fetched.bytes.length;
    await shelf.keep(fetched.chosen.file, fetched.bytes);
    return { chosen: fetched.chosen, metadata: fetched.metadata };
  };
  const extras = new Map<string, Set<string>>();
  const ranges = new Map<string, Wanted[]>();
  const queue: Wanted[] = requirements.map((requirement) => ({ ...requirement, by: "the agent" }));
  // The agent's own version ranges apply from the start, whichever requirement comes first.
  for (const wanted of queue) add(ranges, wanted);
  for (let wanted = queue.shift(); wanted !== undefined; wanted = queue.shift()) {
    const { name } = wanted;
    if (isProvided(name)) continue;
    if (wanted.by !== "the agent") add(ranges, wanted);
    const known = chosen.get(name);
    if (known !== undefined) refuseConflict(known.chosen, wanted);
    const had = extras.get(name) ?? new Set<string>();
    const isNew = known === undefined || wanted.extras.some((extra) => !had.has(extra));
    wanted.extras.forEach((extra) => had.add(extra));
    extras.set(name, had);
    if (!isNew) continue;
    const wheel = known ??
      await fetchFor(name, await choose(name, ranges.get(name) ?? [], sources, signal));
    chosen.set(name, wheel);
    if (chosen.size > MAX_PACKAGES) throw new InstallError(`more than ${MAX_PACKAGES} packages are needed`);
    queue.push(...requirementsOf(wheel, [...had]));
  }
  return Array.from(chosen.values(), ({ chosen }) => chosen);
}

function add(ranges: Map<string, Wanted[]>, wanted: Wanted): void {
  ranges.set(wanted.name, [...ranges.get(wanted.name) ?? [], wanted]);
}

function refuseConflict(known: Chosen, { name, range, by }: Wanted): void {
  const version = parseVersion(known.version);
  if (version !== undefined && isInRange(version, range)) return;
  throw new InstallError(
    `${by} needs '${name}${range}', and ${known.version} has been chosen already: name a version of '${name}' that ` +
      "suits all in install",
  );
}

async function choose(
  name: string,
  wanted: readonly Wanted[],
  sources: readonly Source[],
  signal: AbortSignal,
): Promise<Candidate> {
  const others: string[] = [];
  let isKnown = false;
  for (const source of sources) {
    const offer = await source.find(name, signal);
    if (offer === undefined) continue;
    isKnown = true;
    others.push(...offer.others);
    const best = newest(offer.candidates, wanted);
    if (best !== undefined) return best;
    others.push(...offer.candidates.map(({ file }) => file));
  }
  throw new InstallError(isKnown ? unfit(name, wanted, others) : unknown(name, wanted));
}

function newest(candidates: readonly Candidate[], wanted: readonly Wanted[]): Candidate | undefined {
  const mayBePrerelease = wanted.some(({ range }) => namesPrerelease(range));
  const fitting = candidates.filter(({ wheel: { version }, requiresPython }) =>
    wanted.every(({ range }) => isInRange(version, range)) &&
    (mayBePrerelease || !version.isPrerelease) &&
    (requiresPython === undefined || PYTHON === undefined || isInRange(PYTHON, requiresPython))
  );
  // For the same version, a wheel without machine code loads faster.
  return fitting.toSorted((a, b) =>
    compareVersions(b.wheel.version, a.wheel.version) || Number(b.wheel.isPure) - Number(a.wheel.isPure)
  )[0];
}

async function fetchChecked(
  name: string,
  candidate: Candidate,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Fetched & { readonly bytes: Uint8Array }> {
  const { file, wheel, origin } = candidate;
  const bytes = await candidate.fetch(maxBytes, signal);
  const sha256 = await digest(bytes);
  if (candidate.sha256 !== undefined && candidate.sha256.toLowerCase() !== sha256) {
    throw new InstallError(
      `integrity mismatch: ${origin} has the SHA-256 ${sha256}, not ${candidate.sha256}`,
    );
  }
  const chosen = { name, version: wheel.version.text, file, sha256, origin };
  try {
    return { chosen, metadata: await readMetadata(bytes), bytes };
  } catch (error) {
    throw unusable(chosen, error);
  }
}

function unusable({ file }: Chosen, error: unknown): InstallError {
  return new InstallError(`${file} cannot be used: ${(error as Error).message}`, { cause: error });
}

function requirementsOf({ chosen, metadata }: Fetched, extras: readonly string[]): Wanted[] {
  const by = `${chosen.name} ${chosen.version}`;
  try {
    const { requires, requiresPython } = metadata;
    if (requiresPython !== undefined && PYTHON !== undefined && !isInRange(PYTHON, requiresPython)) {
      throw new Error(`it is for Python ${requiresPython}, this is ${PYTHON_VERSION}`);
    }
    return requires.flatMap((text) => {
      const requirement = parseRequirement(text);
      if (requirement === undefined) {
        throw new Error(`it asks for ${JSON.stringify(text)}, which cannot be read`);
      }
      const { marker } = requirement;
      return marker === undefined || markerHolds(marker, extras) ? [{ ...requirement, by }] : [];
    });
  } catch (error) {
    throw unusable(chosen, error);
  }
}

function unknown(name: string, wanted: readonly Wanted[]): string {
  return `package not found: '${name}', which ${
    wanted[0]?.by ?? "the agent"
  } needs, is in none of the sources`;
}

function unfit(name: string, wanted: readonly Wanted[], files: readonly string[]): string {
  const ranges = wanted.map(({ range }) => range).filter((range) => range !== "").join(",");
  const few = files.slice(-3).join(", ");
  return `'${name}${ranges}', which ${
    wanted[0]?.by ?? "the agent"
  } needs, has no wheel that runs here: agents need one ` +
    `without machine code (*-none-any.whl) or one built for ${PLATFORM}. ` +
    (few === "" ? "It has no files at all" : `It has: ${few}`);
}
