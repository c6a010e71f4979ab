/** Who stands beside this project in the bench, and in what. */
import type { Rig } from "../rig.ts";
import type { Contest } from "./contest.ts";
import { bareClient, bareStart } from "./deno.ts";
import { NODE_RED_VERSION, nodeRed } from "./nodered.ts";
import * as ours from "./ours.ts";
import { otherStart } from "./other_node.ts";
import { cost, rate, type Talker } from "./talker.ts";

type Prepare = (rig: Rig, quick: boolean) => Promise<Contest>;

const MESSAGES = 20_000;
const ROUNDS = 7;

/** Each in turns with an agent: how fast, and at what cost. The latter hardly depends on what else the machine does. */
const talkersAgainst = (rival: string, theirs: (rig: Rig) => Promise<Talker>): readonly Prepare[] =>
  [
    { figure: "loop of one agent → subscriber, QoS 1", unit: "1/s", measure: rate },
    { figure: "processor time of that, each message", unit: "µs", measure: cost },
  ].map(({ figure, unit, measure }) => async (rig, quick) => {
    const messages = quick ? 2000 : MESSAGES;
    return {
      figure,
      unit,
      rival,
      rounds: quick ? 1 : ROUNDS,
      ours: measure(rig, await ours.talker(rig), messages),
      theirs: measure(rig, await theirs(rig), messages),
    };
  });

/** Each in a rig of its own. */
export const RIVALS: Readonly<Record<"nodered" | "deno", readonly Prepare[]>> = {
  nodered: talkersAgainst(`Node-RED ${NODE_RED_VERSION}`, nodeRed),
  deno: [
    ...talkersAgainst("MQTT.js on Deno, no agent", bareClient),
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
