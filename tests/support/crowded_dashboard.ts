/** A dashboard that watches a told crowd: enough of everything that every list scrolls. */
import { startEmbedded } from "./brokers.ts";
import { Bus } from "./bus.ts";
import { openDashboard } from "./dashboard.ts";
import { LiveClient } from "./live_client.ts";
import { ToldFleet } from "./told_fleet.ts";

export interface CrowdedDashboard extends AsyncDisposable {
  readonly url: string;
  readonly bus: Bus;
  readonly fleet: ToldFleet;
}

/** Everything has been heard when this returns. */
export async function crowded(): Promise<CrowdedDashboard> {
  const ends = new AsyncDisposableStack();
  const broker = ends.use(await startEmbedded());
  const bus = ends.use(await Bus.connect(broker.port));
  const { url } = ends.use(await openDashboard(broker.port));
  const fleet = new ToldFleet(bus);
  await using live = await LiveClient.open(url);
  await fleet.crowd();
  await live.until(({ nodes, agents }) => nodes.size === 3 && agents.size === 42);
  return { url, bus, fleet, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}
