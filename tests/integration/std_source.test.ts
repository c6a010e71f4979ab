/** `deno task std:jsr` and `deno task std:builtin`: where the names `@std/…` come from. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { serveJsr } from "../support/jsr_registry.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COPIED = [
  "deno.json",
  "deno.lock",
  "operator/dashboard/page/deno.json",
  "scripts/std.ts",
  "protocol/std/assert.ts",
  "protocol/std/async.ts",
  "protocol/std/cli.ts",
  "protocol/std/path.ts",
  "protocol/write_line.ts",
];
const NOBODY = "http://127.0.0.1:1/";

/** A clone, as far as the two tasks look at it. Invariant: gone when it has been disposed of. */
class Clone implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async make(): Promise<Clone> {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-clone-" });
    for (const file of COPIED) {
      await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
      await Deno.copyFile(join(ROOT, file), join(folder, file));
    }
    return new Clone(folder);
  }

  async read(file: string): Promise<string> {
    return await Deno.readTextFile(join(this.folder, file));
  }

  async write(file: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.folder, file), text);
  }

  /** What the task runs; `deno task` itself would fetch every package of the project first. */
  async task(name: "std:jsr" | "std:builtin", jsrUrl: string) {
    return await this.run(manifest.tasks[name].split(" ").slice(1), jsrUrl);
  }

  async run(args: readonly string[], jsrUrl: string) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: this.folder,
      env: { JSR_URL: jsrUrl, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("@std comes from JSR when that is asked for, and from protocol/std/ again afterwards", async () => {
  const source = async (name: string) => await Deno.readTextFile(join(ROOT, "protocol/std", `${name}.ts`));
  await using registry = serveJsr({
    "@std/assert@1.0.7": { files: { "/mod.ts": await source("assert") } },
    "@std/async@1.0.7": {
      files: { "/delay.ts": await source("async") },
      exports: { "./delay": "./delay.ts" },
    },
    "@std/cli@1.0.7": {
      files: { "/args.ts": await source("cli") },
      exports: { "./parse-args": "./args.ts" },
    },
    "@std/path@1.0.7": { files: { "/mod.ts": await source("path") } },
  });
  await using clone = await Clone.make();
  assertEquals((await clone.task("std:builtin", NOBODY)).code, 0);
  const before = { config: await clone.read("deno.json"), lock: await clone.read("deno.lock") };

  const swapped = await clone.task("std:jsr", registry.url);
  assertEquals(swapped.code, 0, swapped.stderr);
  const config = await clone.read("deno.json");
  const names = (text: string) =>
    Object.entries(JSON.parse(text).imports).filter(([key]) => /^@std/.test(key));
  assertEquals(names(config), [
    ["@std/assert", "jsr:@std/assert@^1"],
    ["@std/async/delay", "jsr:@std/async@^1/delay"],
    ["@std/cli/parse-args", "jsr:@std/cli@^1/parse-args"],
    ["@std/path", "jsr:@std/path@^1"],
  ]);
  const lines = config.split("\n");
  const changed = before.config.split("\n").filter((line, index) => line !== lines[index]);
  assertEquals([lines.length, changed.length], [before.config.split("\n").length, 4]);
  assertStringIncludes(await clone.read("deno.lock"), "@std/cli@1.0.7");
  await clone.write(
    "use.ts",
    `import { join } from "@std/path";
import { parseArgs } from "@std/cli/parse-args";
console.log(join("a", String(parseArgs(["b"])._[0])), import.meta.resolve("@std/path"));`,
  );
  const used = await clone.run(["run", "--frozen", "use.ts"], registry.url);
  assertEquals(used.stdout, `a/b ${registry.url}@std/path/1.0.7/mod.ts\n`, used.stderr);

  // What JSR has given may be out of reach by then.
  const back = await clone.task("std:builtin", NOBODY);
  assertEquals(back.code, 0, back.stderr);
  assertEquals({ config: await clone.read("deno.json"), lock: await clone.read("deno.lock") }, before);
});

Deno.test("where JSR cannot be reached, or is not as it promises, nothing is changed, and that is said", async () => {
  await using registry = serveJsr({ "@std/assert@1.0.7": { files: { "/mod.ts": "export {};\n" } } }, {
    corrupt: "/@std/assert/1.0.7/mod.ts",
  });
  await using clone = await Clone.make();
  assertEquals((await clone.task("std:builtin", NOBODY)).code, 0);
  const files = async () => [await clone.read("deno.json"), await clone.read("deno.lock")];
  const before = await files();
  for (const url of [NOBODY, registry.url]) {
    const { code, stdout, stderr } = await clone.task("std:jsr", url);
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(
      stderr,
      /^std: nothing is changed: .+: can this machine reach JSR \(\$JSR_URL names another\)\?\n$/,
    );
    assertEquals(await files(), before);
  }
  assertEquals((await clone.run(["run", "-A", "scripts/std.ts", "both"], NOBODY)).code, 2);
});
