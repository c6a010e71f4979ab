/** What the first start of a node costs where nothing of it was ever fetched. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the first start of the runner fetches what the runner needs, and nothing of the other programs", async () => {
  const denoDir = await Deno.makeTempDir({ prefix: "agentflow-first-start-" });
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "runner/main.ts", "--version"],
      cwd: ROOT,
      env: { DENO_DIR: denoDir, NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const fetched: string[] = [];
    for (const { name } of Deno.readDirSync(join(denoDir, "npm"))) {
      fetched.push(...[...Deno.readDirSync(join(denoDir, "npm", name))].map((entry) => entry.name));
    }
    for (const own of ["mqtt", "aedes"]) assert(fetched.includes(own), `${own} is missing: ${fetched}`);
    for (
      const other of ["ai", "@ai-sdk", "playwright-core", "@codemirror", "preact", "commander", "fast-check"]
    ) {
      assert(!fetched.includes(other), `${other} is fetched, which the runner does not need`);
    }
  } finally {
    await Deno.remove(denoDir, { recursive: true });
  }
});
