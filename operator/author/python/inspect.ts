/**
 * Entry of the process that looks at an agent in Python: `inspect.ts INTERPRETER DIR SNAPSHOT`, with `{look, code}` on
 * stdin. It is written out alone, so it imports nothing but what it is told to.
 */
const [interpreter = "", dir = "", snapshot = ""] = Deno.args;
const { startFromSnapshot } = await import(interpreter);
const { look, code } = await new Response(Deno.stdin.readable).json();
const python = await startFromSnapshot(dir, snapshot);
// Modules that are imported to see whether they can be may print.
python.setStdout({ batched: () => {} });
python.setStderr({ batched: () => {} });
python.FS.writeFile("/lib/agentflow_look.py", look);
const report = new TextEncoder().encode(python.pyimport("agentflow_look").report(code));
for (let at = 0; at < report.length;) at += Deno.stdout.writeSync(report.subarray(at));
Deno.exit(0);
