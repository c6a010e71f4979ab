/** Runs code as an agent's module is run: a module of a blob, in a child with the flags of its install. */
import { join } from "@std/path";
import { type Installed, installFlags } from "../../runner/install/flags.ts";

const HARNESS = `
const code = await new Response(Deno.stdin.readable).text();
await import(URL.createObjectURL(new Blob([code], { type: "application/typescript" })));
`;

/** What the child wrote to stdout, and to stderr without colours. */
export interface Output {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `code` to its end with what is `installed`, or with no dependencies.
 * @param dir a folder for the harness, and for the DENO_DIR of a child without dependencies
 */
export async function runImporting(dir: string, code: string, installed?: Installed): Promise<Output> {
  const harness = join(dir, "harness.ts");
  await Deno.writeTextFile(harness, HARNESS);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-config", "--ignore-env", ...installFlags(installed), harness],
    env: { DENO_DIR: join(dir, "bare_cache"), ...installed?.env, NO_COLOR: "1" },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);
  return { success, stdout: text(stdout), stderr: text(stderr) };
}

/** Code that tries `import(specifier)` on each and prints one line each: `got SPECIFIER`, or `no SPECIFIER: REASON`. */
export function tryImports(specifiers: readonly string[]): string {
  return `for (const specifier of ${JSON.stringify(specifiers)}) {
    await import(specifier).then(
      () => console.log("got", specifier),
      (error) => console.log("no", specifier + ":", String(error.message).split("\\n")[0]),
    );
  }`;
}
