/** Entry of the process of an agent in Python, or in a language that only the Python parser can determine. */
import { runHarness } from "../harness.ts";
import { PythonCode } from "./python_code.ts";

await runHarness((start) => new PythonCode(start));
