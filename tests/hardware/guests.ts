/** The two guests: a processor, a board with hardware on it, and what runs there. */
import type { Architecture } from "../../operator/release/platforms.ts";
import type { DebianArchitecture } from "../arm/emulation.ts";
import type { Program } from "../support/programs.ts";

export interface Guest {
  readonly title: string;
  readonly scenario: URL;
  readonly architecture: Architecture;
  readonly debian: DebianArchitecture;
  /** Besides the kernel, and what Deno loads. */
  readonly packages: readonly string[];
  /** Where the packages have the C library, and the program that loads it. */
  readonly libraries: string;
  readonly loader: string;
  /** Files of the packages, with the paths that they get in the guest. */
  readonly files: Readonly<Record<string, string>>;
  /** Of the kernel, with their options, in the order in which they are loaded. */
  readonly modules: readonly (readonly [name: string, ...options: string[]])[];
  readonly qemu: Program;
  readonly machine: readonly string[];
  /** What the kernel is told. */
  readonly kernelLine: string;
}

/** With a PL061: 8 GPIO lines. */
const GPIO: Guest = {
  title: "GPIO, arm64 under full emulation",
  scenario: new URL("./inside/gpio.ts", import.meta.url),
  architecture: "aarch64",
  debian: "arm64",
  packages: [],
  libraries: "lib/aarch64-linux-gnu",
  loader: "lib/ld-linux-aarch64.so.1",
  files: {},
  modules: [],
  qemu: "qemu-system-aarch64",
  machine: ["-machine", "virt", "-cpu", "cortex-a53", "-accel", "tcg,thread=multi"],
  // The registers of the chip can be read past its driver, as somebody with a voltmeter would.
  kernelLine: "console=ttyAMA0 iomem=relaxed",
};

/** With a made-up SMBus, which has memories at three addresses. Perl: nodes have the kernel's walls here. */
const I2C: Guest = {
  title: "I2C and kernel sensors, x86_64",
  scenario: new URL("./inside/i2c.ts", import.meta.url),
  architecture: "x86_64",
  debian: "amd64",
  packages: ["perl-base", "libcrypt1"],
  libraries: "lib/x86_64-linux-gnu",
  loader: "lib64/ld-linux-x86-64.so.2",
  files: { "usr/bin/perl": "bin/perl" },
  modules: [["i2c-dev"], ["i2c-stub", "chip_addr=0x48,0x50,0x51"], ["lm75"]],
  qemu: "qemu-system-x86_64",
  // Emulated even where there is /dev/kvm: the same everywhere, and some machines have one that hangs.
  machine: ["-machine", "q35", "-cpu", "max", "-accel", "tcg,thread=multi"],
  kernelLine: "console=ttyS0",
};

export const GUESTS: readonly Guest[] = [GPIO, I2C];
