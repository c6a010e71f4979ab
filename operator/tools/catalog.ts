/** The catalog of all tools. */
import { AGENT_TOOLS } from "./agents.ts";
import { CHANGE_TOOLS } from "./change.ts";
import { CHECK_TOOLS } from "./check.ts";
import { DEPLOY_TOOLS } from "./deploy.ts";
import { FLEET_TOOLS } from "./fleet.ts";
import { LOOK_TOOLS } from "./look.ts";
import type { Tool, Workshop } from "./tool.ts";

export interface Selection {
  /** Whether to leave out tools that change anything. */
  readonly readOnly: boolean;
}

/** The tools that this program can offer. */
export function toolsOf(
  { deployNode }: Pick<Workshop, "deployNode">,
  { readOnly }: Selection,
): readonly Tool[] {
  const all = [
    ...LOOK_TOOLS,
    ...CHECK_TOOLS,
    ...CHANGE_TOOLS,
    ...AGENT_TOOLS,
    ...FLEET_TOOLS,
    ...(deployNode === undefined ? [] : DEPLOY_TOOLS),
  ];
  return readOnly ? all.filter(({ effect }) => effect === "look") : all;
}
