/** `deno task hostile [WORD…]`: attacks a real node, prints what stopped each attack; exit code 1 when one got through. */
import { ATTACKS } from "./attacks.ts";
import type { Verdict } from "./attack.ts";
import { failures, line, summary } from "./report.ts";
import { run } from "./run.ts";

const wanted = ATTACKS.filter(({ id }) =>
  Deno.args.length === 0 || Deno.args.some((word) => id.includes(word))
);

// deno-lint-ignore no-console -- the table is what this program is for
const print = (text: string) => console.log(text);

const outcome = await run(wanted, (verdict: Verdict) => print(line(verdict)));
print(summary(outcome));
Deno.exit(failures(outcome).length === 0 ? 0 : 1);
