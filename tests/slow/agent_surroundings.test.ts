/** What agents and their packages find around them: the device's time, files of their own, and no machine code. */
import { assertEquals, assertMatch } from "@std/assert";
import { serveNpm } from "../support/npm_registry.ts";
import { installPython } from "../support/python.ts";
import { Stage } from "../support/stage.ts";

/** A `deno` that knows one registry of npm: the node's own packages come from elsewhere. */
class DenoWithRegistry implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(url: string): Promise<DenoWithRegistry> {
    const path = await Deno.makeTempFile({ prefix: "agentflow-deno-" });
    const script = `#!/bin/sh\nNPM_CONFIG_REGISTRY='${url}' exec '${Deno.execPath()}' "$@"\n`;
    await Deno.writeTextFile(path, script);
    await Deno.chmod(path, 0o755);
    return new DenoWithRegistry(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path);
  }
}

Deno.test("packages read the files that came with them, and nobody else's", async () => {
  await using registry = serveNpm([{
    name: "own-files",
    version: "1.0.0",
    files: {
      "index.js": `const { readFileSync } = require("node:fs");
        module.exports = (path) => readFileSync(path ?? __dirname + "/data.txt", "utf8");`,
      "data.txt": "its own",
    },
  }]);
  await using deno = await DenoWithRegistry.make(registry.url);
  await using stage = await Stage.set({ args: ["--deno", deno.path] });
  const agent = await stage.spawn({
    name: "reader",
    install: ["npm:own-files@1"],
    code:
      `import read from "own-files"; export const handle_task = (_agent, path) => read(path ?? undefined);`,
  });
  assertEquals(await agent.task(null), { result: "its own" });
  assertMatch((await agent.task("/etc/hostname")).error, /Requires read access/);
});

Deno.test("a package with machine code is told to be one, and what there is instead", async () => {
  await using registry = serveNpm([{
    name: "native",
    version: "1.0.0",
    files: { "index.js": `module.exports = require("./build/native.node");`, "build/native.node": "\x7fELF" },
  }]);
  await using deno = await DenoWithRegistry.make(registry.url);
  await using stage = await Stage.set({ args: ["--deno", deno.path] });
  const code = `import native from "native"; export const setup = () => native;`;
  const agent = await stage.launch({ name: "native", install: ["npm:native@1"], code });
  const { json } = await agent.on("errors");
  assertMatch(json.error, /machine code \(a native add-on\).*JavaScript or WebAssembly/);
});

Deno.test("local time is that of the device, in either language", async () => {
  // Nine hours before Greenwich, all year round.
  await using stage = await Stage.set({ env: { TZ: "Asia/Tokyo" } });
  const typescript = await stage.spawn({
    name: "typescript",
    code: `export const handle_task = () => [new Date(0).getHours(), Deno.env.get("TZ") ?? null];`,
  });
  assertEquals(await typescript.task(null), { result: [9, null] });
  await installPython(stage);
  const code = `import datetime, time
def handle_task(agent, payload):
    return [time.localtime(0).tm_hour, datetime.datetime.fromtimestamp(0).hour, time.timezone, time.strftime("%z", time.localtime(0))]
`;
  const python = await stage.spawn({ name: "python", language: "python", code });
  assertEquals(await python.task(null), { result: [9, 9, -9 * 3600, "+0900"] });
});
