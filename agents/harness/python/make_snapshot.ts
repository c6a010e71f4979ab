/** Entry of the process that makes the snapshot of a Python interpreter: `make_snapshot.ts DIR FILE`. */
import { startAfresh } from "./interpreter.ts";
import { encodeSnapshot } from "./snapshot.ts";

const [dir = "", file = ""] = Deno.args;
const pyodide = await startAfresh(dir);
Deno.writeFileSync(file, encodeSnapshot(pyodide.makeMemorySnapshot()));
Deno.exit(0);
