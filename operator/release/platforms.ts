/** The platforms that can run a node: those that Deno publishes a build for. Pure. */
import { DENO_VERSION } from "./deno_version.ts";

export const ARCHITECTURES = ["x86_64", "aarch64"] as const;
/** As `uname -m` prints it. */
export type Architecture = (typeof ARCHITECTURES)[number];

/** Deno's build for an architecture, as published on npm. */
export interface DenoPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the package's archive. */
  readonly integrity: string;
}

export const DENO_PACKAGES: Readonly<Record<Architecture, DenoPackage>> = {
  x86_64: {
    name: "@deno/linux-x64-glibc",
    version: DENO_VERSION,
    integrity:
      "sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==",
  },
  aarch64: {
    name: "@deno/linux-arm64-glibc",
    version: DENO_VERSION,
    integrity:
      "sha512-poqhoH9B3nYloigEMPT5t8HY+wBeiuea1An5Q7fqgJzP0SYmWsoS/oUnWO/pEiA4ofzIBy1Elt/in58xKtxEoQ==",
  },
};

const OTHER_NAMES: Readonly<Record<string, Architecture>> = { amd64: "x86_64", arm64: "aarch64" };

/** The oldest glibc that Deno's builds run with. */
const MIN_GLIBC: readonly [number, number] = [2, 27];

/** What we know about a machine. */
export interface Machine {
  /** `uname -s` */
  readonly system: string;
  /** `uname -m` */
  readonly machine: string;
  /** `glibc 2.36`, `musl`, or whatever the probe found. */
  readonly libc: string;
  /** Word size of its programs, if known: a 64-bit kernel may run a 32-bit system. */
  readonly bits?: number | undefined;
}

/** The machine's architecture, or why it cannot run a node. */
export function architectureOf(
  { system, machine, libc, bits }: Machine,
): { readonly architecture: Architecture } | { readonly problem: string } {
  if (system !== "Linux") return { problem: `it runs ${system}: nodes are deployed to Linux` };
  const architecture = ARCHITECTURES.find((known) => known === machine) ?? OTHER_NAMES[machine];
  if (/^(armv[5-8]l?|arm|armhf)$/.test(machine) || (architecture === "aarch64" && bits === 32)) {
    return {
      problem: `it is 32-bit ARM (${machine}), which Deno has no build for: install a 64-bit system, ` +
        "which a Raspberry Pi 3, 4, 5 and Zero 2 can run (the Pi 1, 2 and Zero cannot)",
    };
  }
  if (architecture === undefined || bits === 32) {
    return { problem: `Deno has no build for its processor (${machine}): it must be x86_64 or aarch64` };
  }
  const glibc = /^glibc (\d+)\.(\d+)/.exec(libc);
  if (glibc === null) {
    return { problem: `its C library is ${libc || "unknown"}: Deno's build needs glibc, as Debian has it` };
  }
  const [major, minor] = [Number(glibc[1]), Number(glibc[2])];
  if (major < MIN_GLIBC[0] || (major === MIN_GLIBC[0] && minor < MIN_GLIBC[1])) {
    return { problem: `its ${libc} is too old: Deno's build needs glibc ${MIN_GLIBC.join(".")} or later` };
  }
  return { architecture };
}
