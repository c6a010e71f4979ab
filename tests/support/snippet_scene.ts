/** A clone and a home in which snippets of the documents are run as they stand there. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { freePort, untilItAccepts } from "./brokers.ts";
import { allSnippets, ROOT, type Snippet } from "./documents.ts";
import { type Need, needing } from "./programs.ts";

/** What stands in the documents for something of the reader's, and what the scene has in its place. */
export type Replacements = readonly (readonly [written: string | RegExp, here: string])[];

export interface SceneOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** What is not copied: what was made, and what no user of a clone looks at. */
const NOT_IN_CLONE = new Set([".git", ".cache", "dist", "node_modules", "tests"]);
const PATIENCE_MS = 60_000;

/**
 * The commands `deno`, `agentflow` and `agentflow-node` are on the PATH; the broker of all of them, and of mosquitto's
 * clients, is on a free port.
 *
 * Invariant: its processes have ended and its folders are gone when it has been disposed of.
 */
export class SnippetScene implements AsyncDisposable {
  readonly port = freePort();
  readonly webPort = freePort();
  readonly #background: { readonly child: Deno.ChildProcess; readonly ended: Promise<void> }[] = [];

  private constructor(readonly folder: string, private readonly options: SceneOptions) {}

  static async set(options: SceneOptions = {}): Promise<SnippetScene> {
    const scene = new SnippetScene(await Deno.makeTempDir({ prefix: "agentflow-snippets-" }), options);
    for (const name of ["home/.config", "bin"]) {
      await Deno.mkdir(join(scene.folder, name), { recursive: true });
    }
    await copy(fileURLToPath(ROOT), scene.clone);
    await Deno.symlink(Deno.execPath(), join(scene.folder, "bin/deno"));
    await scene.#command("agentflow", "operator/ctl/main.ts");
    await scene.#command("agentflow-node", "runner/main.ts");
    for (const client of ["pub", "sub", "rr"]) {
      await Deno.writeTextFile(join(scene.home, `.config/mosquitto_${client}`), `-p ${scene.port}\n`);
    }
    return scene;
  }

  get clone(): string {
    return join(this.folder, "clone");
  }

  get home(): string {
    return join(this.folder, "home");
  }

  /** Runs a snippet as it stands. @throws AssertionError when it fails, or prints something else than it shows */
  async run({ place, text, language, mark, preparations }: Snippet): Promise<void> {
    for (const preparation of preparations) await this.#prepare(this.#adapted(preparation), place);
    const script = this.#adapted(text);
    if (mark.kind === "run" && mark.isBackground) return await this.#start(script, place);
    if (language === "console") return await this.#converse(script, place);
    const { code, output } = await this.#shell(script);
    assertEquals(code, 0, `${place}: ${script}\n${output}`);
  }

  /** What ends in `&` goes on. */
  async #prepare(script: string, place: string): Promise<void> {
    if (script.endsWith("&")) return await this.#start(script.slice(0, -1), place);
    const { code, output } = await this.#shell(script);
    assertEquals(code, 0, `${place}: prepare: ${script}\n${output}`);
  }

  async #shell(script: string): Promise<{ readonly code: number; readonly output: string }> {
    const child = this.#spawn(`exec 2>&1\nset -euo pipefail\nshopt -s expand_aliases\n${script}`);
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const { code, stdout } = await child.output();
    clearTimeout(timer);
    return { code, output: new TextDecoder().decode(stdout) };
  }

  /** Each command of a block of `$ command` lines, with the output that is shown below it. */
  async #converse(script: string, place: string): Promise<void> {
    for (const part of script.split(/^\$ /m).slice(1)) {
      const [command = "", ...shown] = part.trimEnd().split("\n");
      const { output } = await this.#shell(command);
      const [said, expected] = [linesOf(output), linesOf(shown.join("\n"))];
      const found = expected.includes("…") ? expected.filter((line) => said.includes(line)) : said;
      assertEquals(found, expected.filter((line) => line !== "…"), `${place}: $ ${command}\n${output}`);
    }
  }

  /** Starts what goes on, and waits until it has said something. */
  async #start(script: string, place: string): Promise<void> {
    const child = this.#spawn(`exec 2>&1\nexec ${script}`);
    const said = Promise.withResolvers<string>();
    const ended = this.#follow(child, said.resolve).then(() =>
      said.reject(new Error(`${place}: it has ended`))
    );
    const timer = setTimeout(
      () => said.reject(new Error(`${place}: it says nothing: ${script}`)),
      PATIENCE_MS,
    );
    this.#background.push({ child, ended });
    await said.promise.finally(() => clearTimeout(timer));
    // Its first words come before it listens.
    if (script.includes("--broker embedded")) await untilItAccepts(this.port);
    if (script.includes(String(this.webPort))) await untilItAccepts(this.webPort);
  }

  async #follow(child: Deno.ChildProcess, onText: (text: string) => void): Promise<void> {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) onText(text);
    await child.status;
  }

  #spawn(script: string): Deno.ChildProcess {
    const own = Deno.env.toObject();
    // What a snippet has installed goes before what stands in for it.
    const path = ["npm/bin", "bin"].map((name) => join(this.folder, name)).concat(
      own["PATH"] ?? "",
      "/usr/sbin",
    ).join(":");
    return new Deno.Command("bash", {
      args: ["-c", script],
      cwd: this.clone,
      env: {
        DENO_DIR: own["DENO_DIR"] ?? join(own["XDG_CACHE_HOME"] ?? join(own["HOME"] ?? "", ".cache"), "deno"),
        npm_config_cache: own["npm_config_cache"] ?? join(own["HOME"] ?? "", ".npm"),
        npm_config_prefer_offline: "true",
        // What is installed globally is so in the scene, which its user may write to.
        npm_config_prefix: join(this.folder, "npm"),
        NO_COLOR: "1",
        AGENTFLOW_BROKER: `mqtt://127.0.0.1:${this.port}`,
        ...this.options.env,
        HOME: this.home,
        // Else nodes keep their agents in /tmp, and those of the last run start again in the next.
        STATE_DIRECTORY: join(this.home, ".local/state"),
        PATH: path,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  #adapted(text: string): string {
    const replacements: Replacements = [
      ["--broker embedded", `--broker embedded --port ${this.port}`],
      [/--broker (localhost|192\.168\.1\.10)\b/g, `--broker mqtt://127.0.0.1:${this.port}`],
      ["-h broker.lan", "-h 127.0.0.1"],
      ["--http 3333", `--http ${this.webPort}`],
      [/localhost:8080|127\.0\.0\.1:8080/g, `127.0.0.1:${this.webPort}`],
      ["deno task dashboard", `deno task dashboard --http-port ${this.webPort}`],
    ];
    return replacements.reduce((script, [written, here]) => script.replaceAll(written, here), text);
  }

  async #command(name: string, entry: string): Promise<void> {
    const script = `#!/bin/sh\nexec deno run --quiet -A "${join(this.clone, entry)}" "$@"\n`;
    await Deno.writeTextFile(join(this.folder, "bin", name), script, { mode: 0o755 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#background) {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended already.
      }
    }
    // That they have ended is no error any more.
    await Promise.allSettled(this.#background.map(({ ended }) => ended));
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (NOT_IN_CLONE.has(name)) continue;
    if (isDirectory) await copy(join(from, name), join(to, name));
    else if (isFile) await Deno.copyFile(join(from, name), join(to, name));
  }
}

/**
 * Lines of output (`…` stands for any), without what differs from run to run: numbers, times, how wide columns are, and the order in which
 * things happen that happen side by side.
 */
function linesOf(output: string): string[] {
  return output.trim().split("\n").map((line) =>
    line.replace(/\b[0-9a-f]{8,}\b/g, "0").replace(/\b(\d+[smhd] ?)+\b/g, "0s ").replace(/\d+(\.\d+)?/g, "0")
      .replace(/\s+/g, " ").trim()
  ).sort();
}

/** Runs the snippets of a kind of scene, one page after another: those of a page in their order, in one scene. */
export async function testSnippets(
  kind: string,
  options: SceneOptions & { readonly needs?: readonly Need[] } = {},
): Promise<void> {
  const snippets = (await allSnippets()).filter(({ mark }) => mark.kind === "run" && mark.scene === kind);
  for (const [page, ofPage = []] of Object.entries(Object.groupBy(snippets, (snippet) => snippet.page))) {
    const law = `${page} can be followed as it stands`;
    Deno.test({
      ...needing(options.needs ?? [], law),
      fn: async () => {
        await using scene = await SnippetScene.set(options);
        for (const snippet of ofPage) await scene.run(snippet);
      },
    });
  }
}
