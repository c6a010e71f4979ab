/** Maps the modules that a Python agent imports to packages. Pure. */
import { PROVIDED_MODULES } from "../../../protocol/devices/instead.ts";
import { InstallError } from "../../../protocol/packages/install_error.ts";
import { normaliseName, parseEntry } from "../../../protocol/packages/python/requirement.ts";
import type { PythonLook } from "./look.ts";

/** Modules for the device's hardware whose package has a different name. */
const DEVICE_MODULES: Readonly<Record<string, string>> = {
  serial: "pyserial",
  usb: "pyusb",
  bluetooth: "pybluez",
  analogio: "adafruit-analogio",
};

/** The known packages: those built by the makers of the interpreter. */
export interface KnownPackages {
  readonly packages: Readonly<
    Record<string, { readonly imports: readonly string[]; readonly depends: readonly string[] }>
  >;
}

export interface PackageVerdict {
  readonly problems: readonly { readonly message: string; readonly line: number; readonly column: number }[];
  readonly notes: readonly string[];
  /** Entries that seem to be missing from `install`. */
  readonly missing: readonly string[];
}

/**
 * @param install as in a spawn config
 * @throws InstallError for an invalid entry
 */
export function judgeImports(
  imports: PythonLook["imports"],
  install: readonly string[],
  known: KnownPackages,
): PackageVerdict {
  const bringing = bringers(known);
  const installed = withDependencies(install.map((entry) => parseEntry(entry).name), known);
  const modules = new Set(imports.map(({ module }) => module));
  // The modules in these packages are unknown here.
  const unknown = [...installed].filter((name) => !(name in known.packages) && !modules.has(name));
  const problems: { message: string; line: number; column: number }[] = [];
  const notes: string[] = [];
  const missing = new Set<string>();
  for (const { module, path, guarded, line, column } of imports) {
    if (PROVIDED_MODULES.includes(module)) continue;
    const candidates = [...bringing.get(module) ?? [], packageOf(module)];
    if (candidates.some((name) => installed.has(name))) continue;
    const refusal = refusalOf(
      DEVICE_MODULES[module] ?? (module.startsWith("adafruit_") ? packageOf(module) : path),
    );
    const entry = `pypi:${candidates[0]}`;
    if (guarded) {
      notes.push(
        `line ${line}: may import '${module}', which needs ${entry} in install`,
      );
    } else if (refusal !== undefined) {
      problems.push({ message: refusal, line, column });
    } else if (unknown.length > 0) {
      notes.push(`line ${line}: whether ${unknown.join(" or ")} provides '${module}' is not known`);
    } else {
      missing.add(entry);
      const message =
        `No module named '${module}': it is neither in the standard library nor in install; add ${entry}`;
      problems.push({ message, line, column });
    }
  }
  return { problems, notes, missing: [...missing] };
}

/** The package that a module is probably in. */
function packageOf(module: string): string {
  const driver = /^adafruit_(.+)$/.exec(module)?.[1];
  return driver === undefined
    ? normaliseName(module)
    : `adafruit-circuitpython-${driver.replaceAll("_", "")}`;
}

function bringers({ packages }: KnownPackages): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, { imports }] of Object.entries(packages)) {
    for (const module of imports) found.set(module, [...found.get(module) ?? [], normaliseName(name)]);
  }
  return found;
}

function withDependencies(names: readonly string[], { packages }: KnownPackages): Set<string> {
  const all = new Set(names);
  // Iterating over a set includes entries added during the iteration.
  for (const name of all) packages[name]?.depends.forEach((other) => all.add(normaliseName(other)));
  return all;
}

/** Why no agent can use the module, judged by its name alone; `undefined` if the name is allowed. */
function refusalOf(module: string): string | undefined {
  try {
    parseEntry(module);
    return undefined;
  } catch (error) {
    if (error instanceof InstallError) return error.message;
    throw error;
  }
}
