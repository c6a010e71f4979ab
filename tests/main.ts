// deno-lint-ignore-file no-console -- it talks to its reader
/** `deno task test`: all tests but those that have a task of their own, and at the end what this machine could not run. */
import { LEFT_OUT_FILE, leftOutIn, summaryOf } from "./support/left_out.ts";

/** Most of the time tests wait for processes and brokers: more at once than there are cores. */
const JOBS = "4";

const file = await Deno.makeTempFile({ prefix: "agentflow-left-out-" });
try {
  const tests = new Deno.Command(Deno.execPath(), {
    // `deno task check` checks the types; here it would take another 20 s.
    args: ["test", "-A", "--no-check", "--parallel", ...Deno.args],
    env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? JOBS, [LEFT_OUT_FILE]: file },
  }).spawn();
  // A terminal sends these to the tests too: they end, and then this does.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => tests.kill(signal));
  }
  const { code } = await tests.status;
  console.log(summaryOf(await leftOutIn(file)));
  Deno.exitCode = code;
} finally {
  await Deno.remove(file);
}
