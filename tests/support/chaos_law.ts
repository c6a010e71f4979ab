/** A short run of `deno task chaos`, the same each time, as a test. */
import { assertEquals } from "@std/assert";
import type { BrokerKind } from "../chaos/broker.ts";
import type { Only } from "../chaos/faults.ts";
import { run } from "../chaos/run.ts";
import type { Outbox } from "../chaos/field.ts";
import { MOSQUITTO } from "./brokers.ts";
import { needing } from "./programs.ts";

/** Defines the test: nothing acknowledged is lost, nothing doubled, nothing orphaned. @param only which faults */
export function chaosLaw(
  broker: BrokerKind,
  outbox: Outbox,
  seed: number,
  faults: number,
  only?: Only,
): void {
  const kind = only === undefined ? "" : ` of a ${only}`;
  const name = `${faults} faults${kind} lose nothing and double nothing (${broker}, outbox: ${outbox})`;
  Deno.test({
    ...needing(broker === "mosquitto" ? MOSQUITTO : [], name),
    fn: async () => {
      const said: string[] = [];
      const result = await run({
        seed,
        faults,
        outbox,
        broker,
        only,
        seconds: 600,
        say: (line) => said.push(line),
      });
      assertEquals(result.violations, [], said.join("\n"));
    },
  });
}
