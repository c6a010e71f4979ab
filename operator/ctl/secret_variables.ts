/** The environment variables that hold this program's secrets. */
import { PASSWORD_VARIABLE } from "../../protocol/broker/broker_flags.ts";
import { KEY_VARIABLES } from "../chat/settings.ts";

export const MCP_TOKEN_VARIABLE = "AGENTFLOW_MCP_TOKEN";

export const SECRET_VARIABLES: readonly string[] = [
  PASSWORD_VARIABLE,
  MCP_TOKEN_VARIABLE,
  ...Object.values(KEY_VARIABLES).flat(),
];
