/** Entry of the process of an agent in TypeScript or JavaScript. */
import { runHarness } from "./harness.ts";
import { TypeScriptCode } from "./typescript_code.ts";

await runHarness((start) => new TypeScriptCode(start));
