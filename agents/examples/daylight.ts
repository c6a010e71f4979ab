/**
 * Uses a package from npm: publishes the position of the sun on `daylight`, to switch lamps or water plants.
 *
 * Spawn it with
 *
 *     "install": ["npm:suncalc@2"]
 *
 * The node fetches the package before the agent starts; the agent imports it by its bare name and needs no network
 * itself. (An editor resolves the bare name through `scopes` in this project's `deno.json`.)
 *
 *     mosquitto_sub -t daylight
 */
import { getPosition } from "suncalc";
import type { Agent } from "../types.d.ts";

/** Berlin. */
const LATITUDE = 52.52;
const LONGITUDE = 13.405;

export async function process(agent: Agent): Promise<void> {
  const altitude = Math.round(getPosition(new Date(), LATITUDE, LONGITUDE).altitude * 10) / 10;
  // Retained by the broker: a late subscriber learns at once whether it is day.
  await agent.publish("daylight", { day: altitude > 0, altitude, unit: "deg" }, { retain: true });
}
