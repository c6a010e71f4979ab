/** The last module of `deno test -A`, by its name: what `deno task test` says at its end, it says there. */
import { LEFT_OUT_FILE, leftOutHere, summaryOf } from "./support/left_out.ts";

Deno.test("what this machine could not run is said at the end", () => {
  // deno-lint-ignore no-console -- it is for who reads the output
  if (Deno.env.get(LEFT_OUT_FILE) === undefined) console.log(summaryOf(leftOutHere()));
});
