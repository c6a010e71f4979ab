/** The npm package: installed on a machine that has Node.js and no Deno, it has a command line and a node that work. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { makeNpmTarball } from "../../operator/release/npm_tarball.ts";
import { fetchEnv } from "../../protocol/packages/env.ts";
import { freePort } from "../support/brokers.ts";
import { NodeProcess } from "../support/node_process.ts";
import { findProgram, needing, programs } from "../support/programs.ts";

const NODE_JS = programs("Node.js", "node", "npm");
const npm = findProgram("npm");
const node = findProgram("node");

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home with the package in it. Invariant: it is gone when it has been disposed of. */
class Machine implements AsyncDisposable {
  private constructor(readonly home: string, readonly archive: string) {}

  static async install(): Promise<Machine> {
    const home = await Deno.makeTempDir({ prefix: "agentflow-npm-" });
    await Deno.mkdir(join(home, "bin"));
    for (const program of [npm, node, join(dirname(npm ?? ""), "npx"), "/bin/sh"]) {
      await Deno.symlink(program ?? "", join(home, "bin", program?.split("/").at(-1) ?? ""));
    }
    const archive = await makeNpmTarball(manifest.version, home);
    const machine = new Machine(home, archive);
    const { code, stderr } = await machine.run(join(home, "bin/npm"), "install", "--prefix", home, archive);
    assertEquals(code, 0, stderr);
    return machine;
  }

  /** Where npm has put the package's programs. */
  program(name: string): string {
    return join(this.home, "node_modules/.bin", name);
  }

  /** No Deno is on the PATH; what npm has fetched before is not fetched again. */
  get env(): Record<string, string> {
    return {
      ...fetchEnv(Deno.env.toObject()),
      HOME: this.home,
      PATH: join(this.home, "bin"),
      NO_COLOR: "1",
      npm_config_cache: Deno.env.get("npm_config_cache") ?? join(Deno.env.get("HOME") ?? "", ".npm"),
      npm_config_prefer_offline: "true",
    };
  }

  async run(program: string, ...args: string[]): Promise<Result> {
    const output = await new Deno.Command(program, {
      args,
      cwd: this.home,
      env: this.env,
      clearEnv: true,
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

async function filesOf(archive: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("tar", { args: ["-tzf", archive] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").sort();
}

Deno.test({
  ...needing(NODE_JS, "the npm package brings a command line, a node, and the Deno they run on"),
  fn: async () => {
    await using machine = await Machine.install();
    assertEquals(basename(machine.archive), `agentflow-${manifest.version}.tgz`);
    assertEquals(await filesOf(machine.archive), [
      "package/CHANGELOG.md",
      "package/LICENSE",
      "package/README.md",
      "package/agentflow-node.js",
      "package/agentflow.js",
      "package/bin/agentflow-node.cjs",
      "package/bin/agentflow.cjs",
      "package/bin/start.cjs",
      "package/package.json",
    ]);
    const npx = await machine.run(
      join(machine.home, "bin/npx"),
      "--yes",
      `./${basename(machine.archive)}`,
      "--version",
    );
    assertEquals([npx.code, npx.stdout], [0, `${manifest.version}\n`], npx.stderr);
    const agentflow = (...args: string[]) => machine.run(machine.program("agentflow"), ...args);
    assertMatch((await agentflow("new", "hello")).stdout, /^Wrote hello\.ts/);
    assertEquals((await agentflow("nonsense")).code, 2, "the exit code is the command's own");

    const port = freePort();
    await using edge = await NodeProcess.start({
      name: "edge-1",
      port,
      program: [machine.program("agentflow-node")],
      args: ["--broker", "embedded"],
      env: machine.env,
    });
    await edge.logged(/The embedded broker listens/);
    const spawned = await agentflow("spawn", "hello.ts", "--node", "edge-1", "--port", String(port));
    assertEquals(spawned.code, 0, spawned.stderr);
    assert((await edge.end("SIGTERM")).success, "a signal to the program ends the node in order");
  },
});
