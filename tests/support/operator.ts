/** An operator's own connection, for tests that call operations and tools in their own process. */
import { Bus } from "../../operator/bus.ts";
import { Commander } from "../../operator/commander.ts";
import { Fleet } from "../../operator/fleet/fleet.ts";
import type { Operator } from "../../operator/operator.ts";
import type { Signer } from "../../operator/signer.ts";
import { parseBroker } from "../../protocol/broker/broker_url.ts";

/** @param signer signs the commands */
export async function connectOperator(port: number, signer?: Signer): Promise<Operator & AsyncDisposable> {
  const bus = await Bus.connect({ broker: parseBroker("127.0.0.1", port), access: {} as never });
  return {
    bus,
    commander: new Commander(bus, signer),
    fleet: new Fleet(),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
