/** Loads an agent's module and finds its functions. */
import type { Agent } from "../types.d.ts";
import {
  type Candidates,
  chooseFunctions,
  FINDER,
  FINDER_SOURCE,
  FUNCTION_NAMES,
  type FunctionName,
} from "./functions.ts";

/** The functions of an agent; each may be missing. */
export interface AgentFunctions {
  readonly setup?: ((agent: Agent) => unknown) | undefined;
  readonly process?: ((agent: Agent) => unknown) | undefined;
  readonly handleTask?: ((agent: Agent, payload: unknown) => unknown) | undefined;
  /** Notes about them for the agent's author. Takes as long as a start: call it once the agent runs. */
  readonly remarks?: () => Promise<readonly string[]>;
}

export type SourceType = "typescript" | "javascript";

type Callable = (agent: Agent, payload?: unknown) => unknown;
type Found = Partial<Record<FunctionName, unknown>>;
type Module = Readonly<Record<string, unknown>>;

/**
 * The URL to import the code from. A `blob:` module may import bare names of the import map, but a file only with
 * `--allow-read`: nothing in it becomes part of the static graph of the harness, which Deno reads unchecked.
 */
export function moduleUrl(code: string, type: SourceType = "typescript"): string {
  return blobUrl(code + FINDER_SOURCE, type);
}

function blobUrl(source: string, type: SourceType): string {
  return URL.createObjectURL(new Blob([source], { type: `application/${type}` }));
}

/**
 * @param url the result of `moduleUrl` for `code`
 * @throws when the code does not parse or resolve, or throws at its top level
 */
export async function loadFunctions(
  url: string,
  code: string,
  type: SourceType = "typescript",
): Promise<AgentFunctions> {
  const module = await importAgent(url, code, type);
  const owner = module.default;
  const chosen = chooseFunctions<Callable>({
    exported: functionsOf(module),
    default: methodsOf(owner),
    declared: functionsOf(withoutGlobalProcess(module[FINDER] as () => Found)),
  }, await importedIn(code));
  return {
    setup: chosen.get("setup"),
    process: chosen.get("process"),
    handleTask: chosen.get("handle_task") ?? chosen.get("handleTask"),
    remarks: () => remarks(module, new Set(chosen.keys()), code),
  };
}

/** Most code imports nothing, and then need not be scanned. */
async function importedIn(code: string): Promise<ReadonlySet<string>> {
  if (!code.includes("import")) return new Set();
  return (await import("./names_in_code.ts")).importedNames(code);
}

async function remarks(module: Module, chosen: ReadonlySet<string>, code: string): Promise<string[]> {
  const [{ remarksOn }, { declaredNames }] = await Promise.all([
    import("./remarks.ts"),
    import("./names_in_code.ts"),
  ]);
  const owner = module.default;
  const present = [...Object.keys(module), ...membersOf(owner), ...declaredNames(code)];
  return [...remarksOn(chosen, { present, imported: await importedIn(code) }), ...remarksOnClass(owner)];
}

function functionsOf(values: Found | Module): Candidates<Callable>["exported"] {
  const found = FUNCTION_NAMES.map((name) => [name, (values as Found)[name]] as const);
  return Object.fromEntries(found.filter(([, value]) => typeof value === "function"));
}

/** A method of an object, an instance or a class, bound to its owner. */
function methodsOf(owner: unknown): Candidates<Callable>["default"] {
  if ((typeof owner !== "object" && typeof owner !== "function") || owner === null) return {};
  const methods = functionsOf(owner as Module);
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, method.bind(owner)]),
  );
}

function membersOf(owner: unknown): string[] {
  if (typeof owner !== "object" || owner === null) return [];
  return [owner, Object.getPrototypeOf(owner)].flatMap((each) =>
    each === null ? [] : Object.getOwnPropertyNames(each)
  );
}

function remarksOnClass(owner: unknown): string[] {
  const { prototype } = typeof owner === "function" ? owner : { prototype: undefined };
  const methods = FUNCTION_NAMES.filter((name) => Object.hasOwn(prototype ?? {}, name));
  return methods.length === 0 ? [] : [
    `${
      methods.join(", ")
    } of the default export are methods of instances: export one, \`export default new …()\``,
  ];
}

async function importAgent(url: string, code: string, type: SourceType): Promise<Module> {
  try {
    return await import(url);
  } catch (error) {
    const isOfFinder = error instanceof Error && error.message.includes(FINDER);
    throw isOfFinder ? await errorOfCodeAlone(url, code, type) ?? error : error;
  }
}

/** Truncated code fails inside the text we appended; the author should see only errors about their own code. */
async function errorOfCodeAlone(url: string, code: string, type: SourceType): Promise<unknown> {
  const alone = blobUrl(code, type);
  try {
    await import(alone);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) return error;
    error.message = error.message.replaceAll(alone, url);
    error.stack = error.stack?.replaceAll(alone, url) ?? "";
    return error;
  } finally {
    URL.revokeObjectURL(alone);
  }
}

/**
 * Runs `find` with Deno's global `process` out of sight: the finder must see only what the agent declares, and
 * reading that global loads the Node compatibility layer (30 ms).
 */
function withoutGlobalProcess(find: () => Found): Found {
  const original = Object.getOwnPropertyDescriptor(globalThis, "process");
  if (original === undefined || !original.configurable) return find();
  Object.defineProperty(globalThis, "process", { value: undefined, configurable: true });
  try {
    return find();
  } finally {
    Object.defineProperty(globalThis, "process", original);
  }
}
