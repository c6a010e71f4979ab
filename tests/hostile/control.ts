/** The same attempts where there is no sandbox: one that fails there too proves nothing. */
import { join } from "@std/path";
import { type Findings, probeModule } from "../support/probe.ts";
import type { Probe } from "./attack.ts";
import type { Field } from "./field.ts";

/** What the attempts get hold of in a process that may do everything. */
export async function unsandboxed(field: Field, attacks: readonly Probe[]): Promise<Findings> {
  const attempts = Object.fromEntries(attacks.map(({ id, body }) => [id, body]));
  // Others are tried at the same time.
  const file = join(field.dir, `control-${attacks[0]?.id}.ts`);
  await Deno.writeTextFile(
    file,
    `${probeModule(attempts, field.given)}
await setup({
  name: "control",
  log() {},
  persist() {},
  publish(_topic, findings) { console.log("\\n" + JSON.stringify(findings)); },
});
Deno.exit(0);`,
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "--no-lock", "--no-check", "-A", file],
    env: { RUNNER_SECRET: "visible", DENO_DIR: join(field.dir, "control") },
    stdin: "null",
  }).output();
  const last = new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) {
    throw new Error(`The control gave no findings: ${new TextDecoder().decode(stderr)}`);
  }
  return JSON.parse(last);
}
