/** `deno task bundle:ctl`: `agentflow` as one file. */
import { dirname } from "@std/path";
import { bundleCommandLine } from "../operator/release/bundle.ts";

const [output = "dist/agentflow.js"] = Deno.args;
await Deno.mkdir(dirname(output), { recursive: true });
await bundleCommandLine(output);
