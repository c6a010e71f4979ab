/** The context of the chat's tools, with its own connection, so that their subscriptions do not affect the feed. */
import type { BrokerAccess } from "../../../../protocol/broker/access.ts";
import type { BrokerUrl } from "../../../../protocol/broker/broker_url.ts";
import { Bus } from "../../../bus.ts";
import { Commander } from "../../../commander.ts";
import { Fleet } from "../../../fleet/fleet.ts";
import { Journal } from "../../../fleet/journal.ts";
import { nameOfOperator } from "../../../operator_name.ts";
import { watchFleet } from "../../../operations/survey.ts";
import type { Signer } from "../../../signer.ts";
import type { Workshop } from "../../../tools/tool.ts";

export interface WorkshopOptions {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  readonly signer: Signer | undefined;
}

/**
 * Listens until disposed of. A page cannot deploy nodes, because it has no keys to devices.
 * @throws BusError
 */
export async function openWorkshop(
  { broker, access, signer }: WorkshopOptions,
): Promise<Workshop & AsyncDisposable> {
  await using parts = new AsyncDisposableStack();
  const bus = parts.use(await Bus.connect({ broker, access }));
  const operator = { bus, commander: new Commander(bus, signer), fleet: new Fleet() };
  parts.use(await watchFleet(operator));
  const journal = parts.use(await Journal.open(bus));
  const kept = parts.move();
  return {
    operator,
    journal,
    by: nameOfOperator({}, "dashboard"),
    deployNode: undefined,
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  };
}
