/** `deno task deploy`: the command on its own. */
import "../../runner/quiet_libraries.ts";
import { runDeploy } from "./run.ts";

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  Deno.exit(
    await runDeploy(Deno.args, {
      env: Deno.env.toObject(),
      print: (line) => write(Deno.stdout, line),
      report: (line) => write(Deno.stderr, line),
    }),
  );
}
