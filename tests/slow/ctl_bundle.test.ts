/** The command line in one file does what it does from a clone. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { ctlCommand } from "../support/ctl.ts";

Deno.test("a bundled command line runs anywhere, and checks and runs agents too", async () => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-bundle-" });
  try {
    const file = join(folder, "agentflow.js");
    const task = manifest.tasks["bundle:ctl"].replace("dist/agentflow.js", file).split(" ").slice(1);
    const { env } = ctlCommand();
    const run = async (args: readonly string[], cwd: string) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...args],
        cwd,
        env,
        clearEnv: true,
        stdin: "null",
      }).output();
      return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
    };
    const made = await run(task, new URL("../../", import.meta.url).pathname);
    assertEquals(made.code, 0, made.stderr);
    const agentflow = (...args: string[]) => run(["run", "-A", file, ...args], folder);
    assertMatch((await agentflow("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
    assertEquals((await agentflow("new", "hello")).code, 0);
    const check = await agentflow("check", "hello.ts");
    assertEquals(check.code, 0, check.stdout + check.stderr);
    assertMatch((await agentflow("completions", "bash")).stdout, /agentflow\.js __complete/);

    const dev = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", file, "dev", "hello.ts", "--json"],
      cwd: folder,
      env,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let printed = "";
    let isInterrupted = false;
    for await (const text of dev.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      // Once only: a second Ctrl-C would end it at once.
      if (isInterrupted || !printed.includes("started (run 1)")) continue;
      dev.kill("SIGINT");
      isInterrupted = true;
    }
    assertEquals((await dev.status).code, 0, printed);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
