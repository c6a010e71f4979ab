/** Turns the operator's request into the desired state of the device. Files are read and checked before they are sent. */
import { basename, join } from "@std/path";
import { runnerFile } from "../release/bundle.ts";
import { fetchDeno } from "../release/deno_binary.ts";
import { sha256Of } from "../../protocol/hash.ts";
import { packPackage } from "../release/npm_package.ts";
import { DENO_VERSION } from "../release/deno_version.ts";
import { type Architecture, architectureOf } from "../release/platforms.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readTextFile } from "../../protocol/config/text_file.ts";
import type { Environment, Flag } from "../../protocol/config/flag.ts";
import { parseCommandLine, type RunnerConfig } from "../../runner/config.ts";
import { FLAGS } from "../../runner/flags.ts";
import { parsePolicy } from "../../runner/policy/parse.ts";
import { allDevices } from "../../runner/policy/policy.ts";
import { deviceAccess } from "../release/device_access.ts";
import { type Devices, NO_DEVICES } from "../../protocol/devices/devices.ts";
import { PYODIDE_PACKAGE, PYODIDE_VERSION } from "../../protocol/packages/python/release.ts";
import type { Argument, Shipment, Wish } from "./desired.ts";
import type { Scope } from "./layout.ts";
import { isFile } from "../../protocol/deno_executable.ts";

/** Flags of the runner that take a file, with the file's name on the device. */
const FILE_FLAGS: ReadonlyMap<Flag, string> = new Map<Flag, string>([
  [FLAGS.ca, "ca.pem"],
  [FLAGS.cert, "cert.pem"],
  [FLAGS.key, "key.pem"],
  [FLAGS.passwordFile, "password"],
  [FLAGS.policy, "policy.json"],
  [FLAGS.pyodide, "pyodide.tgz"],
  [FLAGS.trust, "trust.json"],
  [FLAGS.secrets, "secrets.json"],
]);
/** Flags that deploy sets itself, or that make no sense for a running node. */
export const FLAGS_OF_DEPLOY: readonly Flag[] = [
  FLAGS.name,
  FLAGS.node,
  FLAGS.stateDir,
  FLAGS.workDir,
  FLAGS.deno,
  FLAGS.test,
  FLAGS.version,
  FLAGS.help,
];

/** The runner's flags as they go to the device, with the files they name. */
export interface RunnerFlags {
  readonly args: readonly Argument[];
  /** Name on the device, and path on this machine. */
  readonly files: readonly { readonly name: string; readonly source: string }[];
  /** The parsed flags, with paths on this machine. */
  readonly config: RunnerConfig;
}

/**
 * Reads flags of the runner, given as `--flag value` or `--flag=value`. Pure.
 * @throws ConfigError for anything the runner would reject on the device
 */
export function readRunnerFlags(args: readonly string[]): RunnerFlags {
  const request = parseCommandLine([...args], {}, "000000");
  const given = splitFlags(args);
  const own = given.find(({ flag }) => FLAGS_OF_DEPLOY.includes(flag));
  if (own !== undefined || request.kind !== "run") {
    throw new ConfigError(`--${own?.flag.name} cannot be set for a deployed node: leave it out`);
  }
  const files: { name: string; source: string }[] = [];
  const sent = given.flatMap(({ flag, value }): Argument[] => {
    const name = FILE_FLAGS.get(flag);
    if (flag.value === undefined) return [{ text: `--${flag.name}` }];
    if (name === undefined) return [{ text: `--${flag.name}` }, { text: value }];
    files.push({ name, source: value });
    return [{ text: `--${flag.name}` }, { file: name }];
  });
  return { args: sent, files, config: request.config };
}

function splitFlags(args: readonly string[]): { readonly flag: Flag; readonly value: string }[] {
  const known: readonly Flag[] = Object.values(FLAGS);
  const found = new Map<Flag, string>();
  for (let at = 0; at < args.length; at++) {
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(args[at] ?? "") ?? [];
    const flag = known.find((candidate) => candidate.name === name);
    // Unreachable: the runner's own parser has accepted these flags.
    if (flag === undefined) throw new ConfigError(`unknown argument '${args[at]}'`);
    const takesNext = flag.value !== undefined && inline === undefined;
    found.set(flag, inline ?? (takesNext ? args[++at] ?? "" : ""));
  }
  return [...found].map(([flag, value]) => ({ flag, value }));
}

/** Where the programs come from. */
export interface Sources {
  /** The runner as one file; `undefined`: the one beside this program, else bundled from its sources. */
  readonly runner: string | undefined;
  /** Deno for the device; `undefined`: this program's own if it fits, else from the registry. */
  readonly deno: string | undefined;
  /** Sets where the registry is. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  readonly cacheDir: string;
  readonly report: (message: string) => void;
}

/** @throws ConfigError for a file that cannot be read */
export async function makeWish(
  { node, scope, flags }: { readonly node: string; readonly scope: Scope; readonly flags: RunnerFlags },
  architecture: Architecture,
  sources: Sources,
): Promise<Wish> {
  const { args, files } = await withPython(flags, sources);
  const [runner, deno, ...config] = await Promise.all([
    ownRunner(sources).then((path) => shipment("agentflow-node.js", path)),
    denoFile(architecture, sources).then((path) => shipment("deno", path)),
    ...files.map(({ name, source }) => shipment(name, source)),
  ]);
  return {
    node,
    scope,
    args,
    runner,
    deno,
    config,
    devices: deviceAccess(await devicesOf(flags.config.policy)),
  };
}

/** @throws ConfigError PolicyError */
async function devicesOf(policy: string | undefined): Promise<Devices> {
  if (policy === undefined) return NO_DEVICES;
  try {
    return allDevices(parsePolicy(await readTextFile(policy), policy));
  } catch (error) {
    throw new ConfigError(`policy '${policy}' cannot be used: ${(error as Error).message}`);
  }
}

/** Adds the Python runtime if it was requested: a device needs no internet. */
async function withPython(
  { args, files, config }: RunnerFlags,
  sources: Sources,
): Promise<Pick<RunnerFlags, "args" | "files">> {
  const { cacheDir, report } = sources;
  if (!config.python.prefetch || config.python.archive !== undefined) return { args, files };
  const source = join(cacheDir, `pyodide-${PYODIDE_VERSION}.tgz`);
  if (!await isFile(source)) {
    report(`Fetching Python (npm:pyodide@${PYODIDE_VERSION})`);
    await fetchPython(source, sources);
  }
  const name = FILE_FLAGS.get(FLAGS.pyodide) ?? "";
  return {
    args: [...args, { text: `--${FLAGS.pyodide.name}` }, { file: name }],
    files: [...files, { name, source }],
  };
}

async function fetchPython(archive: string, { env, cacheDir, signal }: Sources): Promise<void> {
  const draft = await Deno.makeTempDir({ dir: cacheDir, prefix: "fetch-" });
  try {
    const packed = join(draft, "pyodide.tgz");
    await packPackage(PYODIDE_PACKAGE, packed, draft, env, signal ?? new AbortController().signal);
    // Renamed only once it is complete.
    await Deno.rename(packed, archive);
  } catch (error) {
    signal?.throwIfAborted();
    throw new ConfigError(
      `Cannot fetch Python (npm:pyodide@${PYODIDE_VERSION}): ${
        (error as Error).message
      }: connect this machine ` +
        "to the npm registry (set another one with $NPM_CONFIG_REGISTRY or ~/.npmrc), or name the package with " +
        "-- --pyodide FILE",
    );
  } finally {
    await Deno.remove(draft, { recursive: true });
  }
}

async function ownRunner({ runner, cacheDir, report }: Sources): Promise<string> {
  return runner ?? await runnerFile(join(cacheDir, "agentflow-node.js"), report);
}

async function denoFile(
  architecture: Architecture,
  { deno, env, signal, cacheDir, report }: Sources,
): Promise<string> {
  if (deno !== undefined) return deno;
  return ownDeno(architecture) ??
    await fetchDeno(architecture, { cacheDir, env, signal, onProgress: report });
}

/** The Deno that runs this program, if the device can run it too. */
function ownDeno(architecture: Architecture): string | undefined {
  if (Deno.build.standalone || basename(Deno.execPath()) !== "deno") return undefined;
  const own = architectureOf({
    system: Deno.build.os === "linux" ? "Linux" : Deno.build.os,
    machine: Deno.build.arch,
    libc: Deno.build.env === "gnu" ? "glibc 2.99" : "another",
  });
  const fits = "architecture" in own && own.architecture === architecture &&
    Deno.version.deno === DENO_VERSION;
  return fits ? Deno.execPath() : undefined;
}

async function shipment(name: string, source: string): Promise<Shipment> {
  try {
    return { name, source, hash: await sha256Of(source), bytes: (await Deno.stat(source)).size };
  } catch (error) {
    throw new ConfigError(`Cannot read '${source}': ${(error as Error).message}`);
  }
}
