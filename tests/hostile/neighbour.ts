/** An agent that minds its own business while others attack: what it misses is what an attack has cost it. */
import { actorId } from "../../protocol/ids.ts";
import type { Bus, Message } from "../support/bus.ts";

export const NEIGHBOUR = "neighbour";

/** Counts aloud twice a second, and answers. */
export const NEIGHBOUR_CODE = `
async function process(agent) {
  agent.state.n = (agent.state.n ?? 0) + 1;
  await agent.publish("beats/" + agent.name, agent.state.n);
}
function handle_task(agent, payload) { return { echo: payload }; }`;

/** A heartbeat comes every 10 s: a longer gap than this and one was missed. */
const LONGEST_GAP_MS = 20_000;

/** How a neighbour has fared. */
export interface Wellbeing {
  readonly heartbeats: number;
  readonly longestGapMs: number;
  readonly beats: number;
  /** Empty when it has noticed nothing. */
  readonly complaints: readonly string[];
}

/** What the bus has heard of an agent since `from`, up to now. */
export function wellbeing(bus: Bus, agent: string, from: number, startedAtMs: number): Wellbeing {
  const heartbeats = bus.all(`agents/${actorId(agent)}/heartbeat`, from);
  const beats = bus.all(`beats/${agent}`, from).map(({ json }) => Number(json));
  const longestGapMs = longestGap(heartbeats, startedAtMs);
  const states = [...new Set(heartbeats.map(({ json }) => json?.state))].filter((state) =>
    state !== "running"
  );
  const complaints = [
    ...(longestGapMs > LONGEST_GAP_MS ? [`${agent}: no heartbeat for ${Math.round(longestGapMs)} ms`] : []),
    ...(states.length > 0 ? [`${agent} was ${states.join(", ")}`] : []),
    ...(beats.every((beat, index) => index === 0 || beat === (beats[index - 1] ?? 0) + 1)
      ? []
      : [`${agent}: messages lost or out of order`]),
    ...(beats.length === 0 ? [`${agent} said nothing`] : []),
  ];
  return { heartbeats: heartbeats.length, longestGapMs, beats: beats.length, complaints };
}

function longestGap(heartbeats: readonly Message[], startedAtMs: number): number {
  const times = [startedAtMs, ...heartbeats.map(({ atMs }) => atMs), performance.now()];
  return Math.max(...times.map((time, index) => time - (times[index - 1] ?? time)));
}
