/** CPython, compiled to WebAssembly (Pyodide), started in this process from files on disk. */
import agentflow from "./agentflow.py" with { type: "text" };
import circuitpython from "./circuitpython.py" with { type: "text" };
import { Snapshot } from "./snapshot.ts";

/** A Python function. If it is `async`, awaiting the return value gives its result. */
// deno-lint-ignore no-explicit-any -- the Python side decides what crosses the border
export type PythonFunction = (...args: any[]) => any;

/** The module of the harness' Python side: its functions by name. */
export type Bridge = Readonly<Record<string, PythonFunction>>;

/** The part of Pyodide's API used here. */
export interface Pyodide {
  readonly FS: { writeFile(path: string, data: string): void };
  readonly _module: { readonly HEAPU8: Uint8Array };
  readonly _api: { config: { _loadSnapshot?: unknown } };
  pyimport(name: string): Bridge;
  runPython(code: string): unknown;
  setStdin(options: { stdin: () => null }): void;
  setStdout(options: { batched: (line: string) => void }): void;
  setStderr(options: { batched: (line: string) => void }): void;
  unpackArchive(archive: Uint8Array, format: "wheel"): void;
  loadPackage(url: string): Promise<unknown>;
  makeMemorySnapshot(): Uint8Array;
}

type Options = Readonly<Record<string, unknown>>;
type Settings = Record<string, unknown>;
type Instantiate = typeof WebAssembly.instantiateStreaming;

/** Starts a fresh interpreter and imports the harness modules. Used to make a snapshot. */
export async function startAfresh(dir: string): Promise<Pyodide> {
  const pyodide = await loadPyodide(dir, { _makeSnapshot: true });
  pyodide.FS.writeFile("/lib/agentflow.py", agentflow);
  pyodide.FS.writeFile("/lib/circuitpython.py", circuitpython);
  pyodide.runPython(`import sys\nsys.path.append("/lib")\nimport agentflow, circuitpython`);
  return pyodide;
}

/** Starts an interpreter from a snapshot that was made after `startAfresh` with the same `dir`. */
export async function startFromSnapshot(dir: string, path: string): Promise<Pyodide> {
  const snapshot = Snapshot.open(path);
  const pyodide = await loadPyodide(dir, {
    _loadSnapshot: snapshot.head,
    createPyodideModule: async (settings: Settings) => {
      const { default: create } = await import(`file://${dir}/pyodide.asm.mjs`);
      const module = await create(settings);
      snapshot.restore(module.HEAPU8);
      return module;
    },
  });
  delete pyodide._api.config._loadSnapshot;
  return pyodide;
}

async function loadPyodide(dir: string, options: Options): Promise<Pyodide> {
  const restore = appearAsWebWorker();
  try {
    const { loadPyodide } = await import(`file://${dir}/pyodide.mjs`);
    const stdin = () => null;
    return await loadPyodide({ indexURL: `file://${dir}/`, stdin, ...options });
  } finally {
    restore();
  }
}

/**
 * Makes Pyodide believe that it runs in a web worker, where it needs only `fetch` and WebAssembly; under Deno it would
 * load the Node compatibility layer, which costs time and memory. Files are read and compiled whole and freed right
 * afterwards: streaming leaves copies behind, which an idle agent never collects.
 */
function appearAsWebWorker(): () => void {
  const { readFileSync } = Deno;
  const read: ArrayBuffer[] = [];
  const fetchFile = (url: string | URL) => {
    const { buffer } = readFileSync(new URL(url));
    read.push(buffer);
    const text = () => new TextDecoder().decode(buffer);
    const file = { ok: true, arrayBuffer: () => buffer, json: () => JSON.parse(text()) };
    return Promise.resolve(file as unknown as Response);
  };
  const instantiate: Instantiate = async (source, imports) => {
    const module = new WebAssembly.Module(await (await source).arrayBuffer());
    return { module, instance: new WebAssembly.Instance(module, imports) };
  };
  class WorkerGlobalScope {
    static [Symbol.hasInstance](): boolean {
      return true;
    }
  }
  const undo = [
    replace(globalThis, "process", undefined),
    replace(globalThis, "Deno", undefined),
    replace(globalThis, "WorkerGlobalScope", WorkerGlobalScope),
    replace(globalThis, "fetch", fetchFile),
    replace(WebAssembly, "instantiateStreaming", instantiate),
  ];
  return () => {
    undo.forEach((restore) => restore());
    for (const buffer of read) buffer.transfer(0);
  };
}

function replace(target: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
  return () => {
    if (original === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, original);
  };
}
