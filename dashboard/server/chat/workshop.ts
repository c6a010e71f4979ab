/** What the chat's tools work with, made from the dashboard's own connection. */
import type { Bus } from "../../../operator/bus.ts";
import type { Commander } from "../../../operator/commander.ts";
import { Fleet } from "../../../operator/fleet.ts";
import { Journal } from "../../../operator/journal.ts";
import { watchFleet } from "../../../operator/operations/survey.ts";
import type { Workshop } from "../../../operator/tools/tool.ts";

/** Listens until it is disposed of. A page does not deploy nodes: it has no keys to devices. */
export async function openWorkshop(bus: Bus, commander: Commander): Promise<Workshop & Disposable> {
  using parts = new DisposableStack();
  const operator = { bus, commander, fleet: new Fleet() };
  parts.use(await watchFleet(operator));
  const journal = parts.use(await Journal.open(bus));
  const kept = parts.move();
  return { operator, journal, deployNode: undefined, [Symbol.dispose]: () => kept.dispose() };
}
