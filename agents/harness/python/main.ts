/** Entry of the process of an agent in Python, or in what only Python can tell. */
import { runHarness } from "../harness.ts";
import { PythonCode } from "./python_code.ts";

await runHarness((start) => new PythonCode(start));
