/** What must hold on every broker. */
import type { Scene } from "../scene.ts";
import { answersTasks, asksAnotherAgent, keepsTheOrder, movesWithItsState } from "./agents.ts";
import {
  clearsItsSpawn,
  comesBackElsewhere,
  connects,
  findsItsSpawn,
  findsItsSpawnElsewhere,
  leavesItsWill,
  outlivesItsMember,
  reachesTheDesiredState,
} from "./node.ts";
import { obeysTheCommandLine, obeysTheDashboard } from "./operator.ts";

/** @throws Error when the law does not hold */
export type Law = (scene: Scene) => Promise<void>;

/** By the name in the table that is printed. */
export const LAWS: ReadonlyMap<string, Law> = new Map([
  ["connect", connects],
  ["will", leavesItsWill],
  ["spawn before the node", findsItsSpawn],
  ["… at another member", findsItsSpawnElsewhere],
  ["cleared spawn", clearsItsSpawn],
  ["2,000 in order", keepsTheOrder],
  ["send_to", asksAnotherAgent],
  ["task", answersTasks],
  ["migrate with state", movesWithItsState],
  ["away, back elsewhere", comesBackElsewhere],
  ["member killed", outlivesItsMember],
  ["desired_state", reachesTheDesiredState],
  ["ctl", obeysTheCommandLine],
  ["dashboard", obeysTheDashboard],
]);
