/** A process behind the walls of an agent, in which Deno itself refuses nothing. */
import { join } from "@std/path";
import { NO_PERMISSIONS, type Permissions } from "../../protocol/permissions.ts";
import { cachesIn, makeCaches } from "../../runner/process/deno_dir.ts";
import { kindAt, type Machine } from "../../runner/process/walls/machine.ts";
import { agentWalls, type Walls } from "../../runner/process/walls/plan.ts";
import type { Standing } from "../../runner/process/walls/standing.ts";
import { findWrappers, type Wrappers } from "../../runner/process/wrapper.ts";

/** Walls as they stand on this machine, found out once for all tests of a file. */
export async function wallsHere(): Promise<{ standing: Standing | undefined; why: string }> {
  const workDir = await Deno.makeTempDir({ prefix: "agentflow-walls-" });
  try {
    const { walls } = await findWrappers({ deno: Deno.execPath(), workDir, walls: true });
    return "reason" in walls
      ? { standing: undefined, why: walls.reason }
      : { standing: walls, why: `Landlock ${walls.landlock}` };
  } finally {
    await Deno.remove(workDir, { recursive: true });
  }
}

export interface WalledOptions {
  readonly permissions?: Partial<Permissions>;
  readonly broker?: { readonly host: string; readonly port: number };
  /** Instead of an agent's. */
  readonly plan?: (machine: Machine) => Walls;
  /** `false`: none of them, for comparison. */
  readonly walls?: boolean;
  /** A user other than this one, where this one is root. */
  readonly identity?: { readonly uid: number; readonly gid: number } | undefined;
}

/** One agent's place: its own state folder, and things of others beside it. */
export class Walled implements AsyncDisposable {
  private constructor(
    readonly dir: string,
    readonly stateFile: string,
    private readonly wrappers: Wrappers,
  ) {}

  static async open(): Promise<Walled> {
    const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-walled-" }));
    await Deno.chmod(dir, 0o755);
    const own = join(dir, "own");
    await Deno.mkdir(own);
    const stateFile = join(own, "agentflow_a_state.json");
    for (const path of [stateFile, `${stateFile}.tmp`]) await Deno.writeTextFile(path, "");
    await Deno.mkdir(join(dir, "programs"));
    await Deno.mkdir(join(dir, "deno"));
    await makeCaches(join(dir, "deno"));
    const wrappers = await findWrappers({ deno: Deno.execPath(), workDir: join(dir, "work"), walls: true });
    return new Walled(dir, stateFile, wrappers);
  }

  /**
   * Runs these, once in each place, with `--allow-all`: what holds it is not Deno.
   * @returns what its `attempts` came to: `did …`, or the message of the error
   */
  async attempt(
    attempts: Record<string, string>,
    options: WalledOptions = {},
  ): Promise<Record<string, string>> {
    const { identity } = options;
    const program = join(this.dir, "programs", "attempts.mjs");
    const tries = Object.entries(attempts).map(([name, body]) =>
      `[${JSON.stringify(name)}, async () => { ${body} }]`
    );
    await Deno.writeTextFile(
      program,
      `const given = ${JSON.stringify({ dir: this.dir, stateFile: this.stateFile })};
       const findings = {};
       for (const [name, attempt] of [${tries.join(",\n")}]) {
         try { findings[name] = "did " + (await attempt() ?? ""); } catch (error) { findings[name] = error.message; }
       }
       console.log(JSON.stringify(findings));
       Deno.exit(0);`,
    );
    if (identity !== undefined) {
      const own = join(this.dir, "own");
      const denoDir = join(this.dir, "deno");
      const { folder, files } = cachesIn(denoDir);
      for (const path of [own, this.stateFile, `${this.stateFile}.tmp`, denoDir, folder, ...files]) {
        await Deno.chown(path, identity.uid, identity.gid);
      }
    }
    const wrapper = options.walls === false ? [] : await this.#wrapper(options);
    const [command = "", ...args] = [...wrapper, Deno.execPath(), "run", "--allow-all"];
    const { stdout, stderr, code } = await new Deno.Command(command, {
      args: [...args, "--no-config", program],
      clearEnv: true,
      cwd: "/",
      env: { DENO_DIR: join(this.dir, "deno"), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      ...(identity ?? {}),
    }).output();
    const said = new TextDecoder().decode(stdout);
    if (code !== 0) throw new Error(`It ended with ${code}: ${said}${new TextDecoder().decode(stderr)}`);
    return JSON.parse(said);
  }

  async #wrapper({ permissions, broker, plan }: WalledOptions): Promise<readonly string[]> {
    const all = { ...NO_PERMISSIONS, ...permissions };
    const paths = [...all.read, ...all.write];
    const kinds = new Map(await Promise.all(paths.map(async (path) => [path, await kindAt(path)] as const)));
    const tenant = {
      sandbox: { broker, stateFile: this.stateFile, libraries: [], permissions: all },
      stateIsFixed: true,
      programs: [join(this.dir, "programs")],
      settings: [],
      denoDir: join(this.dir, "deno"),
      kinds,
    };
    const walls = this.wrappers.plan(
      plan ?? ((machine) => agentWalls(tenant, machine)),
    );
    return this.wrappers.with({ fileBytes: 1024 ** 3, openFiles: 128 }, walls);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}
