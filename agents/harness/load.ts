/** Loads an agent's module and finds its functions, exported or not. */
import type { Agent } from "../types.d.ts";

/** The functions of an agent; each may be missing. */
export interface AgentFunctions {
  readonly setup?: ((agent: Agent) => unknown) | undefined;
  readonly process?: ((agent: Agent) => unknown) | undefined;
  readonly handleTask?: ((agent: Agent, payload: unknown) => unknown) | undefined;
}

const NAMES = ["setup", "process", "handle_task", "handleTask"] as const;
type Found = Partial<Record<(typeof NAMES)[number], unknown>>;

const FINDER = "$agentflow_functions";
/** Appended to the agent's code, so that its line numbers stay as they are. */
const FINDER_SOURCE = `\n;export const ${FINDER} = () => ({ ${
  NAMES.map((name) => `${name}: typeof ${name} === "function" ? ${name} : undefined`).join(", ")
} });\n`;

/**
 * The URL to import the code from. A `blob:` module may import bare names of the import map, but a file only with
 * `--allow-read`: nothing in it becomes part of the static graph of the harness, which Deno reads unchecked.
 */
export function moduleUrl(code: string): string {
  return URL.createObjectURL(new Blob([code + FINDER_SOURCE], { type: "application/typescript" }));
}

/**
 * @param url what `moduleUrl` has made of `code`
 * @throws whatever does not parse, does not resolve, or is thrown at the top level
 */
export async function loadFunctions(url: string, code: string): Promise<AgentFunctions> {
  const module = await importAgent(url, code);
  const declared = withoutGlobalProcess(module[FINDER] as () => Found);
  const exported = { ...asRecord(module.default), ...module };
  const pick = (name: (typeof NAMES)[number]) => {
    const found = declared[name] ?? exported[name];
    return typeof found === "function" ? found as (agent: Agent, payload?: unknown) => unknown : undefined;
  };
  return {
    setup: pick("setup"),
    process: pick("process"),
    handleTask: pick("handle_task") ?? pick("handleTask"),
  };
}

async function importAgent(url: string, code: string): Promise<Record<string, unknown>> {
  try {
    return await import(url);
  } catch (error) {
    const isOfFinder = error instanceof Error && error.message.includes(FINDER);
    throw isOfFinder ? await errorOfCodeAlone(url, code) ?? error : error;
  }
}

/** Code that lacks its end fails in what was appended: its author wants to read of the code alone. */
async function errorOfCodeAlone(url: string, code: string): Promise<unknown> {
  const alone = URL.createObjectURL(new Blob([code], { type: "application/typescript" }));
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

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
