/** Who stands beside this project in the bench, and in what. */
import type { Rig } from "../rig.ts";
import type { Contest } from "./contest.ts";
import { bareClient, bareStart } from "./deno.ts";
import { NODE_RED_VERSION, nodeRed } from "./nodered.ts";
import * as ours from "./ours.ts";
import { otherStart } from "./other_node.ts";

type Prepare = (rig: Rig, quick: boolean) => Promise<Contest>;

const MESSAGES = 20_000;
const LOOP = { figure: "loop of one agent → subscriber, QoS 1", unit: "1/s" };

const throughputAgainst = (rival: string, theirs: typeof nodeRed): Prepare => async (rig, quick) => {
  const messages = quick ? 2000 : MESSAGES;
  return {
    ...LOOP,
    rival,
    rounds: quick ? 1 : 7,
    ours: await ours.throughput(rig, messages),
    theirs: await theirs(rig, messages),
  };
};

/** Each in a rig of its own. */
export const RIVALS: Readonly<Record<"nodered" | "deno", readonly Prepare[]>> = {
  nodered: [throughputAgainst(`Node-RED ${NODE_RED_VERSION}`, nodeRed)],
  deno: [
    throughputAgainst("MQTT.js on Deno, no agent", bareClient),
    async (rig, quick) => ({
      figure: "spawn → first `running` heartbeat",
      unit: "ms",
      rival: "deno run, prints a line",
      rounds: quick ? 3 : 30,
      ours: await ours.spawn(rig),
      theirs: await bareStart(rig),
    }),
  ],
};

/** @param command see `otherStart` */
export function otherNode(command: string): readonly Prepare[] {
  return [async (rig, quick) => ({
    figure: "start of a node → first heartbeat",
    unit: "ms",
    rival: command,
    rounds: quick ? 2 : 15,
    ours: await ours.start(rig),
    theirs: await otherStart(rig, command),
  })];
}

/** @returns the contests of `nodered,deno,node=COMMAND`; or the name that is not known */
export function readRivals(list: string): readonly Prepare[] | { readonly unknown: string } {
  const found: Prepare[] = [];
  for (const entry of list.split(",")) {
    const [name = "", command] = entry.split(/=(.*)/s);
    if (name === "node" && command) found.push(...otherNode(command));
    else if (Object.hasOwn(RIVALS, name) && command === undefined) {
      found.push(...RIVALS[name as keyof typeof RIVALS]);
    } else return { unknown: entry };
  }
  return found;
}
