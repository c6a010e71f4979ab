/**
 * Entry of the process that inspects a Python agent: `inspect.ts INTERPRETER DIR SNAPSHOT`, with `{look, code}` on
 * stdin. It is written out as a single file, so it imports only what its arguments name.
 */
const [interpreter = "", dir = "", snapshot = ""] = Deno.args;
const { startFromSnapshot } = await import(interpreter);
const { look, code } = await new Response(Deno.stdin.readable).json();
const python = await startFromSnapshot(dir, snapshot);
// Modules that are imported as a test may print.
python.setStdout({ batched: () => {} });
python.setStderr({ batched: () => {} });
python.FS.writeFile("/lib/agentflow_look.py", look);
const report = new TextEncoder().encode(python.pyimport("agentflow_look").report(code));
for (let at = 0; at < report.length;) at += Deno.stdout.writeSync(report.subarray(at));
Deno.exit(0);
