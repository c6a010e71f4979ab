/** A short run of `deno task chaos`, the same each time: nothing acknowledged is lost, nothing doubled, nothing orphaned. */
import { assertEquals } from "@std/assert";
import { run } from "../chaos/run.ts";
import { MOSQUITTO } from "../support/brokers.ts";
import { noteLeftOut } from "../support/left_out.ts";

const FAULTS = 7;

const SPARED = MOSQUITTO.isThere
  ? ""
  : "; none kills the embedded broker, which would lose what it has accepted";
if (!MOSQUITTO.isThere) noteLeftOut(MOSQUITTO, "faults that kill the broker");

for (const outbox of ["memory", "disk"] as const) {
  Deno.test(`${FAULTS} faults lose nothing and double nothing (outbox: ${outbox}${SPARED})`, async () => {
    const said: string[] = [];
    const result = await run({
      seed: outbox === "disk" ? 11 : 12,
      faults: FAULTS,
      seconds: 600,
      outbox,
      say: (line) => said.push(line),
    });
    assertEquals(result.violations, [], said.join("\n"));
  });
}
