/** The catalog of all tools. */
import { CHANGE_TOOLS } from "./change.ts";
import { CHECK_TOOLS } from "./check.ts";
import { DEPLOY_TOOLS } from "./deploy.ts";
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
    ...(deployNode === undefined ? [] : DEPLOY_TOOLS),
  ];
  return readOnly ? all.filter(({ effect }) => effect === "look") : all;
}
