/** Workers, evaluated code, WebAssembly and other ways to a module. */
import { type Attempts, probes } from "../probes.ts";
import type { Attack } from "../attack.ts";

const ATTEMPTS: Attempts = {
  "a worker of a file": `return await fromWorker("file://" + given.dir + "/secret.ts");`,
  "reading in a worker": `return await fromWorker(blobUrl(posting('Deno.readTextFile("/etc/passwd")')));`,
  "env in a worker": [
    `return await fromWorker(blobUrl(posting('Deno.env.get("RUNNER_SECRET") ?? Promise.reject("no such variable")')));`,
    /no such variable/,
  ],
  "require a file": `const { createRequire } = await import("node:module");
    return createRequire("file:///")(given.dir + "/secret.json");`,
  "require npm": `const { createRequire } = await import("node:module");
    return typeof createRequire("file://" + given.workDir + "/deno/")("mqtt");`,
  "require a script": `const { createRequire } = await import("node:module");
    return createRequire("file:///")(given.dir + "/secret.js");`,
  "node_modules of the work folder": `const { createRequire } = await import("node:module");
    return createRequire("file://" + given.workDir + "/x.js").resolve("mqtt");`,
  "Module._load":
    `const { Module } = await import("node:module"); return Module._load(given.dir + "/secret.json");`,
  "node:vm": `const vm = await import("node:vm");
    return await vm.runInThisContext('Deno.readTextFile("/etc/passwd")');`,
  "eval": `return await (0, eval)('Deno.readTextFile("/etc/passwd")');`,
  "an import by Function": `return await new Function('return import("file:///etc/hostname")')();`,
  "WASI": [
    `const { WASI } = await import("node:wasi");
    const wasi = new WASI({ version: "preview1", preopens: { "/": "/" } }); return wasi.start ? "started" : undefined;`,
    /uvwasi_init: failed to open preopen/,
  ],
  "a wasm module of a file": `return await import("file://" + given.dir + "/secret.wasm");`,
};

export const modules: readonly Attack[] = probes("modules", ATTEMPTS, [
  "reading in a worker",
  "env in a worker",
  "require a file",
  "require a script",
  "Module._load",
  "node:vm",
  "eval",
]);
