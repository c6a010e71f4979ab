/** Starts a device host: Deno with access to nothing but the C library, confined by the kernel to one device node. */
import { dirname, join, relative } from "@std/path";
import type { HostProcess } from "./devices/host_client.ts";
import type { Place } from "./devices/place.ts";
import { makeCaches } from "./process/deno_dir.ts";
import { writeHarness } from "./process/harness_files.ts";
import { deviceHostWalls } from "./process/walls/plan.ts";
import type { Wrappers } from "./process/wrapper.ts";

export interface DeviceHostParts {
  /** Deno's executable. */
  readonly deno: string;
  /** Absolute. */
  readonly workDir: string;
  readonly denoDir: string;
  readonly wrappers: Wrappers;
}

const FLAGS = [
  ...["run", "--quiet", "--no-prompt", "--no-config", "--no-check", "--no-remote", "--no-npm", "--no-lock"],
  ...["--ignore-env", "--allow-ffi", "--v8-flags=--max-old-space-size=32,--max-semi-space-size=1"],
  ...["net", "run", "sys", "read", "write"].map((kind) => `--deny-${kind}`),
];
const OPEN_FILES = 256;

export async function startDeviceHost(
  { kind, path }: Pick<Place, "kind" | "path">,
  { deno, workDir, denoDir, wrappers }: DeviceHostParts,
): Promise<HostProcess> {
  // Loaded lazily: only needed on nodes with devices.
  const { DEVICE_HOST } = await import("./devices/host_source.ts");
  const entry = await writeHarness(workDir, DEVICE_HOST);
  const program = join(workDir, relative(workDir, dirname(entry)).split("/")[0] ?? "");
  await makeCaches(denoDir);
  const walls = wrappers.plan((machine) => deviceHostWalls({ program, denoDir, device: path }, machine));
  const [command = deno, ...args] = [
    ...wrappers.with({ fileBytes: undefined, openFiles: OPEN_FILES }, walls),
    deno,
    ...FLAGS,
    entry,
    kind,
    path,
  ];
  const child = new Deno.Command(command, {
    args,
    // Ctrl-C in the runner's terminal is not for it: it ends after the runner.
    detached: true,
    clearEnv: true,
    env: { DENO_DIR: denoDir, PATH: Deno.env.get("PATH") ?? "" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  let isOpen = true;
  const close = () => writer.close().catch(() => {});
  const ended = child.status.then(() => {
    isOpen = false;
    return close();
  });
  return {
    send(line) {
      if (isOpen) writer.write(new TextEncoder().encode(line)).catch(() => {});
      return isOpen;
    },
    lines: linesOf(child.stdout),
    end: async () => {
      await close();
      await ended;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
