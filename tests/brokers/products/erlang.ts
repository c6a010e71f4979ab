/** What brokers that run on Erlang share: a port mapper of the test's own, which ends with it. */
import { freePort, untilItAccepts } from "../../support/brokers.ts";

export interface PortMapper extends AsyncDisposable {
  /** For the members and their tools: where the mapper is, and a home for the secret that members share. */
  readonly env: Readonly<Record<string, string>>;
}

/** @param home a folder where the secret is written */
export async function startPortMapper(home: string): Promise<PortMapper> {
  const port = freePort();
  const cookie = `${home}/.erlang.cookie`;
  await Deno.writeTextFile(cookie, crypto.randomUUID().replaceAll("-", ""), { mode: 0o400 });
  const child = new Deno.Command("epmd", {
    args: ["-port", String(port), "-address", "127.0.0.1"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilItAccepts(port);
  return {
    env: { HOME: home, ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: "127.0.0.1" },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
