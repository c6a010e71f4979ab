/** The release of Pyodide that agents in Python run on: CPython, compiled to WebAssembly. */
import type { NpmPackage } from "../npm_package.ts";

export const PYODIDE_VERSION = "314.0.7";
/** Its Python version, for the requirements of packages. */
export const PYTHON_VERSION = "3.14.2";
/** The ABI that compiled packages are built for: `cp314-cp314-pyemscripten_2026_0_wasm32`. */
export const PYTHON_ABI = "cp314";
export const PLATFORM = "pyemscripten_2026_0_wasm32";

/** Its npm package, which is complete: its dependencies are only for Node.js and for types. */
export const PYODIDE_PACKAGE: NpmPackage = {
  name: "pyodide",
  version: PYODIDE_VERSION,
  integrity:
    "sha512-0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A==",
};

/** The files used from it, and their SHA-256. */
export const PYODIDE_FILES: Readonly<Record<string, string>> = {
  "pyodide.mjs": "6f1d60f7bf529beb300f0f47983c921d3982363640ba20af0e38efdddbc66109",
  "pyodide.asm.mjs": "f7cdc8ece80678ceb712f8e65ebe6d3a83203a180c399865f49612a051693635",
  "pyodide.asm.wasm": "cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6",
  "python_stdlib.zip": "fa1957e5777068fc4f7437f96d860ae2fbe9c19732ba06c84e004ec16dd7dd7a",
  "pyodide-lock.json": "5dc2fc119108bc148c7457dc86e7675b5c87e1cafd420b9c34c1eaef7b36c010",
};
