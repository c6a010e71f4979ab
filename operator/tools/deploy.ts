/** The tool that deploys a node to a device. */
import { z } from "zod";
import { isName, NAME_RULE } from "../../protocol/names.ts";
import { defineTool, done, failed, type Tool } from "./tool.ts";

const deployNode = defineTool({
  name: "deploy_node",
  title: "Deploy a node",
  description:
    "Installs a node on a device over ssh, with the keys of this machine, and waits for its heartbeat. Slow: minutes.",
  effect: "change",
  input: {
    node: z.string().refine(isName, `must be ${NAME_RULE}`),
    address: z.string().regex(
      /^[A-Za-z_][\w.-]*@(?:[A-Za-z0-9][\w.-]*|\[[0-9a-fA-F:]+\])$/,
      "must be USER@HOST",
    ).describe("USER@HOST"),
    broker: z.string().regex(
      /^(?:(?:mqtts?|wss?):\/\/)?[A-Za-z0-9][\w.-]*(?::\d{1,5})?$/,
      "must be a host or a broker's URL",
    ).describe("The broker as the device reaches it: a host, or a URL such as mqtts://HOST:8883"),
    ssh_port: z.int().min(1).max(65535).optional(),
  },
  async run(request, { deployNode }, { onProgress, signal }) {
    if (deployNode === undefined) return failed("This program cannot deploy nodes");
    try {
      return done({ ...await deployNode(request, onProgress, signal) });
    } catch (error) {
      // Every reason why a deployment fails is for the operator to read.
      return failed((error as Error).message);
    }
  },
});

export const DEPLOY_TOOLS: readonly Tool[] = [deployNode];
