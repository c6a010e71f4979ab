/** The interpreter of agents in Python, as a node of this machine fetches it: the guest has no network. */
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";

/** @returns the folder for a node's work folder; `undefined` when it cannot be fetched here */
export async function fetchPython(folder: string, runner: string): Promise<string | undefined> {
  await using broker = await startEmbedded();
  const work = join(folder, "work");
  const node = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", runner, "--with-python", "--name", "fetcher", "--broker", `127.0.0.1:${broker.port}`],
      ...["--state-dir", join(folder, "state"), "--work-dir", work],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(120_000),
  }).spawn();
  let log = "";
  for await (const text of node.stderr.pipeThrough(new TextDecoderStream())) {
    log += text;
    if (/Python is ready|Python cannot/.test(log)) break;
  }
  try {
    node.kill("SIGTERM");
  } catch {
    // It has ended.
  }
  await node.status;
  return log.includes("Python is ready") ? join(work, "python") : undefined;
}
