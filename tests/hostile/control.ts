/**
 * The same attempts where there is no sandbox: one that fails there too proves nothing. They run on ground of their own,
 * among copies of what the field has, and never as root: an attempt that removes or kills does so here, too.
 */
import { join } from "@std/path";
import { type Findings, probeModule } from "../support/probe.ts";
import type { Probe } from "./attack.ts";
import { plantSecrets, plantThings } from "./plants.ts";

/** A user and group that nobody has: outside of what systemd and Debian give away. */
const NOBODYS_ID = 60_600;

/** What the attempts get hold of in a process that may do everything an ordinary user may. */
export async function unsandboxed(
  attacks: readonly Pick<Probe, "id" | "body">[],
  given: Readonly<Record<string, unknown>>,
): Promise<Findings> {
  const attempts = Object.fromEntries(attacks.map(({ id, body }) => [id, body]));
  const ground = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-control-" }));
  try {
    return await onGround(ground, attempts, given);
  } finally {
    await Deno.remove(ground, { recursive: true });
  }
}

async function onGround(
  ground: string,
  attempts: Readonly<Record<string, string>>,
  given: Readonly<Record<string, unknown>>,
): Promise<Findings> {
  const [outside, dir, workDir, denoDir] = ["outside", "state", "work", "deno"].map((name) =>
    join(ground, name)
  ) as [string, string, string, string];
  for (const folder of [outside, dir, workDir, denoDir]) await Deno.mkdir(folder);
  await plantThings(outside);
  await plantSecrets(dir);
  const file = join(ground, "control.ts");
  // The process itself stands for the runner: it is another one of the same user's.
  const here = { ...given, outside, dir, workDir, runnerPid: "self" };
  await Deno.writeTextFile(file, controlModule(attempts, here));
  const isRoot = Deno.uid() === 0;
  if (isRoot) await giveAway(ground);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "--no-lock", "--no-check", "-A", file],
    cwd: ground,
    clearEnv: true,
    env: {
      PATH: "/usr/bin:/bin",
      HOME: ground,
      TMPDIR: ground,
      RUNNER_SECRET: "visible",
      DENO_DIR: denoDir,
      DENO_NO_UPDATE_CHECK: "1",
    },
    stdin: "null",
    ...(isRoot ? { uid: NOBODYS_ID, gid: NOBODYS_ID } : {}),
  }).output();
  const last = new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) {
    throw new Error(`The control gave no findings: ${new TextDecoder().decode(stderr)}`);
  }
  return JSON.parse(last);
}

function controlModule(attempts: Readonly<Record<string, string>>, given: unknown): string {
  return `if (Deno.uid() === 0) throw new Error("A control run never runs as root");
${probeModule(attempts, given)}
await setup({
  name: "control",
  log() {},
  persist() {},
  publish(_topic, findings) { console.log("\\n" + JSON.stringify(findings)); },
});
Deno.exit(0);`;
}

/** Gives a folder that root has made, and what is in it, to the user that the control runs as. */
async function giveAway(path: string): Promise<void> {
  const { isSymlink, isDirectory } = await Deno.lstat(path);
  if (isSymlink) throw new Error(`${path} leads elsewhere: a control run has no links`);
  if (isDirectory) { for await (const { name } of Deno.readDir(path)) await giveAway(join(path, name)); }
  await Deno.chown(path, NOBODYS_ID, NOBODYS_ID);
}
