/** A short run of `deno task chaos`, the same each time, as a test. */
import { assertEquals } from "@std/assert";
import type { BrokerKind } from "../chaos/broker.ts";
import { run } from "../chaos/run.ts";
import type { Outbox } from "../chaos/field.ts";
import { MOSQUITTO } from "./brokers.ts";
import { needing } from "./programs.ts";

/** Defines the test: nothing acknowledged is lost, nothing doubled, nothing orphaned. */
export function chaosLaw(broker: BrokerKind, outbox: Outbox, seed: number, faults: number): void {
  const name = `${faults} faults lose nothing and double nothing (${broker}, outbox: ${outbox})`;
  Deno.test({
    ...needing(broker === "mosquitto" ? MOSQUITTO : [], name),
    fn: async () => {
      const said: string[] = [];
      const result = await run({
        seed,
        faults,
        outbox,
        broker,
        seconds: 600,
        say: (line) => said.push(line),
      });
      assertEquals(result.violations, [], said.join("\n"));
    },
  });
}
