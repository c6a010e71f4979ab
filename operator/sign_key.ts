/** The flag for the signing key, shared by every program that sends commands. */
import type { Flag } from "../protocol/config/flag.ts";

export const SIGN_KEY: Flag = {
  name: "sign-key",
  value: "FILE",
  env: ["AGENTFLOW_SIGN_KEY"],
  fallbackText: "commands are not signed",
  help: "key made by 'agentflow key generate', to sign commands for nodes that run with --trust",
};
