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
  losesNothing,
  outlivesItsMember,
  reachesTheDesiredState,
} from "./node.ts";
import { obeysTheCommandLine, obeysTheDashboard } from "./operator.ts";

/** What `doctor` finds that some brokers cannot. */
export type Lack = "members share retained messages" | "retained messages by wildcard";

export interface Law {
  /** @throws Error when the law does not hold */
  prove(scene: Scene): Promise<void>;
  /** Whether it is about several members. */
  readonly isOfClusters?: boolean;
  /** Without this, the law cannot hold. */
  readonly needs?: Lack;
}

/** By the name in the table that is printed. */
export const LAWS: ReadonlyMap<string, Law> = new Map([
  ["connect", { prove: connects }],
  ["will", { prove: leavesItsWill }],
  ["spawn before the node", { prove: findsItsSpawn }],
  ["… at another member", { prove: findsItsSpawnElsewhere, needs: "members share retained messages" }],
  ["cleared spawn", { prove: clearsItsSpawn }],
  ["2,000 in order", { prove: keepsTheOrder }],
  ["send_to", { prove: asksAnotherAgent }],
  ["task", { prove: answersTasks }],
  ["migrate with state", { prove: movesWithItsState }],
  ["away, back elsewhere", { prove: comesBackElsewhere }],
  ["member killed", { prove: outlivesItsMember }],
  ["… loses nothing", { prove: losesNothing, isOfClusters: true }],
  ["desired_state", { prove: reachesTheDesiredState }],
  ["ctl", { prove: obeysTheCommandLine }],
  ["dashboard", { prove: obeysTheDashboard }],
]);
